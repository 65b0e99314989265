"""What passes between a source and the destinations: counted, hashed, spread, read ahead.

Everything here holds a bounded number of bytes, whatever the length of what passes.
"""

import hashlib
import io
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import BinaryIO, Protocol, cast

from backups.destinations.base import Destination, DestinationFailed, Upload

CHUNK_BYTES = 1 << 20
AHEAD_BYTES = 4 << 20  # what a pump holds at most, besides a chunk on each side
HANDED_BYTES = 1 << 18  # from thread to thread at once


class Source(Protocol):
    """Whatever bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


class Sink(Protocol):
    """Whatever bytes are written to."""

    def write(self, chunk: bytes | memoryview, /) -> int:
        """Take all of the bytes."""


class Meter:
    """Counts and hashes.

    Attributes:
        size: bytes so far.
    """

    def __init__(self) -> None:
        self.size = 0
        self._digest = hashlib.sha256()

    def update(self, chunk: bytes | memoryview) -> None:
        """Count some bytes."""
        self._digest.update(chunk)
        self.size += len(chunk)

    @property
    def sha256(self) -> str:
        """The hash so far, as 64 hexadecimal digits."""
        return self._digest.hexdigest()


class SourceMeter(Meter):
    """Counts and hashes what is read through it."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source

    def read(self, size: int = CHUNK_BYTES, /) -> bytes:
        """Read on."""
        chunk = self._source.read(size)
        self.update(chunk)
        return chunk


class SinkMeter(Meter):
    """Counts and hashes what is written through it."""

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink

    def write(self, chunk: bytes | memoryview, /) -> int:
        """Write on."""
        self.update(chunk)
        return self._sink.write(chunk)


class Tee(Meter):
    """One file on its way to several destinations, counted and hashed once.

    A destination that fails is dropped, its upload undone and its failure remembered; the others
    go on. Only when none is left does that raise.

    Attributes:
        uploads: those that have not failed, by the name of their destination.
        failures: why the others were dropped.
    """

    def __init__(self, uploads: Mapping[str, Upload]) -> None:
        super().__init__()
        self.uploads = dict(uploads)
        self.failures: dict[str, DestinationFailed] = {}

    @classmethod
    def to(cls, destinations: Iterable[Destination], path: str) -> "Tee":
        """Begin to write a file to all of them.

        Raises:
            DestinationFailed: it can be begun at none.
        """
        tee = cls({})
        for destination in destinations:
            try:
                tee.uploads[destination.name] = destination.upload(path)
            except DestinationFailed as failure:
                tee.failures[destination.name] = failure
        tee._raise_if_none_is_left()
        return tee

    def write(self, chunk: bytes | memoryview, /) -> int:
        """Write to all that are left.

        Raises:
            DestinationFailed: none is left.
        """
        self.update(chunk)
        self._each(lambda upload: upload.write(chunk))
        return len(chunk)

    def commit(self) -> None:
        """Make the file visible at all that are left, checksums read back.

        Raises:
            DestinationFailed: none is left.
        """
        sha256 = self.sha256
        self._each(lambda upload: upload.commit(sha256))

    def abort(self) -> None:
        """Leave nothing behind at those that are left."""
        for upload in self.uploads.values():
            upload.abort()

    def _each(self, act: Callable[[Upload], object]) -> None:
        for name, upload in tuple(self.uploads.items()):
            try:
                act(upload)
            except DestinationFailed as failure:
                del self.uploads[name]
                self.failures[name] = failure
                upload.abort()
        self._raise_if_none_is_left()

    def _raise_if_none_is_left(self) -> None:
        if not self.uploads:
            first = next(iter(self.failures.values()), None)
            raise first or DestinationFailed("There is no destination to write to.")


def put(destination: Destination, path: str, content: bytes) -> None:
    """Store what is small enough to be had in memory.

    Raises:
        DestinationFailed: it is not there.
    """
    upload = destination.upload(path)
    try:
        upload.write(content)
        upload.commit(hashlib.sha256(content).hexdigest())
    except BaseException:
        upload.abort()
        raise


def copy(source: Source, sink: Sink) -> None:
    """Write all that can be read."""
    while chunk := source.read(CHUNK_BYTES):
        sink.write(chunk)


def prefetch(source: Source) -> BinaryIO:
    """Read a source ahead in a thread; closing the result ends that, and leaves the source open."""
    return pumped(lambda sink: copy(source, sink))


def pumped(work: Callable[[Sink], None]) -> BinaryIO:
    """Read what some work writes, while it works in a thread of its own.

    What the work raises is raised to the reader, after all that was written before. Closing the
    reader makes the work's next write raise `BrokenPipeError`, and waits for it to end.
    """
    return cast("BinaryIO", io.BufferedReader(_Pumped(work), buffer_size=CHUNK_BYTES))


class _Pipe:
    """Bytes from one thread to another, a bounded number of them at a time."""

    def __init__(self) -> None:
        self.items: Queue[bytes | BaseException | None] = Queue(AHEAD_BYTES // HANDED_BYTES)
        self._is_closed = threading.Event()
        self._gathered = bytearray()

    def write(self, chunk: bytes | memoryview, /) -> int:
        """Hand on some bytes, enough at once that it pays."""
        if self._gathered or len(chunk) < HANDED_BYTES:
            self._gathered += chunk
            if len(self._gathered) >= HANDED_BYTES:
                self._hand_on()
        else:
            for start in range(0, len(chunk), HANDED_BYTES):
                self._put(bytes(chunk[start : start + HANDED_BYTES]))
        return len(chunk)

    def end(self, error: BaseException | None) -> None:
        """Hand on what is left, then why there is no more."""
        with suppress(BrokenPipeError):
            self._hand_on()
            self._put(error)

    def close(self) -> None:
        """Wake a writer that waits: nobody reads any more."""
        self._is_closed.set()
        with suppress(Empty):
            while True:
                self.items.get_nowait()

    def _hand_on(self) -> None:
        if self._gathered:
            self._put(bytes(self._gathered))
            self._gathered = bytearray()

    def _put(self, item: bytes | BaseException | None) -> None:
        while not self._is_closed.is_set():
            with suppress(Full):
                self.items.put(item, timeout=1)
                return
        raise BrokenPipeError("Nobody reads any more.")


class _Pumped(io.RawIOBase):
    def __init__(self, work: Callable[[Sink], None]) -> None:
        self._pipe = _Pipe()
        self._rest = memoryview(b"")
        self._end: BaseException | None = None
        self._has_ended = False
        self._thread = threading.Thread(target=_run, args=(work, self._pipe), daemon=True)
        self._thread.start()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview", /) -> int:  # type: ignore[override]
        """Wait for some bytes; 0 at the end."""
        while not self._rest and not self._has_ended:
            item = self._pipe.items.get()
            if isinstance(item, bytes):
                self._rest = memoryview(item)
            else:
                self._has_ended, self._end = True, item
        if self._rest:
            count = min(len(buffer), len(self._rest))
            buffer[:count], self._rest = self._rest[:count], self._rest[count:]
            return count
        if self._end is not None:
            raise self._end
        return 0

    def close(self) -> None:
        """End the work, if it has not ended."""
        if not self.closed:
            self._pipe.close()
            self._thread.join()
        super().close()


def _run(work: Callable[[Sink], None], pipe: _Pipe) -> None:
    error: BaseException | None = None
    try:
        work(pipe)
    except BaseException as raised:  # noqa: BLE001  handed to who reads
        error = raised
    pipe.end(error)
