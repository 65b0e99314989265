"""Backups in a folder: a disk of this machine, or whatever is mounted there."""

import errno
import hashlib
import io
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NoReturn, cast
from urllib.parse import quote
from uuid import uuid4

from backups.destinations.base import DestinationFailed, Found, Upload, is_path

CHUNK_BYTES = 1 << 20
INCOMING = ".incoming"  # files on their way; not part of what is listed
BROKEN_OFF_S = 24 * 3600  # what lies there for longer belongs to a process that was killed
SYNC_BYTES = 32 << 20
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class FolderDestination:
    """A folder. What is in it belongs to its owner alone: 0700 and 0600."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._has_tidied = False

    @property
    def name(self) -> str:
        """Its URL."""
        return f"file://{quote(str(self.root))}"

    @property
    def held_bytes(self) -> int:
        """Nothing: what is written is the system's."""
        return 0

    def upload(self, path: str) -> Upload:
        """Begin to write a file."""
        target = self._at(path)
        incoming = self.root / INCOMING
        try:
            incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._has_tidied:
                self._has_tidied = True
                _tidy(incoming)
            return _FolderUpload(self, incoming / f"{uuid4().hex}.part", target)
        except OSError as error:
            self.fail(error, path)

    def open(self, path: str) -> BinaryIO:
        """Read a file from its beginning.

        Raises:
            FileNotFoundError: it is not there.
        """
        try:
            file = _FolderFile(self._at(path), lambda error: self.fail(error, path))
        except FileNotFoundError:
            raise
        except OSError as error:
            self.fail(error, path)
        return cast("BinaryIO", io.BufferedReader(file, CHUNK_BYTES))

    def find(self, path: str) -> Found | None:
        """Look one file up."""
        try:
            found = self._at(path).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self.fail(error, path)
        return _found(path, found) if stat.S_ISREG(found.st_mode) else None

    def walk(self, prefix: str) -> Iterator[Found]:
        """List every file whose path begins with `prefix`, in order of paths."""
        folder = prefix.rpartition("/")[0]
        if folder:
            self._at(folder)
        for found in self._below(f"{folder}/" if folder else ""):
            if found.path.startswith(prefix):
                yield found

    def remove(self, path: str) -> bool:
        """Remove a file, and the folders it leaves empty."""
        target = self._at(path)
        try:
            target.unlink(missing_ok=True)
        except OSError as error:
            self.fail(error, path)
        with suppress(OSError):  # the first one that is not empty
            for folder in target.relative_to(self.root).parents[:-1]:
                (self.root / folder).rmdir()
        return True

    def fail(self, error: OSError, path: str) -> NoReturn:
        """Say in the product's words what the system says no to."""
        reason = error.strerror or str(error)
        code, hint = "destination_failed", ""
        if error.errno in FULL:
            code, hint = "destination_full", "Make room there, or keep fewer backups."
        elif error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            code, hint = "destination_refused", "The user that runs Vertex AR must own the folder."
        raise DestinationFailed(f"{self.name}: {path}: {reason}.", code=code, hint=hint) from error

    def _at(self, path: str) -> Path:
        """The file of a path; a path that leads out of the folder is none."""
        if not is_path(path) or path.split("/")[0] == INCOMING:
            raise DestinationFailed(f"{self.name}: {path!r} can't be the path of a file.")
        return self.root / PurePosixPath(path)

    def _below(self, folder: str) -> Iterator[Found]:
        """Files of a folder (`""` or with a slash at its end), ordered as their whole paths are."""
        entries: list[tuple[str, os.stat_result]] = []
        try:
            with os.scandir(self.root / folder) as listed:
                for entry in listed:
                    if folder or entry.name != INCOMING:
                        slash = "/" if entry.is_dir(follow_symlinks=False) else ""
                        with suppress(FileNotFoundError):  # removed meanwhile
                            entries.append((entry.name + slash, entry.stat(follow_symlinks=False)))
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self.fail(error, folder)
        for name, found in sorted(entries, key=lambda entry: entry[0]):
            if name.endswith("/"):
                yield from self._below(folder + name)
            elif stat.S_ISREG(found.st_mode) and is_path(folder + name):  # others are not ours
                yield _found(folder + name, found)


class _FolderUpload:
    def __init__(self, destination: FolderDestination, part: Path, target: Path) -> None:
        self._destination = destination
        self._part, self._target = part, target
        self._file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._is_open = True
        self._unsynced = 0
        self._syncing: threading.Thread | None = None

    def write(self, chunk: bytes | memoryview, /) -> int:
        rest = memoryview(chunk)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            self._fail(error)
        self._unsynced += len(chunk)
        if self._unsynced >= SYNC_BYTES:
            self._sync_behind()
        return len(chunk)

    def _sync_behind(self) -> None:
        """Have the disk begin, so that it is nearly done when all is written.

        The file is opened once more for it: the system tells an error once to each who has opened
        it, and it must not be told to this thread in place of `commit`.
        """
        if self._syncing is not None and self._syncing.is_alive():
            return
        self._unsynced = 0
        self._syncing = threading.Thread(target=_sync, args=[self._part], daemon=True)
        self._syncing.start()

    def commit(self, sha256: str) -> None:
        try:
            os.fsync(self._file)
            self._close()
            self._make_folders(self._target.parent)
            self._part.rename(self._target)
        except OSError as error:
            self._fail(error)
        try:
            _sync_folder(self._target.parent)
            with self._target.open("rb") as file:
                read_back = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            self._take_back()
            self._fail(error)
        if read_back != sha256:
            self._take_back()
            message = f"{self._destination.name}: {self._target.name} reads back as something else."
            hint = "The disk or the way to it is failing."
            raise DestinationFailed(message, code="destination_damaged", hint=hint)

    def abort(self) -> None:
        with suppress(OSError):
            self._close()
        with suppress(OSError):
            self._part.unlink()

    def _take_back(self) -> None:
        with suppress(OSError):
            self._target.unlink()

    def _close(self) -> None:
        if self._is_open:
            self._is_open = False
            os.close(self._file)

    def _make_folders(self, folder: Path) -> None:
        """As `mkdir -p`, so that they are there after the power failed."""
        if folder.is_dir():
            return
        self._make_folders(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(folder.parent)

    def _fail(self, error: OSError) -> NoReturn:
        path = self._target.relative_to(self._destination.root)
        self._destination.fail(error, str(path))


class _FolderFile(io.FileIO):
    """A file whose failing disk is the destination's failure."""

    def __init__(self, path: Path, fail: Callable[[OSError], NoReturn]) -> None:
        self._fail = fail
        super().__init__(path, "rb")

    def readinto(self, buffer: memoryview, /) -> int | None:  # type: ignore[override]
        """Read on."""
        try:
            return super().readinto(buffer)
        except OSError as error:
            self._fail(error)


def _found(path: str, found: os.stat_result) -> Found:
    return Found(path, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))


def _sync(part: Path) -> None:
    with suppress(OSError), part.open("ab") as file:  # what fails is told again, by `commit`
        os.fdatasync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _tidy(incoming: Path) -> None:
    """Remove what processes left that were killed."""
    for part in incoming.glob("*.part"):
        with suppress(FileNotFoundError):
            if part.stat().st_mtime < time.time() - BROKEN_OFF_S:
                part.unlink()
