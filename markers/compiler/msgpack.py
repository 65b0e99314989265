"""The part of MessagePack that target files use, written and read.

Maps, arrays, strings, byte strings, integers, floats, booleans and nil; no extension types.
Integers and lengths are written in their shortest form, as the format asks.
"""

import struct
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

NIL: Final = b"\xc0"


class MalformedMessage(ValueError):
    """Bytes that are not one whole MessagePack value of the kinds that are read here."""


def pack_float32(value: float) -> bytes:
    """Write a number as a 4-byte float."""
    return struct.pack(">Bf", 0xCA, value)


def pack_float64(value: float) -> bytes:
    """Write a number as an 8-byte float."""
    return struct.pack(">Bd", 0xCB, value)


def pack_bool(value: bool) -> bytes:  # noqa: FBT001 - a value, not a switch
    """Write true or false."""
    return b"\xc3" if value else b"\xc2"


def pack_int(value: int) -> bytes:
    """Write an integer of 0..2**32-1."""
    if value < 0x80:
        return struct.pack(">B", value)
    if value <= 0xFF:
        return struct.pack(">BB", 0xCC, value)
    if value <= 0xFFFF:
        return struct.pack(">BH", 0xCD, value)
    return struct.pack(">BI", 0xCE, value)


def pack_str(value: str) -> bytes:
    """Write a text of less than 64 kB."""
    data = value.encode()
    if len(data) < 32:
        return struct.pack(">B", 0xA0 | len(data)) + data
    if len(data) <= 0xFF:
        return struct.pack(">BB", 0xD9, len(data)) + data
    return struct.pack(">BH", 0xDA, len(data)) + data


def pack_bin(value: bytes) -> bytes:
    """Write bytes."""
    if len(value) <= 0xFF:
        return struct.pack(">BB", 0xC4, len(value)) + value
    if len(value) <= 0xFFFF:
        return struct.pack(">BH", 0xC5, len(value)) + value
    return struct.pack(">BI", 0xC6, len(value)) + value


def pack_array_start(count: int) -> bytes:
    """Begin an array of ``count`` values; they follow, packed."""
    if count < 16:
        return struct.pack(">B", 0x90 | count)
    if count <= 0xFFFF:
        return struct.pack(">BH", 0xDC, count)
    return struct.pack(">BI", 0xDD, count)


def pack_array(values: Sequence[bytes]) -> bytes:
    """Write an array of packed values."""
    return pack_array_start(len(values)) + b"".join(values)


def pack_map(members: Sequence[tuple[str, bytes]]) -> bytes:
    """Write a map of fewer than 16 packed values, in the order given."""
    pairs = b"".join(pack_str(key) + value for key, value in members)
    return struct.pack(">B", 0x80 | len(members)) + pairs


def unpack(data: bytes) -> Any:
    """Read one value that takes up all of ``data``.

    Raises:
        MalformedMessage: the data end early, go on after the value, or have a kind not read here.
    """
    reader = _Reader(data)
    try:
        value = reader.value()
    except (struct.error, UnicodeDecodeError, TypeError, RecursionError) as error:
        raise MalformedMessage(str(error)) from error
    if reader.position != len(data):
        raise MalformedMessage(f"{len(data) - reader.position} bytes after the value")
    return value


class _Reader:
    """Reads values one after the other."""

    NUMBERS: Final = {
        0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
        0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q",
    }  # fmt: skip
    CONSTANTS: Final = {0xC0: None, 0xC2: False, 0xC3: True}
    LENGTHS: Final = {
        0xC4: ("bin", ">B"), 0xC5: ("bin", ">H"), 0xC6: ("bin", ">I"),
        0xD9: ("str", ">B"), 0xDA: ("str", ">H"), 0xDB: ("str", ">I"),
        0xDC: ("array", ">H"), 0xDD: ("array", ">I"), 0xDE: ("map", ">H"), 0xDF: ("map", ">I"),
    }  # fmt: skip

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def value(self) -> Any:
        first = self._number(">B")
        if first < 0x80:
            return first
        if first >= 0xE0:
            return first - 0x100
        if first < 0xC0:
            return self._short(first)
        if first in self.CONSTANTS:
            return self.CONSTANTS[first]
        if first in self.NUMBERS:
            return self._number(self.NUMBERS[first])
        if first in self.LENGTHS:
            kind, layout = self.LENGTHS[first]
            return self._sized(kind, int(self._number(layout)))
        raise MalformedMessage(f"unknown kind {first:#x}")

    def _short(self, first: int) -> Any:
        if first < 0x90:
            return self._sized("map", first & 0x0F)
        if first < 0xA0:
            return self._sized("array", first & 0x0F)
        return self._sized("str", first & 0x1F)

    def _sized(self, kind: str, length: int) -> Any:
        if length > len(self._data) - self.position:
            raise MalformedMessage("a length beyond the end")
        match kind:
            case "bin":
                return self._bytes(length)
            case "str":
                return self._bytes(length).decode()
            case "array":
                return [self.value() for _ in range(length)]
            case _:
                return {self.value(): self.value() for _ in range(length)}

    def _bytes(self, length: int) -> bytes:
        start, self.position = self.position, self.position + length
        return self._data[start : self.position]

    def _number(self, layout: str) -> Any:
        (value,) = struct.unpack_from(layout, self._data, self.position)
        self.position += struct.calcsize(layout)
        return value


def record_bytes(fields: Sequence[tuple[bytes, np.ndarray[Any, Any]]]) -> bytes:
    """Write N records of equal length at once.

    Args:
        fields: pieces of a record in order: constant bytes, then (N,) or (N, K) values of a dtype
            that is already in the format's byte order.

    Returns:
        The N records, one after the other.
    """
    columns: list[np.ndarray[Any, np.dtype[np.uint8]]] = []
    for constant, values in fields:
        count = len(values)
        head = np.frombuffer(constant, np.uint8)
        columns.append(np.broadcast_to(head, (count, len(head))))
        raw = np.ascontiguousarray(values)
        columns.append(raw.view(np.uint8).reshape(count, raw.nbytes // max(count, 1)))
    return np.concatenate(columns, axis=1).tobytes()
