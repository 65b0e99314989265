"""One moment of the database: its rows counted and dumped as that moment shows them."""

import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, BinaryIO, Final, cast

import psycopg
import zstandard
from django.utils.translation import gettext as _

from backups import databases, postgres

LOCK_WAIT: Final = "5min"  # behind a migration; a backup that waits for ever is none
LEVEL: Final = 3  # zstd's own default
THREADS: Final = 2  # that compress beside the reading
KEPT_LINES: Final = 20  # of what pg_dump complains of


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A moment that is held open, so that others see it too.

    Attributes:
        name: PostgreSQL's, by which another connection takes the same moment.
        taken_at: everything that was committed before is in it.
        tables: rows by `schema.table`, of the schema `public` by `table`.
        migrations: names of the applied ones by app, in order.
        size: bytes of the database on the server's disk, indexes included.
        server: the server's version, as people write it.
        pg_dump: what will dump it.
    """

    url: str
    name: str
    taken_at: datetime
    tables: Mapping[str, int]
    migrations: Mapping[str, tuple[str, ...]]
    size: int
    server: str
    pg_dump: postgres.Program

    @contextmanager
    def dump(self, *, on_bytes: Callable[[int], object] = lambda count: None) -> Iterator[BinaryIO]:
        """Run pg_dump; read its archive, compressed by zstd, as it is made.

        `on_bytes` is told how many bytes pg_dump has written since it was last told.

        Whoever leaves the block without having read all kills pg_dump. Keep nothing of what was
        read before the block has ended: only then it is known to be whole.

        Raises:
            ProgramUnusable: pg_dump failed.
        """
        command = [
            str(self.pg_dump.path),
            "--format=custom",
            "--compress=0",
            f"--snapshot={self.name}",
            f"--lock-wait-timeout={LOCK_WAIT}",
            "--no-password",
            f"--dbname={postgres.address(self.url)}",
        ]
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=postgres.environment(self.url),
        ) as process:
            complaints = _Complaints(cast("IO[bytes]", process.stderr))
            compressor = zstandard.ZstdCompressor(
                level=LEVEL, threads=THREADS, write_checksum=True, write_content_size=False
            )
            archive = _Counted(cast("IO[bytes]", process.stdout), on_bytes)
            try:
                with compressor.stream_reader(cast("IO[bytes]", archive), closefd=False) as stream:
                    yield cast("BinaryIO", stream)
                    whole = not archive.read(1)
            except BaseException:
                process.kill()
                raise
            if not whole:
                process.kill()
            code = process.wait()
            if code or not whole:
                raise postgres.ProgramUnusable(
                    _("pg_dump failed: %(reason)s")
                    % {"reason": complaints.text() or _("it ended with %(code)s") % {"code": code}},
                    code="pg_dump_failed",
                    hint=_("Look whether the database's user may read all tables."),
                )


@contextmanager
def consistent(url: str) -> Iterator[Snapshot]:
    """Take a snapshot of a database and hold it until the block ends.

    Raises:
        ProgramUnusable: no pg_dump here suits the server.
        psycopg.OperationalError: the server can't be reached.
    """
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        postgres.never_time_out(connection)
        connection.commit()  # what was set is the session's; the next statement begins the moment
        pg_dump = postgres.find("pg_dump", at_least=connection.info.server_version // 10_000)
        row = connection.execute(
            "SELECT now(), pg_export_snapshot(), pg_database_size(current_database()),"
            " current_setting('server_version')"
        ).fetchone()
        taken_at, name, size, server = cast("tuple[datetime, str, int, str]", row)
        yield Snapshot(
            url=url,
            name=name,
            taken_at=taken_at,
            tables=databases.counted(connection),
            migrations=_migrations(connection),
            size=size,
            server=server.split()[0],
            pg_dump=pg_dump,
        )
        connection.rollback()


def _migrations(connection: "psycopg.Connection[Any]") -> dict[str, tuple[str, ...]]:
    by_app: dict[str, tuple[str, ...]] = {}
    there = connection.execute("SELECT to_regclass('django_migrations')").fetchone()
    if there is None or there[0] is None:
        return by_app
    for app, name in connection.execute("SELECT app, name FROM django_migrations ORDER BY app, id"):
        by_app[app] = (*by_app.get(app, ()), name)
    return by_app


class _Counted:
    """A pipe whose reader is watched."""

    def __init__(self, pipe: IO[bytes], on_bytes: Callable[[int], object]) -> None:
        self._pipe, self._on_bytes = pipe, on_bytes

    def read(self, size: int, /) -> bytes:
        chunk = self._pipe.read(size)
        self._on_bytes(len(chunk))
        return chunk


class _Complaints:
    """The last lines a program writes to stderr, read as they come so that it never waits."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._lines: deque[bytes] = deque(maxlen=KEPT_LINES)
        self._thread = threading.Thread(target=self._read, args=[stream], daemon=True)
        self._thread.start()

    def _read(self, stream: IO[bytes]) -> None:
        while line := stream.readline(4096):
            self._lines.append(line)

    def text(self) -> str:
        """All of it on one line, once the program has ended."""
        self._thread.join()
        return " ".join(b" ".join(self._lines).decode(errors="replace").split())
