"""What is encrypted opens with the public `age` tool, and only whole, and only for whom it is."""

import io
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backups import encryption
from backups.encryption import BadKey, CanNotDecrypt, NotEncrypted, WrongIdentity
from backups.streams import Sink, Source

IDENTITY, RECIPIENT = encryption.generate()
PLAIN = bytes(range(256)) * 700  # almost three of the format's pieces of 64 KiB
needs_age = pytest.mark.skipif(shutil.which("age") is None, reason="install age to run this")


def encrypted(plain: bytes, *recipients: str) -> bytes:
    sink = io.BytesIO()
    encryption.encrypt(
        io.BytesIO(plain), sink, encryption.parse_recipients(recipients or (RECIPIENT,))
    )
    return sink.getvalue()


def decrypted(stored: bytes, identity: str = IDENTITY) -> bytes:
    with encryption.decrypt(io.BytesIO(stored), encryption.parse_identities(identity)) as stream:
        return stream.read()


@cache
def stored_once() -> bytes:
    return encrypted(PLAIN)


@given(st.binary(max_size=200) | st.integers(0, 200_000).map(bytes))
def test_what_goes_in_comes_out(plain: bytes) -> None:
    assert decrypted(encrypted(plain)) == plain


def test_each_of_several_recipients_can_read_it() -> None:
    other, recipient = encryption.generate()
    stored = encrypted(PLAIN, RECIPIENT, recipient)

    assert decrypted(stored) == decrypted(stored, other) == PLAIN


def test_one_of_several_identities_is_enough() -> None:
    other, _ = encryption.generate()

    assert decrypted(stored_once(), f"# mine\n{other}\n\n{IDENTITY}\n") == PLAIN


def test_anybody_else_is_told_that_it_is_not_for_them() -> None:
    other, _ = encryption.generate()

    with pytest.raises(WrongIdentity) as caught:
        decrypted(stored_once(), other)

    assert caught.value.code == "wrong_identity"


@pytest.mark.parametrize("stored", [b"", b"PGDMP", PLAIN, b"age-encryption.org/v2\n"])
def test_what_is_not_encrypted_is_said_to_be_so(stored: bytes) -> None:
    with pytest.raises(NotEncrypted):
        decrypted(stored)


@given(st.integers(0, len(PLAIN)), st.integers(0, 7))
def test_a_flipped_bit_anywhere_is_noticed(position: int, bit: int) -> None:
    stored = bytearray(stored_once())
    stored[position] ^= 1 << bit

    with pytest.raises(CanNotDecrypt):
        decrypted(bytes(stored))


@given(st.integers(0, len(PLAIN)))
def test_one_cut_short_anywhere_is_noticed(length: int) -> None:
    with pytest.raises(CanNotDecrypt):
        decrypted(stored_once()[:length])


def test_bytes_after_the_end_are_noticed() -> None:
    with pytest.raises(CanNotDecrypt):
        decrypted(stored_once() + b"\0")


class Failing:
    """A source and a sink that fail on their second call."""

    def __init__(self) -> None:
        self.calls = 0

    def read(self, size: int, /) -> bytes:
        self._count()
        return bytes(size)

    def write(self, chunk: bytes | memoryview, /) -> int:
        self._count()
        return len(chunk)

    def _count(self) -> None:
        self.calls += 1
        if self.calls == 2:
            raise TimeoutError("the cable")


@pytest.mark.parametrize(
    ("source", "sink"), [(Failing(), io.BytesIO()), (io.BytesIO(PLAIN), Failing())]
)
def test_a_failing_source_or_sink_fails_as_itself(source: Source, sink: Sink) -> None:
    with pytest.raises(TimeoutError, match="the cable"):
        encryption.encrypt(source, sink, encryption.parse_recipients([RECIPIENT]))


def test_a_failing_source_of_encrypted_bytes_fails_as_itself() -> None:
    identities = encryption.parse_identities(IDENTITY)

    with (
        encryption.decrypt(Failing(), identities) as stream,
        pytest.raises(TimeoutError, match="the cable"),
    ):
        stream.read()


def test_one_may_stop_reading_half_way() -> None:
    identities = encryption.parse_identities(IDENTITY)

    with encryption.decrypt(io.BytesIO(encrypted(bytes(20_000_000))), identities) as stream:
        assert stream.read(5) == bytes(5)

    assert stream.closed


@pytest.mark.parametrize("texts", [[], ["age1nonsense"], [RECIPIENT, ""], [RECIPIENT.upper()[:-1]]])
def test_what_is_no_recipient_is_refused(texts: list[str]) -> None:
    with pytest.raises(BadKey):
        encryption.parse_recipients(texts)


def test_a_secret_key_in_the_wrong_place_is_not_repeated() -> None:
    with pytest.raises(BadKey) as of_recipients:
        encryption.parse_recipients([IDENTITY])
    with pytest.raises(BadKey) as of_identities:
        encryption.parse_identities(IDENTITY + "X")

    for caught in (of_recipients, of_identities):
        assert IDENTITY not in caught.value.message


@needs_age
def test_the_public_tool_opens_what_we_encrypt(tmp_path: Path) -> None:
    key = tmp_path / "identity.txt"
    key.write_text(IDENTITY)

    opened = subprocess.run(
        ["age", "--decrypt", "--identity", key],
        input=stored_once(),
        capture_output=True,
        check=True,
    )

    assert opened.stdout == PLAIN


@needs_age
def test_we_open_what_the_public_tool_encrypts() -> None:
    made = subprocess.run(
        ["age", "--recipient", RECIPIENT], input=PLAIN, capture_output=True, check=True
    )

    assert decrypted(made.stdout) == PLAIN
