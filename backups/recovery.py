"""Media back into a store: each one decrypted, hashed, and put under its name or not at all."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from django.core.files.base import File
from django.core.files.storage import Storage

from backups import encryption
from backups.catalogue import Copy
from backups.destinations import DestinationFailed
from backups.genuine import PartDamaged
from backups.indexes import entries
from backups.manifest import MediaEntry
from backups.streams import CHUNK_BYTES, Meter, SinkMeter
from vertexar.storage import LocalStorage

OnBytes = Callable[[int], object]
AT_ONCE = 4  # media on their way at the same time
BATCH = 64
IN_MEMORY_BYTES = 8 << 20  # of one medium; a longer one lies on disk until its hash is known


@dataclass(frozen=True)
class Recovery:
    """How it went.

    Attributes:
        restored: media that were missing or damaged and are there now.
        kept: media that were there, with the right content.
        failures: why media could not be brought back, by key; a sentence that names the medium.
    """

    restored: int
    kept: int
    failures: dict[str, str]


def recover(
    copy: Copy, identities: Sequence[Any], *, storage: Storage, on_bytes: OnBytes
) -> Recovery:
    """Bring a run's media back. What is there rightly stays; nothing else is touched or removed.

    Args:
        copy: the run, where it lies.
        identities: that open it.
        storage: the media store.
        on_bytes: told how many bytes of media are done since it was last told; from many threads.

    Raises:
        PartDamaged: the index is damaged; what it gave before that was brought back.
        DestinationFailed: the index can't be read.
    """

    def one(entry: MediaEntry) -> tuple[str, bool | str]:
        try:
            did = _bring_back(entry, copy, identities, storage)
        except (PartDamaged, encryption.CanNotDecrypt, DestinationFailed, OSError) as error:
            why = str(error)
            return entry.key, why if entry.key in why else f"{entry.key}: {why}"
        finally:
            on_bytes(entry.size)
        return entry.key, did

    restored, kept, failures = 0, 0, dict[str, str]()
    found = entries(copy.destination, copy.manifest)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="recovery") as pool:
        while batch := list(islice(found, BATCH)):
            for key, outcome in pool.map(one, batch):
                if isinstance(outcome, str):
                    failures[key] = outcome
                elif outcome:
                    restored += 1
                else:
                    kept += 1
    return Recovery(restored, kept, failures)


def read_medium(entry: MediaEntry, copy: Copy, identities: Sequence[Any], sink: BinaryIO) -> None:
    """Decrypt one medium into a sink, and compare what came out with its entry.

    What counts is what is in it: encrypted a second time, for a new key or by an installation that
    did not know what is there, the same medium is stored as other bytes.

    Raises:
        PartDamaged: it is missing, or not what the index says; the message has its path.
        CanNotDecrypt: the identities don't open it.
        DestinationFailed: it can't be read.
    """
    try:
        source = copy.destination.open(entry.path)
    except FileNotFoundError as error:
        raise PartDamaged(f"{entry.path} is missing.") from error
    with source:
        plain = SinkMeter(sink)
        with encryption.decrypt(source, identities) as reader:
            while plain.size <= entry.size and (chunk := reader.read(CHUNK_BYTES)):
                plain.write(chunk)
    if (plain.size, plain.sha256) != (entry.size, entry.sha256):
        raise PartDamaged(f"What {entry.path} holds is not {entry.key}.")


def _bring_back(entry: MediaEntry, copy: Copy, identities: Sequence[Any], storage: Storage) -> bool:
    """Whether it had to be brought back."""
    if _is_there(entry, storage):
        # nothing served may need it until the databases are swapped: no sweep is to take it before
        if isinstance(storage, LocalStorage):
            storage.touch(entry.key)
        return False
    with SpooledTemporaryFile(IN_MEMORY_BYTES) as medium:
        read_medium(entry, copy, identities, cast("BinaryIO", medium))
        medium.seek(0)
        storage.save(entry.key, File(medium))
    return True


def _is_there(entry: MediaEntry, storage: Storage) -> bool:
    if not storage.exists(entry.key) or storage.size(entry.key) != entry.size:
        return False
    meter = Meter()
    with storage.open(entry.key) as medium:
        for chunk in medium.chunks(CHUNK_BYTES):
            meter.update(chunk)
    return meter.sha256 == entry.sha256
