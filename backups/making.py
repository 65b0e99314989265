"""A backup: one moment of the database, then all media, at every destination that works.

What makes it safe to kill: a run counts from its signed manifest on, which is written last. What an
unfinished one has sent of the media, the next one finds in its index and does not send again.
"""

import io
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from backups import catalogue, configuration, lock, lost, manifest, postgres
from backups.catalogue import Copy
from backups.copying import copy_media
from backups.destinations import Destination, DestinationFailed, urls
from backups.encryption import encrypt, parse_recipients
from backups.lock import Hold
from backups.manifest import CONFIGURATION, DATABASE, FILES, Manifest, Part
from backups.models import BackupRun
from backups.places import Place, Places
from backups.snapshot import Snapshot, consistent
from backups.streams import Source, SourceMeter, Tee, prefetch
from vertexar.errors import DomainError

logger = logging.getLogger(__name__)

FEWER: Final = "media_fewer"
DAMAGED: Final = "media_damaged"
LEFT_OUT: Final = "destination_left_out"
LOST: Final = "backups_lost"
EARLIER_KEYS: Final = "media_for_earlier_keys"
NAMED_MAX: Final = 10  # media or runs in a hint; the log names all
OnProgress = Callable[[str, int, int], object]
"""Told the stage (`database` or `media`), bytes done, and bytes in all."""


class NotConfigured(DomainError):
    """Backups can't be made before somebody says who may read them."""

    code = "backups_not_configured"


@dataclass(frozen=True, slots=True)
class Made:
    """A run that is good at one destination at least.

    Attributes:
        copies: where it lies.
        failures: destinations that were left out, and why.
        lost: runs that should lie at a destination and don't, by its name.
        shrunk: media of now and of the run before, at destinations where they are far fewer.
        damaged: media that were not copied though they are there, and why.
        sent_bytes: to all destinations.
        has_new_readers: destinations where media sent before do not open for all recipients of now.
    """

    copies: Sequence[Copy]
    failures: Mapping[str, str]
    lost: Mapping[str, Sequence[str]]
    shrunk: Mapping[str, tuple[int, int]]
    damaged: Mapping[str, str]
    sent_bytes: int
    has_new_readers: Sequence[str]

    @property
    def columns(self) -> dict[str, Any]:
        """What the run's row says of it; the lease is not ours to write."""
        columns = catalogue.columns(self.copies)
        del columns["lease_id"], columns["leased_at"]
        columns["sent_bytes"] = self.sent_bytes
        columns["destinations"] += [
            {"name": name, "failure": failure} for name, failure in self.failures.items()
        ]
        return columns | self._complaint()

    def _complaint(self) -> dict[str, str]:
        """A good run may have something to complain of, too; the row's code is the worst of it."""
        found = list(self._complaints())
        if not found:
            return {}
        (worst, told), *others = found
        lines = [told, *(f"{code}: {told}" for code, told in others)]
        return {"failure_code": worst, "failure_hint": "\n".join(lines)}

    def _complaints(self) -> Iterator[tuple[str, str]]:
        """Codes and what is to be told, the worst first."""
        if self.failures:
            told = "; ".join(f"{name}: {failure}" for name, failure in self.failures.items())
            yield LEFT_OUT, told
        for place, runs in self.lost.items():
            told = _(
                "%(place)s: %(count)s backups are missing that nobody here has removed: %(runs)s"
            )
            some = ", ".join(runs[:NAMED_MAX])
            yield LOST, told % {"count": len(runs), "place": place, "runs": some}
        for place, (count, before) in self.shrunk.items():
            told = _("%(place)s: %(count)s media; the backup before has %(before)s.")
            yield FEWER, told % {"place": place, "count": count, "before": before}
        if self.damaged:
            some = ", ".join(list(self.damaged)[:NAMED_MAX])
            yield DAMAGED, f"{len(self.damaged)}: {some}"
        if self.has_new_readers:
            told = _("Keep the earlier identities, or begin a new prefix: %(places)s")
            yield EARLIER_KEYS, told % {"places": ", ".join(self.has_new_readers)}


def configured() -> tuple[Sequence[Any], Sequence[Destination]]:
    """Whom a backup is encrypted for, and where it goes.

    Raises:
        NotConfigured: nobody could read it.
        DomainError: a key or a destination can't be understood.
    """
    if not settings.BACKUP_RECIPIENTS:
        raise NotConfigured(
            _("Nobody could read a backup: BACKUP_RECIPIENTS is empty."),
            hint=_("Make a key pair with `manage.py backup_keygen` and set its public half."),
        )
    return parse_recipients(settings.BACKUP_RECIPIENTS), urls.configured()


