"""A file that was signed, read so that nothing of it is used that is not what was signed.

Who can write to a destination can encrypt for us, too: recipients are no secret. A dump is SQL that
runs as it is read, and an index says what is put where, so to find out at the end that they were
forged is too late. What is short is held in memory; what is long is read twice: first all of it is
hashed, then each block is compared with what it was when the whole was right.
"""

import hashlib
import io
from typing import BinaryIO, Final, cast

from backups.destinations import Destination
from vertexar.errors import DomainError

BLOCK_BYTES: Final = 1 << 20
SHORT_BYTES: Final = 8 << 20


class PartDamaged(DomainError):
    """A file of a run is missing, or not what the manifest says; the message names it."""

    code = "part_damaged"


def open_signed(destination: Destination, path: str, *, size: int, sha256: str) -> BinaryIO:
    """Open a file whose size and hash were signed.

    Raises:
        PartDamaged: it is missing, or another; also when read, if it is changed meanwhile.
        DestinationFailed: it can't be read.
    """
    whole, count = hashlib.sha256(), 0
    blocks: list[bytes] = []
    content = bytearray()
    with _opened(destination, path) as stream:
        while count <= size and (block := stream.read(BLOCK_BYTES)):
            whole.update(block)
            count += len(block)
            if size <= SHORT_BYTES:
                content += block
            else:
                blocks.append(hashlib.sha256(block).digest())
    if (count, whole.hexdigest()) != (size, sha256):
        raise PartDamaged(f"{path} is not the file that was signed.")
    if size <= SHORT_BYTES:
        return io.BytesIO(content)
    again = _Again(_opened(destination, path), path, blocks)
    return cast("BinaryIO", io.BufferedReader(again, BLOCK_BYTES))


def _opened(destination: Destination, path: str) -> BinaryIO:
    try:
        return destination.open(path)
    except FileNotFoundError as error:
        raise PartDamaged(f"{path} is missing.") from error


class _Again(io.RawIOBase):
    """A file that was read before, given out block by block as far as it still is the same."""

    def __init__(self, stream: BinaryIO, path: str, blocks: list[bytes]) -> None:
        self._stream, self._path, self._blocks = stream, path, blocks
        self._count = 0
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Read on.

        Raises:
            PartDamaged: here it is not what it was.
        """
        if not self._rest and self._count < len(self._blocks):
            block = self._stream.read(BLOCK_BYTES)
            if hashlib.sha256(block).digest() != self._blocks[self._count]:
                raise PartDamaged(f"{self._path} was changed while it was read.")
            self._count += 1
            self._rest = memoryview(block)
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count

    def close(self) -> None:
        """Close the file as well."""
        self._stream.close()
        super().close()
