"""The folder for all that a local installation writes, and the lock by which one run owns it."""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vertexar.local.failures import CannotRun

FREE_BYTES_NEEDED = 300_000_000  # the database with its log, the static files, some pictures
TOLD = (
    "ALLOWED_HOSTS", "DATABASE_URL", "MEDIA_ROOT", "PUBLIC_URL", "REDIS_URL", "SECRET_KEY_FILE",
    "STATIC_ROOT",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Home:
    """The folder VERTEXAR_HOME names, and where things lie in it."""

    root: Path

    @property
    def postgres(self) -> Path:
        """The database."""
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        """The queue."""
        return self.root / "valkey"

    @property
    def media(self) -> Path:
        """Pictures, videos, targets."""
        return self.root / "media"

    @property
    def static(self) -> Path:
        """Our own files for the browser, collected."""
        return self.root / "static"

    @property
    def beat_schedule(self) -> Path:
        """What beat ran last, and when."""
        return self.root / "beat-schedule"

    @property
    def children(self) -> Path:
        """The list of the processes that run now."""
        return self.root / "children.json"

    @property
    def running(self) -> Path:
        """What commands need to know to work on the installation while it runs."""
        return self.root / "running.json"

    @property
    def secret_key(self) -> Path:
        """The file with the secret key."""
        return self.root / "secret_key"

    @property
    def temporary(self) -> Path:
        """Uploads on their way, and what work puts down meanwhile."""
        return self.root / "tmp"

    @property
    def metrics(self) -> Path:
        """What the processes that run now count."""
        return self.root / "metrics"

    def log(self, name: str) -> Path:
        """The log of one process."""
        return self.root / "log" / f"{name}.log"

    def prepare(self) -> None:
        """Make the folder, its parts and the secret key, as far as they are not there.

        Raises:
            CannotRun: it can't be written, or its disk is almost full.
        """
        # As root, PostgreSQL runs as another user, who must get past this folder to its own.
        mode = 0o711 if os.geteuid() == 0 else 0o700
        try:
            self.root.mkdir(mode=mode, parents=True, exist_ok=True)
            if self.free_bytes() < FREE_BYTES_NEEDED:
                raise CannotRun(
                    f"The disk of {self.root} is full: {self.free_bytes() // 1_000_000} MB are "
                    f"free, {FREE_BYTES_NEEDED // 1_000_000} MB are needed. Free some, or set "
                    "VERTEXAR_HOME to a folder on another disk."
                )
            for folder in (
                self.media,
                self.static,
                self.temporary,
                self.metrics,
                self.log("any").parent,
            ):
                folder.mkdir(mode=0o700, exist_ok=True)
            self._make_secret_key()
        except OSError as error:
            raise self._not_writable(error) from error

    def clear_temporary(self) -> None:
        """Remove what processes that were cut off could not; only while nothing runs here."""
        self.running.unlink(missing_ok=True)
        for path in (*self.temporary.iterdir(), *self.metrics.iterdir()):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def free_bytes(self) -> int:
        """Say how much the folder's disk can still take."""
        return shutil.disk_usage(self.root).free

    @contextmanager
    def told(self, environ: Mapping[str, str], *, configured: Collection[str]) -> Iterator[None]:
        """Leave this run's variables to commands, for as long as it runs.

        Args:
            environ: all variables; those that were made for this run are told of.
            configured: the names of those that the user gave, to be told of as well.
        """
        self.running.unlink(missing_ok=True)
        file = os.open(self.running, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            json.dump(
                {name: environ[name] for name in (*TOLD, *configured) if name in environ}, stream
            )
        try:
            yield
        finally:
            self.running.unlink(missing_ok=True)

    def _make_secret_key(self) -> None:
        if self.secret_key.exists():
            return
        new = self.secret_key.with_suffix(".new")  # never half a key under the right name
        new.unlink(missing_ok=True)
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(50))
        new.replace(self.secret_key)

    @contextmanager
    def taken(self, *, by: str) -> Iterator[None]:
        """Own the folder for a while; the system itself gives it back when we die.

        Args:
            by: what to tell others who want it meanwhile.

        Raises:
            CannotRun: another process owns it.
        """
        path = self.root / "up.lock"
        try:
            lock = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise self._not_writable(error) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                lock.seek(0)
                raise CannotRun(
                    f"Vertex AR runs from {self.root} already: {lock.read()}. Stop that first, or "
                    "set VERTEXAR_HOME (and PORT) to run a second one."
                ) from error
            lock.truncate(0)
            lock.write(by)
            lock.flush()
            yield

    def _not_writable(self, error: OSError) -> CannotRun:
        return CannotRun(
            f"{error.filename or self.root} can't be written ({error.strerror}): set VERTEXAR_HOME "
            "to a folder that can."
        )