def make(row: BackupRun, *, on_progress: OnProgress = lambda stage, done, total: None) -> Made:
    """Make a backup for a row that was claimed.

    Raises:
        NotConfigured, DomainError: as `configured`.
        Conflict: another backup, a restore or a clean-up is at it.
        DestinationFailed: at none of the destinations.
        DomainError: it can't be made for another reason.
    """
    recipients, destinations = configured()
    with lock.exclusively() as hold:
        return _Run(row, destinations, recipients, hold, on_progress).make()


class _Run:
    """One run, under the lock."""

    def __init__(
        self,
        row: BackupRun,
        destinations: Collection[Destination],
        recipients: Sequence[Any],
        hold: Hold,
        on_progress: OnProgress,
    ) -> None:
        began = timezone.now()
        self.row, self.recipients, self.hold, self.on_progress = row, recipients, hold, on_progress
        self.name = manifest.run_name(began, row.pk)
        self.places = Places(destinations, self.name)
        mine = BackupRun.objects.filter(pk=row.pk, lease_id=row.lease_id)
        mine.update(name=self.name, started_at=began)

    def make(self) -> Made:
        logger.info("backup %s begins", self.name)
        self.places.look()
        with consistent(postgres.own_url()) as snapshot:
            self._send(DATABASE, self._dumped(snapshot))
        self._send(CONFIGURATION, io.BytesIO(configuration.as_json(snapshot)))
        damaged = copy_media(
            self.places,
            self.recipients,
            on_progress=lambda done, total: self.on_progress("media", done, total),
        )
        self.hold.check()
        copies = self._finish(snapshot)
        logger.info("backup %s is whole, %s bytes were sent", self.name, self.places.sent_bytes)
        alive = self.places.alive
        missing = {place.destination.name: place.lost for place in alive if place.lost}
        for name, runs in missing.items():  # told with this run, so once
            lost.write_down(name, runs)
        return Made(
            copies=copies,
            failures=self.places.failures,
            lost=missing,
            shrunk={
                place.destination.name: (place.media_count, place.before_count)
                for place in alive
                if place.has_shrunk
            },
            damaged=damaged,
            sent_bytes=self.places.sent_bytes,
            has_new_readers=[place.destination.name for place in alive if place.has_new_readers],
        )

    def _send(self, name: str, opened: AbstractContextManager[Source]) -> None:
        """Encrypt a part of the run once and write it to all that are left."""
        path = manifest.folder(self.name) + FILES[name]
        tee = Tee.to((place.destination for place in self.places.alive), path)
        try:
            with opened as source:
                plain = SourceMeter(source)
                encrypt(plain, tee, self.recipients)
            tee.commit()  # not before the source has said that it was whole
        except BaseException:
            tee.abort()
            raise
        self.places.drop_all(tee.failures)
        part = Part(name, path, tee.size, tee.sha256, plain.size, plain.sha256)
        for place in self.places.alive:
            place.parts.append(part)
            place.sent_bytes += part.size

    @contextmanager
    def _dumped(self, snapshot: Snapshot) -> Iterator[BinaryIO]:
        done, total = 0, snapshot.size

        def told(count: int) -> None:
            nonlocal done
            done = min(done + count, total)
            self.on_progress(DATABASE, done, total)

        with snapshot.dump(on_bytes=told) as archive, prefetch(archive) as ahead:
            yield ahead
        self.on_progress(DATABASE, total, total)

    def _finish(self, snapshot: Snapshot) -> list[Copy]:
        """Write the manifests: each destination's own, as each has its own index."""
        copies = []
        for place in self.places.alive:
            page = self._page(snapshot, place)
            try:
                place.finish(page)
            except DestinationFailed as failure:
                self.places.drop(place, failure)
            else:
                copies.append(Copy(place.destination, page))
        return copies

    def _page(self, snapshot: Snapshot, place: Place) -> Manifest:
        return Manifest(
            run=self.name,
            kind=self.row.kind,
            taken_at=snapshot.taken_at,
            finished_at=timezone.now(),
            parts=tuple(place.parts),
            tables=snapshot.tables,
            media_count=place.media_count,
            media_bytes=place.media_bytes,
            gone_media=tuple(place.gone),
            recipients=tuple(settings.BACKUP_RECIPIENTS),
            versions=configuration.versions(snapshot),
            migrations=snapshot.migrations,
        )
