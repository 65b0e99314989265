"""Does what was decrypted make sense: a dump that pg_restore can read, a configuration in JSON."""

import json
import subprocess
import tempfile
from typing import IO, Final, cast

import zstandard

from backups import encryption, postgres
from backups.streams import CHUNK_BYTES, Source

COMPLAINT_BYTES: Final = 2000
CONFIGURATION_BYTES: Final = 16 << 20


class Unreadable(encryption.CanNotDecrypt):
    """What was decrypted makes no sense: `unreadable_dump`, `unreadable_configuration`."""


def read_dump(plain: Source, *, made_by: str) -> None:
    """Decompress a dump to its end, and have pg_restore read the listing at its beginning.

    Args:
        plain: the dump, decrypted.
        made_by: the version of the pg_dump that made it, or "" if that is not known.

    Raises:
        Unreadable: either can't be done.
        ProgramUnusable: there is no pg_restore for it.
    """
    major = made_by.partition(".")[0]
    program = postgres.find("pg_restore", at_least=int(major) if major.isdigit() else 0)
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(
            [program.path, "--list"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
        ) as process,
    ):
        _pour(plain, cast("IO[bytes]", process.stdin))
        if process.wait():
            complaints.seek(0)
            said = complaints.read(COMPLAINT_BYTES).decode("utf-8", "replace").strip()
            raise Unreadable(f"pg_restore can't read it: {said}", code="unreadable_dump")


def _pour(plain: Source, listing: IO[bytes]) -> None:
    """Decompress all; pg_restore gets it until it has read enough."""
    is_wanted = True
    try:
        with zstandard.ZstdDecompressor().stream_reader(
            cast("IO[bytes]", plain), closefd=False
        ) as dump:
            while chunk := dump.read(CHUNK_BYTES):
                if is_wanted:
                    try:
                        listing.write(chunk)
                    except BrokenPipeError:
                        is_wanted = False
    except zstandard.ZstdError as error:
        raise Unreadable("It can't be decompressed.", code="unreadable_dump") from error
    finally:
        try:
            listing.close()
        except BrokenPipeError:
            is_wanted = False


def read_configuration(plain: Source) -> None:
    """Read a configuration to its end.

    Raises:
        Unreadable: it is too long, or no JSON.
    """
    chunks, size = [], 0
    while chunk := plain.read(CHUNK_BYTES):
        chunks.append(chunk)
        if (size := size + len(chunk)) > CONFIGURATION_BYTES:
            raise Unreadable("It is too long.", code="unreadable_configuration")
    try:
        json.loads(b"".join(chunks))
    except ValueError as error:
        raise Unreadable("It is no JSON.", code="unreadable_configuration") from error
