"""The destinations of one run: which are still with it, what each has, and what it was sent."""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from django.conf import settings

from backups import bad_media, catalogue, indexes, manifest, signing
from backups.destinations import Destination, DestinationFailed
from backups.known import KnownMedia
from backups.lost import lost_from
from backups.manifest import Manifest, MediaEntry, Part
from backups.streams import Meter, put

logger = logging.getLogger(__name__)

PIECE_LINES: Final = 10_000
SHRUNK_SHARE: Final = 0.1  # of the media; pictures and videos are archived, seldom deleted
NEWS_SECONDS: Final = 10.0  # so much of the copying is done again after a kill, and no more


class Place:
    """A destination and the index of media that it gets.

    Attributes:
        before_count: media of the newest run that lies there.
        lost: runs that should lie there and don't.
        known: media that need not be sent.
        parts: of the run, as far as they lie there.
        gone: keys of media that were listed and that it could not be sent.
        media_count, media_bytes: totals of the index so far.
        sent_bytes: all that went there.
        failure: why it was dropped, or "".
        has_new_readers: whether somebody can read this run, and not the media sent before.
    """

    def __init__(self, destination: Destination, run: str) -> None:
        self.destination = destination
        self.run = run
        self.before_count = 0
        self.lost: list[str] = []
        self.known = KnownMedia()
        self.parts: list[Part] = []
        self.gone: list[str] = []
        self.media_count = self.media_bytes = self.sent_bytes = 0
        self.failure = ""
        self.has_new_readers = False
        self._bad: set[str] = set()
        self._healed: list[str] = []
        self._lines: list[bytes] = []
        self._pieces = 0
        self._has_news = False
        self._flushed_at = time.monotonic()

    def look(self) -> None:
        """See what lies there.

        Raises:
            DestinationFailed: it can't be asked; or `destination_of_another`, all that is there
                was signed by who is not trusted here. Their media are not known to us: we would
                write over them, for other keys. Or `destination_emptied`: see `lost_from`.
        """
        found = catalogue.survey(self.destination)
        strangers = [one for one in found.rejected if one.code == catalogue.SIGNER_UNKNOWN]
        if strangers and not found.runs:
            raise DestinationFailed(
                f"{self.destination.name} has backups, and none of them counts here. Of"
                f" {strangers[0].run}: {strangers[0].message} Add that signer to"
                " BACKUP_TRUSTED_SIGNERS, or choose another prefix.",
                code="destination_of_another",
            )
        self.lost = lost_from(self.destination.name, found)
        self.known = indexes.known_media(self.destination, found)
        self._bad = bad_media.at(self.destination.name)
        self.known.forget(self._bad)
        last = next(iter(found.runs), None)
        self.before_count = last.media_count if last is not None else 0
        readers = set(settings.BACKUP_RECIPIENTS)
        self.has_new_readers = (
            last is not None and last.media_count > 0 and not readers <= set(last.recipients)
        )

    @property
    def has_shrunk(self) -> bool:
        """Whether the run has far fewer media than the one before."""
        return self.media_count < self.before_count * (1 - SHRUNK_SHARE)

    def add(self, entry: MediaEntry, *, is_new: bool) -> None:
        """Put a medium that lies there into the index.

        Raises:
            DestinationFailed: a piece of the index can't be written.
        """
        self._lines.append(manifest.to_line(entry))
        self.media_count += 1
        self.media_bytes += entry.size
        if is_new:
            self.sent_bytes += entry.stored_size
            self._has_news = True
            if entry.key in self._bad:
                self._healed.append(entry.key)
        is_late = self._has_news and time.monotonic() - self._flushed_at >= NEWS_SECONDS
        if is_late or len(self._lines) >= PIECE_LINES:
            self.flush()

    def flush(self) -> None:
        """Write what the index has since the last piece, if anything.

        Raises:
            DestinationFailed: it can't be written.
        """
        if self._lines:
            self._pieces += 1
            content = b"".join(self._lines)
            path = manifest.index_path(self.run, self._pieces)
            put(self.destination, path, content)
            meter = Meter()
            meter.update(content)
            sums = (meter.size, meter.sha256)
            self.parts.append(Part(manifest.MEDIA_INDEX, path, *sums, *sums))
            self.sent_bytes += meter.size
        self._lines, self._has_news, self._flushed_at = [], False, time.monotonic()

    def finish(self, page: Manifest) -> None:
        """Write the manifest and its signature: from then on the run is a good one there.

        Raises:
            DestinationFailed: they can't be written.
        """
        content = manifest.to_bytes(page)
        inside = manifest.folder(self.run)
        put(self.destination, inside + manifest.MANIFEST, content)
        put(self.destination, inside + manifest.SIGNATURE, signing.sign(content))
        self.sent_bytes += len(content)
        bad_media.sent_again(self.destination.name, self._healed)


class Places:
    """All destinations of a run. One that fails is dropped; the run goes on with the others."""

    def __init__(self, destinations: Iterable[Destination], run: str) -> None:
        self.all = {destination.name: Place(destination, run) for destination in destinations}

    @property
    def alive(self) -> list[Place]:
        """Those that have not failed."""
        return [place for place in self.all.values() if not place.failure]

    @property
    def failures(self) -> dict[str, str]:
        """Why the others were dropped, by name."""
        return {name: place.failure for name, place in self.all.items() if place.failure}

    @property
    def sent_bytes(self) -> int:
        """What went to all of them."""
        return sum(place.sent_bytes for place in self.all.values())

    def drop(self, place: Place, failure: DestinationFailed) -> None:
        """Go on without it.

        Raises:
            DestinationFailed: none is left.
        """
        if not place.failure:
            logger.error("%s is left out of this backup: %s", place.destination.name, failure)
            place.failure = failure.message
        if not self.alive:
            raise failure

    def drop_all(self, failures: Mapping[str, DestinationFailed]) -> None:
        """Go on without those that failed, by name.

        Raises:
            DestinationFailed: none is left.
        """
        for name, failure in failures.items():
            self.drop(self.all[name], failure)

    def look(self) -> None:
        """See what lies at each.

        Raises:
            DestinationFailed: none can be asked.
        """
        for place in self.alive:
            try:
                place.look()
            except DestinationFailed as failure:
                self.drop(place, failure)

    def add(self, entries: Sequence[tuple[Place, MediaEntry, bool]]) -> None:
        """Put a medium into the indexes of the places where it lies; see `Place.add`."""
        for place, entry, is_new in entries:
            if place.failure:
                continue
            try:
                place.add(entry, is_new=is_new)
            except DestinationFailed as failure:
                self.drop(place, failure)

    def flush(self) -> None:
        """Write what is left of the indexes."""
        for place in self.alive:
            try:
                place.flush()
            except DestinationFailed as failure:
                self.drop(place, failure)
