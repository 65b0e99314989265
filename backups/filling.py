"""A dump back into a database: decrypted, decompressed, handed to pg_restore, and counted after."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO, Final, cast

import zstandard

from backups import databases, encryption, postgres
from backups.catalogue import Copy
from backups.genuine import PartDamaged, open_signed
from backups.streams import CHUNK_BYTES, SourceMeter
from vertexar.errors import DomainError

REASON_CHARS: Final = 500
# What pg_restore sets first, from 17 on, whatever the server; servers before 17 don't know it.
UNKNOWN_BEFORE_17: Final = '"transaction_timeout"'
OnBytes = Callable[[int], object]


class NotRestorable(DomainError):
    """A backup can't be restored here; nothing of what is served has changed."""

    code = "not_restorable"


class NotComplete(NotRestorable):
    """What was restored is not what was backed up."""

    code = "restored_incomplete"


def check_server(url: str, versions: Mapping[str, str]) -> None:
    """Make sure that a server is not older than the one a dump was taken from.

    Raises:
        NotRestorable: it is.
    """
    there, taken = databases.server_version(url), int(versions["postgresql"].split(".")[0])
    if there < taken:
        raise NotRestorable(
            f"The backup is of PostgreSQL {taken} and this server is PostgreSQL {there}.",
            code="server_too_old",
            hint=f"Restore into a server of PostgreSQL {taken} or newer.",
        )


def fill(copy: Copy, identities: Sequence[Any], *, url: str, on_bytes: OnBytes) -> None:
    """Fill an empty database from a run's dump and compare its tables with the manifest.

    Args:
        copy: the run, where it lies.
        identities: that open it.
        url: of the database, which is there and empty.
        on_bytes: told how many bytes of the stored dump were read since it was last told.

    Raises:
        PartDamaged: the dump is missing, or not what was signed.
        CanNotDecrypt: the identities don't open it.
        ProgramUnusable: there is no pg_restore that suits, or it failed.
        NotComplete: a table has not the rows that the manifest counts.
        DestinationFailed: it can't be read to its end.
    """
    program = postgres.find("pg_restore", at_least=_major(copy))
    with Dump(copy, identities, on_bytes) as plain:
        _restore(program, plain, url)
        plain.finish()
    _compare(copy, url)


class Dump:
    """The archive of a run, decrypted and decompressed, as pg_restore takes it."""

    def __init__(self, copy: Copy, identities: Sequence[Any], on_bytes: OnBytes) -> None:
        """Open it.

        Raises:
            PartDamaged: it is missing, or not what was signed.
            DestinationFailed: it can't be read.
        """
        self._part = part = copy.manifest.part("database")
        # before the first of its SQL is run
        self._stored = open_signed(copy.destination, part.path, size=part.size, sha256=part.sha256)
        self._plain = encryption.decrypt(_Told(self._stored, on_bytes), identities)
        self._plain_meter = SourceMeter(self._plain)
        self._archive = zstandard.ZstdDecompressor().stream_reader(
            cast("BinaryIO", self._plain_meter), read_across_frames=True
        )

    def __enter__(self) -> "Dump":
        return self

    def __exit__(self, *_: object) -> None:
        self._plain.close()
        self._stored.close()

    def read(self, size: int = CHUNK_BYTES, /) -> bytes:
        """Read on in the archive.

        Raises:
            CanNotDecrypt: it is encrypted for others, or was changed.
            PartDamaged: what was encrypted is no archive of ours.
        """
        try:
            return self._archive.read(size)
        except zstandard.ZstdError as error:
            raise PartDamaged(f"{self._part.path} can't be decompressed: {error}") from error

    def finish(self) -> None:
        """Read to the end, and compare what came out with the manifest.

        Raises:
            PartDamaged: it is something else.
        """
        while self.read():
            pass
        while self._plain_meter.read():
            pass
        part = self._part
        plain = self._plain_meter
        if (plain.size, plain.sha256) != (part.plain_size, part.plain_sha256):
            raise PartDamaged(f"What {part.path} holds is not what was backed up.")


class _Told:
    """A source that tells how much of it was read."""

    def __init__(self, source: BinaryIO, on_bytes: OnBytes) -> None:
        self._source, self._on_bytes = source, on_bytes

    def read(self, size: int, /) -> bytes:
        chunk = self._source.read(size)
        self._on_bytes(len(chunk))
        return chunk


def _restore(program: postgres.Program, archive: Dump, url: str) -> None:
    lacks_a_setting = program.version[0] >= 17 > databases.server_version(url)
    command = [
        str(program.path),
        "--no-owner",
        "--no-acl",
        *([] if lacks_a_setting else ["--exit-on-error"]),
        "--no-password",
        f"--dbname={postgres.address(url)}",
    ]
    with (
        TemporaryFile() as complaints,  # not a pipe, which would be full while nobody reads it
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            env=postgres.environment(url) | {"LC_ALL": "C"},
        ) as process,
    ):
        try:
            _feed(cast("IO[bytes]", process.stdin), archive)
        except BaseException:
            process.kill()
            raise
        code = process.wait()
        complaints.seek(0)
        said = complaints.read().decode(errors="replace")
    if code and not (lacks_a_setting and _is_of_the_setting_alone(said)):
        reason = " ".join(said.split())[-REASON_CHARS:]
        raise postgres.ProgramUnusable(
            f"pg_restore failed: {reason or code}",
            code="pg_restore_failed",
            hint="Nothing that is served was changed.",
        )


def _is_of_the_setting_alone(said: str) -> bool:
    errors = [line for line in said.splitlines() if line.startswith("pg_restore: error:")]
    return bool(errors) and all(UNKNOWN_BEFORE_17 in line for line in errors)


def _feed(stdin: IO[bytes], archive: Dump) -> None:
    # pg_restore says why when it goes; then writing breaks off
    with suppress(BrokenPipeError), stdin:
        while chunk := archive.read():
            stdin.write(chunk)


def _compare(copy: Copy, url: str) -> None:
    counts = databases.row_counts(url)
    expected = dict(copy.manifest.tables)
    wrong = [
        f"{table}: {counts.get(table, 'missing')} for {expected.get(table, 'none')}"
        for table in sorted(expected.keys() | counts.keys())
        if counts.get(table) != expected.get(table)
    ]
    if wrong:
        raise NotComplete(f"Tables differ from the manifest: {'; '.join(wrong)}.")


def _major(copy: Copy) -> int:
    return int(copy.manifest.versions["pg_dump"].split(".")[0])
