"""A great many media in little memory: some 350 bytes each, all told."""

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Self

from backups.manifest import MediaEntry, media_path

PACKED = struct.Struct("<QQ32s32s")  # size, stored size, both hashes


class KnownMedia(Mapping[str, MediaEntry]):
    """Entries of an index by their key; they are made anew each time one is looked up."""

    def __init__(self, entries: Iterable[MediaEntry] = ()) -> None:
        self._packed: dict[str, bytes] = {}
        for entry in entries:
            self.add(entry)

    def __getitem__(self, key: str) -> MediaEntry:
        """Look an entry up."""
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

    def of_those(self, lying: Iterable[tuple[str, int]]) -> Self:
        """Those that are found: by their key, with their stored size."""
        found = type(self)()
        for key, size in lying:
            packed = self._packed.get(key)
            if packed is not None and PACKED.unpack(packed)[1] == size:
                found._packed[key] = packed
        return found
