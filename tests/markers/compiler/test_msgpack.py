import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markers.compiler import msgpack


@given(st.integers(0, 2**32 - 1))
def test_an_integer_comes_back(value: int) -> None:
    assert msgpack.unpack(msgpack.pack_int(value)) == value


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (0, "00"),
        (127, "7f"),
        (128, "cc80"),
        (255, "ccff"),
        (256, "cd0100"),
        (65535, "cdffff"),
        (65536, "ce00010000"),
        (2**32 - 1, "ceffffffff"),
    ],
)
def test_an_integer_takes_the_shortest_form(value: int, data: str) -> None:
    assert msgpack.pack_int(value).hex() == data


@given(st.floats(width=32, allow_nan=False), st.floats(allow_nan=False))
def test_a_float_comes_back(single: float, double: float) -> None:
    assert msgpack.unpack(msgpack.pack_float32(single)) == single
    assert msgpack.unpack(msgpack.pack_float64(double)) == double


@given(st.text(max_size=300))
def test_a_text_comes_back(value: str) -> None:
    assert msgpack.unpack(msgpack.pack_str(value)) == value


@pytest.mark.parametrize("length", [0, 255, 256, 65535, 65536])
def test_bytes_of_any_length_come_back(length: int) -> None:
    assert msgpack.unpack(msgpack.pack_bin(bytes(length))) == bytes(length)


@pytest.mark.parametrize("length", [0, 15, 16, 65535, 65536])
def test_an_array_of_any_length_comes_back(length: int) -> None:
    packed = msgpack.pack_array([msgpack.pack_int(7)] * length)

    assert msgpack.unpack(packed) == [7] * length


def test_a_map_keeps_its_order() -> None:
    packed = msgpack.pack_map([("b", msgpack.NIL), ("a", msgpack.pack_bool(True))])

    assert list(msgpack.unpack(packed).items()) == [("b", None), ("a", True)]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("ff", -1),
        ("d080", -128),
        ("d18000", -32768),
        ("d280000000", -(2**31)),
        ("cf0000000100000000", 2**32),
        ("de000101c3", {1: True}),
        ("db0000000161", "a"),
    ],
)
def test_forms_that_only_others_write_are_read(data: str, value: Any) -> None:
    assert msgpack.unpack(bytes.fromhex(data)) == value


@pytest.mark.parametrize(
    "data",
    ["", "c1", "cd01", "a3ff", "92c3", "c3c3", "ddffffffff", "c6ffffffff00", "8190c3", "a1ff"],
)
def test_what_is_not_one_whole_value_is_refused(data: str) -> None:
    with pytest.raises(msgpack.MalformedMessage):
        msgpack.unpack(bytes.fromhex(data))


def test_arrays_nested_too_deeply_are_refused() -> None:
    with pytest.raises(msgpack.MalformedMessage):
        msgpack.unpack(b"\x91" * 100_000 + b"\xc0")


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    try:
        value = msgpack.unpack(data)
    except msgpack.MalformedMessage:
        return
    assert isinstance(value, int | float | str | bytes | list | dict | None)


def test_a_32_bit_float_is_big_endian() -> None:
    assert msgpack.pack_float32(1.5) == b"\xca" + struct.pack(">f", 1.5)
