"""Files by the hash of their content: the same bytes, the same name; a name never changes bytes."""

import hashlib
import os
import posixpath
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage, storages
from whitenoise.storage import CompressedManifestStaticFilesStorage

from vertexar.metrics import STORAGE_ERRORS
from vertexar.scripts import joined, minified

CHUNK_BYTES = 1 << 20


class Counted(Storage):
    """Counts each time a store refuses. That a file is not there is an answer, no refusal."""

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        with counting_errors("open"):
            opened: File[Any] = super()._open(name, mode)  # type: ignore[misc]  # the store's own
            return opened

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        """Keep a file."""
        with counting_errors("save"):
            return super().save(name, content, max_length)

    def delete(self, name: str) -> None:
        """Remove a file."""
        with counting_errors("delete"):
            super().delete(name)


@contextmanager
def counting_errors(operation: str) -> Iterator[None]:
    """Count an error of the store that leaves this block."""
    try:
        yield
    except (FileNotFoundError, SuspiciousFileOperation):
        raise
    except Exception:
        STORAGE_ERRORS.labels(operation).inc()
        raise


class LocalStorage(Counted, FileSystemStorage):
    """A folder in which a file is either whole or not there, wherever the power fails."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Keep the name: it is the hash of the content, so writing it again writes the same."""
        return name

    def touch(self, name: str) -> None:
        """Make a file as young as one just written, so that no sweep takes it for left over."""
        os.utime(self.path(name))

    def _save(self, name: str, content: File[bytes]) -> str:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as part:
            try:
                for chunk in content.chunks():
                    part.write(chunk)
                part.flush()
                os.fsync(part.fileno())
                Path(part.name).chmod(0o640)
                Path(part.name).replace(path)
            except BaseException:
                with suppress(FileNotFoundError):
                    Path(part.name).unlink()
                raise
        return name


class HashedStaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Static files with hashed names, in JavaScript's import statements too.

    Scripts in the folders `minified` are sent without comments; those in `joined` as one file with
    all that they import.
    """

    support_js_module_import_aggregation = True
    max_post_process_passes = 20  # as deep as modules import modules; a circle never ends

    def __init__(
        self, *args: Any, minified: Sequence[str] = (), joined: Sequence[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.minified, self.joined = tuple(minified), frozenset(joined)

    def post_process(self, paths: dict[str, tuple[Storage, str]], **options: Any) -> Iterator[Any]:
        """Make our scripts small before files are named after what is in them."""
        yield from super().post_process(paths | self._scripts(paths), **options)

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compress each content once: all files are there twice, named with and without its hash.

        Yields:
            the name of a file, and that of what it became.
        """
        twins: dict[tuple[str, str], list[str]] = defaultdict(list)
        for name in sorted(paths):
            with self.open(name) as file:
                twins[sha256_of(file), posixpath.splitext(name)[1]].append(name)
        others = {first: rest for first, *rest in twins.values()}
        for name, compressed in super().compress_files(others):
            yield name, compressed
            for other in others[name]:
                copy = other + compressed.removeprefix(name)
                shutil.copy2(self.path(compressed), self.path(copy))
                yield other, copy

    def _scripts(self, paths: dict[str, tuple[Storage, str]]) -> dict[str, tuple[Storage, str]]:
        def read(name: str) -> str:
            storage, path = paths[name]
            with storage.open(path) as file:
                return bytes(file.read()).decode()

        made = InMemoryStorage()
        for name in paths:
            if name.startswith(self.minified) and name.endswith(".js"):
                text = joined(name, read) if name in self.joined else read(name)
                made.save(name, ContentFile(minified(text).encode()))
        return {name: (made, name) for name in paths if made.exists(name)}


def sha256_of(file: BinaryIO) -> str:
    """Hash a file from its beginning, a megabyte at a time; it is left at its beginning.

    Returns:
        64 hexadecimal digits.
    """
    file.seek(0)
    digest = hashlib.sha256()
    for chunk in _chunks(file):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def store(file: BinaryIO, *, folder: str, extension: str) -> str:
    """Store a file under the hash of its content and return its key; storing it twice is one file.

    Args:
        file: an open binary file, read in chunks, never whole.
        folder: `<room>/<kind>`, for instance `markers/pictures`.
        extension: with its dot, chosen by us from the content, never taken from a user's file name.

    Raises:
        OSError: the disk or the object store refused.
    """
    digest = sha256_of(file)
    key = f"{folder}/{digest[:2]}/{digest}{extension}"
    storage = storages["default"]
    if isinstance(storage, LocalStorage) and storage.exists(key):
        storage.touch(key)
        return key
    return storage.save(key, File(file))


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
