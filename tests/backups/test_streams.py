"""Streams between a source and destinations: counted, spread, read ahead, bounded."""

import hashlib
import io
import threading

import pytest

from backups import streams
from backups.destinations import DestinationFailed
from backups.streams import HANDED_BYTES, SinkMeter, SourceMeter, Tee, prefetch, pumped

CONTENT = bytes(range(256)) * 5000  # 1.28 MB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Memory:
    """An upload that keeps what it gets, and fails when it is told to."""

    def __init__(self, *, fails_after: int | None = None, fails_to_commit: bool = False) -> None:
        self.got = bytearray()
        self.fails_after, self.fails_to_commit = fails_after, fails_to_commit
        self.committed: str | None = None
        self.is_aborted = False

    def write(self, chunk: bytes | memoryview, /) -> int:
        if self.fails_after is not None and len(self.got) >= self.fails_after:
            raise DestinationFailed("full", code="destination_full")
        self.got += chunk
        return len(chunk)

    def commit(self, sha256: str) -> None:
        if self.fails_to_commit:
            raise DestinationFailed("gone")
        self.committed = sha256

    def abort(self) -> None:
        self.is_aborted = True


class Endless:
    """A source that never ends, and counts what was taken from it."""

    def __init__(self) -> None:
        self.taken = 0

    def read(self, size: int, /) -> bytes:
        self.taken += size
        return bytes(size)


def pour(tee: Tee) -> None:
    streams.copy(io.BytesIO(CONTENT), tee)


def test_a_meter_counts_and_hashes_what_is_read_and_what_is_written() -> None:
    source, sink = SourceMeter(io.BytesIO(CONTENT)), SinkMeter(io.BytesIO())

    streams.copy(source, sink)

    assert (source.size, source.sha256) == (len(CONTENT), SHA256)
    assert (sink.size, sink.sha256) == (len(CONTENT), SHA256)


def test_a_tee_writes_the_same_to_all_and_tells_them_its_hash() -> None:
    uploads = {"one": Memory(), "two": Memory()}
    tee = Tee(uploads)

    pour(tee)
    tee.commit()

    assert (tee.size, tee.sha256) == (len(CONTENT), SHA256)
    for upload in uploads.values():
        assert upload.got == CONTENT
        assert upload.committed == SHA256


@pytest.mark.parametrize("failing", [Memory(fails_after=0), Memory(fails_to_commit=True)])
def test_one_that_fails_is_dropped_and_the_other_goes_on(failing: Memory) -> None:
    sound = Memory()
    tee = Tee({"failing": failing, "sound": sound})

    pour(tee)
    tee.commit()

    assert list(tee.uploads) == ["sound"]
    assert list(tee.failures) == ["failing"]
    assert failing.is_aborted
    assert failing.committed is None
    assert sound.committed == SHA256


def test_when_none_is_left_it_raises_why() -> None:
    tee = Tee({"one": Memory(fails_after=0), "two": Memory(fails_after=1)})
    tee.write(b"first")

    with pytest.raises(DestinationFailed) as caught:
        tee.write(b"second")

    assert caught.value.code == "destination_full"
    assert set(tee.failures) == {"one", "two"}


def test_what_is_pumped_is_what_was_written_in_whatever_pieces() -> None:
    def work(sink: streams.Sink) -> None:
        for size in (1, 8192, 3 * HANDED_BYTES, 0, 65_552, 7):
            sink.write(CONTENT[:size])

    with pumped(work) as stream:
        got = stream.read()

    sizes = (1, 8192, 3 * HANDED_BYTES, 65_552, 7)
    assert got == b"".join(CONTENT[:size] for size in sizes)


def test_what_the_work_raises_comes_after_all_it_wrote() -> None:
    def work(sink: streams.Sink) -> None:
        sink.write(b"so far")
        raise LookupError("and no further")

    with pumped(work) as stream:
        assert stream.read(6) == b"so far"
        with pytest.raises(LookupError, match="no further"):
            stream.read(1)


def test_it_reads_ahead_so_far_and_no_further() -> None:
    source = Endless()

    with prefetch(source) as stream:
        assert stream.read(10) == bytes(10)

    held = streams.AHEAD_BYTES + 3 * streams.CHUNK_BYTES
    assert source.taken <= held


def test_closing_early_ends_the_thread() -> None:
    before = set(threading.enumerate())
    stream = prefetch(Endless())
    (worker,) = set(threading.enumerate()) - before

    stream.close()

    assert not worker.is_alive()


def test_nothing_to_read_is_an_end_at_once() -> None:
    with prefetch(io.BytesIO()) as stream:
        assert stream.read() == b""
