"""A great many media in little memory: some 300 bytes each, 470 with what is found of them."""

import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Self

from backups.manifest import MediaEntry, media_path

PACKED = struct.Struct("<QQ32s32s")  # size, stored size, both hashes


class KnownMedia(Mapping[str, MediaEntry]):
    """Entries of an index by their key; they are made anew each time one is looked up.

    What lies there and is not in the index is looked for in older ones, the first time that one of
    those keys is asked for: that is seldom, and reading old indexes takes a while. Until then they
    are not counted.
    """

    def __init__(self, entries: Iterable[MediaEntry] = ()) -> None:
        self._packed: dict[str, bytes] = {}
        self._unexplained: dict[str, int] = {}
        self._older: Callable[[], Iterable[MediaEntry]] = tuple
        self._lock = threading.Lock()
        for entry in entries:
            self.add(entry)

    def __getitem__(self, key: str) -> MediaEntry:
        """Look an entry up."""
        if key not in self._packed and key in self._unexplained:
            self._look_further()
        size, stored_size, sha256, stored_sha256 = PACKED.unpack(self._packed[key])
        return MediaEntry(
            key=key,
            size=size,
            sha256=sha256.hex(),
            path=media_path(key),
            stored_size=stored_size,
            stored_sha256=stored_sha256.hex(),
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)

    def add(self, entry: MediaEntry) -> None:
        """Put one in, in place of what has the same key."""
        self._packed[entry.key] = PACKED.pack(
            entry.size,
            entry.stored_size,
            bytes.fromhex(entry.sha256),
            bytes.fromhex(entry.stored_sha256),
        )

    def update(self, others: Self) -> None:
        """Put all of others in."""
        self._packed.update(others._packed)

    def forget(self, keys: Iterable[str]) -> None:
        """Be without some, wherever they stand."""
        for key in keys:
            self._packed.pop(key, None)
            self._unexplained.pop(key, None)

    def of_those(
        self,
        lying: Iterable[tuple[str, int]],
        *,
        older: Callable[[], Iterable[MediaEntry]] = tuple,
    ) -> Self:
        """Those that are found.

        Args:
            lying: keys and stored sizes of what is found.
            older: entries of older indexes, the newest first, where the rest may stand.
        """
        found = type(self)()
        found._older = older
        for key, size in lying:
            packed = self._packed.get(key)
            if packed is not None and PACKED.unpack(packed)[1] == size:
                found._packed[key] = packed
            else:
                found._unexplained[key] = size
        return found

    def _look_further(self) -> None:
        with self._lock:
            if not self._unexplained:  # another thread has looked
                return
            for entry in self._older():
                lies_there = self._unexplained.get(entry.key) == entry.stored_size
                if lies_there and entry.key not in self._packed:
                    self.add(entry)
            self._unexplained = {}
