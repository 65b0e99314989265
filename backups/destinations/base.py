"""What a place for backups must be able to do; nothing in it is specific to a kind of place.

Paths are relative, with slashes, below the prefix that the destination's URL names. What is written
becomes visible as a whole, by `Upload.commit`, or never.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

from vertexar.errors import DomainError


class DestinationFailed(DomainError):
    """A destination refused, can't be reached, or does not give back what it was given."""

    code = "destination_failed"


@dataclass(frozen=True)
class Found:
    """A file at a destination.

    Attributes:
        path: relative to the destination's prefix.
        size: bytes.
        modified_at: by the destination's clock, aware.
    """

    path: str
    size: int
    modified_at: datetime


class Upload(Protocol):
    """A file on its way to a destination."""

    def write(self, chunk: bytes | memoryview, /) -> int:
        """Send on some bytes; it may wait, and holds a bounded part of them in memory."""

    def commit(self, sha256: str) -> None:
        """Make the file visible, then read its checksum back from where it lies.

        Args:
            sha256: of all that was written; who writes needs it anyway, so it is counted once for
                all destinations (`streams.Tee` does both, `streams.put` for what is small).

        Raises:
            DestinationFailed: it is not there, or not what was written; nothing is visible then.
        """

    def abort(self) -> None:
        """Leave nothing behind; never raises."""


class Destination(Protocol):
    """A place for backups. Every method raises `DestinationFailed` after retries with back-off."""

    @property
    def name(self) -> str:
        """What to call it in rows, logs and mails: its URL without credentials and options."""

    @property
    def held_bytes(self) -> int:
        """How much of a file an upload holds in memory at most."""

    def upload(self, path: str) -> Upload:
        """Begin to write a file."""

    def open(self, path: str) -> BinaryIO:
        """Read a file from its beginning, as a stream; a read cut short resumes where it was.

        Raises:
            FileNotFoundError: it is not there.
        """

    def find(self, path: str) -> Found | None:
        """Look one file up."""

    def walk(self, prefix: str) -> Iterator[Found]:
        """List every file whose path begins with `prefix`, in order of paths."""

    def remove(self, path: str) -> bool:
        """Remove a file; False when the place must keep it for now (object lock)."""


def is_path(path: str) -> bool:
    """Whether that can be a file's path below a destination: names with slashes between."""
    steps = path.split("/")
    return path.isprintable() and "\\" not in path and not {"", ".", ".."} & set(steps)
