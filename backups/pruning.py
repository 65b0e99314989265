"""Removing what retention does not keep: runs, what was left unfinished, and media nobody names."""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from backups import catalogue, indexes, lock
from backups.catalogue import Survey
from backups.destinations import Destination, DestinationFailed
from backups.genuine import PartDamaged
from backups.manifest import MANIFEST, MEDIA, SIGNATURE, Manifest, begun_at, folder
from backups.models import BackupRun
from backups.retention import Candidate, Policy, expired, kept_until

logger = logging.getLogger(__name__)

DRILLED_FOR = timedelta(hours=24)  # a drill that began earlier is dead
UNFINISHED_FOR = timedelta(days=1)  # what was left unfinished is somebody's work for so long
REMOVED_BETWEEN_CHECKS = 500
# Codes of trials that failed for want of the right key, program or server: that says nothing of the
# backup, and no other has to stand beside it.
INNOCENT = (
    "wrong_identity",
    "pg_restore_missing",
    "pg_restore_too_old",
    "server_too_old",
    "target_unusable",
    "disk_full",
    "may_not_create_databases",
    "database_unreachable",
    "scratch_name_taken",
)


@dataclass
class Pruned:
    """What was, or in a dry run would be, removed at one destination.

    Attributes:
        destination: its name.
        kept, removed: names of runs, newest first.
        locked: names of runs, and paths of media, that the place must keep for now.
        unfinished: names of runs without a manifest that were removed.
        media_count, media_bytes: media that no run names any more; bytes as stored.
        media_left: why no media were looked at, or "".
        failure: why the destination could not be dealt with to the end, or "".
    """

    destination: str
    kept: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    media_count: int = 0
    media_bytes: int = 0
    media_left: str = ""
    failure: str = ""


def policy() -> Policy:
    """What the settings say."""
    return Policy(
        daily=settings.BACKUP_KEEP_DAILY,
        weekly=settings.BACKUP_KEEP_WEEKLY,
        monthly=settings.BACKUP_KEEP_MONTHLY,
        zone=timezone.get_default_timezone(),
    )


def prune(
    destinations: Collection[Destination], *, dry_run: bool = False, now: datetime | None = None
) -> list[Pruned]:
    """Remove what is not to be kept, at each destination by what lies there.

    A destination that fails is reported and does not keep the others from being dealt with.

    Args:
        destinations: all of them.
        dry_run: only say what would be removed; takes no lock.
        now: aware; the present by default.

    Raises:
        Conflict: `backup_running`; or `backup_lock_lost`, halfway.
    """
    now = now or timezone.now()
    reports = []
    with _alone(dry_run=dry_run) as hold:
        for destination in destinations:
            report = Pruned(destination.name)
            reports.append(report)
            try:
                _Pruning(destination, report, now, hold).run()
            except DestinationFailed as error:
                logger.warning("%s was not pruned: %s", destination.name, error.message)
                report.failure = error.message
            finally:
                if hold is not None:
                    _mark_removed(report, now)
        if hold is not None:
            _say_how_long(now)
    return reports


@contextmanager
def _alone(*, dry_run: bool) -> Iterator[lock.Hold | None]:
    if dry_run:
        yield None
        return
    with lock.exclusively() as hold:
        yield hold


class _Pruning:
    """One destination's pruning; without a hold nothing is removed."""

    def __init__(
        self, destination: Destination, report: Pruned, now: datetime, hold: lock.Hold | None
    ) -> None:
        self.destination = destination
        self.report = report
        self.now = now
        self.hold = hold
        self._removed_since_check = 0

    def run(self) -> None:
        found = catalogue.survey(self.destination)
        candidates = [_candidate(run, _damaged()) for run in found.runs]
        leaving = expired(candidates, self.now, policy(), _held(found.runs, self.now))
        kept = [run for run in found.runs if run.run not in leaving]
        for manifest in found.runs:
            if manifest.run not in leaving:
                continue
            if self._remove_run(manifest.run):
                self.report.removed.append(manifest.run)
            else:
                self.report.locked.append(manifest.run)
                kept.append(manifest)
        self.report.kept = sorted((run.run for run in kept), reverse=True)
        staying = self._remove_unfinished(found)
        self._collect_media(found, kept, staying)

    def _remove_run(self, run: str) -> bool:
        """Remove the manifest first: from then on there is no such run, whatever is left of it."""
        inside = folder(run)
        first = {inside + MANIFEST: 0, inside + SIGNATURE: 1}
        paths = [found.path for found in self.destination.walk(inside)]
        for path in sorted(paths, key=lambda path: first.get(path, 2)):
            # what is locked besides the manifest is removed as unfinished later
            if not self._remove(path) and path == inside + MANIFEST:
                return False
        return True

    def _remove_unfinished(self, found: Survey) -> list[str]:
        """Remove what older runs left; newer ones than the newest good one may be resumed.

        What was finished once, and has lost its manifest since, stays: its parts may be all right.
        """
        newest = found.runs[0].run if found.runs else ""
        finished = set(BackupRun.objects.good().values_list("name", flat=True))
        staying = []
        for run in found.unfinished:
            begun = begun_at(run)
            is_old = begun is not None and begun < self.now - UNFINISHED_FOR
            if run < newest and is_old and run not in finished:
                self._remove_run(run)
                self.report.unfinished.append(run)
            else:
                staying.append(run)
        return staying

    def _collect_media(
        self, found: Survey, kept: Collection[Manifest], unfinished: Collection[str]
    ) -> None:
        """Remove media that no run names, if it is known for certain what all runs name."""
        if found.rejected:
            names = ", ".join(rejected.run for rejected in found.rejected)
            self.report.media_left = f"it is not known what these need: {names}"
            return
        if not kept:
            self.report.media_left = "there is no whole run"
            return
        try:
            named = self._named(kept, unfinished)
        except PartDamaged as error:
            logger.warning("%s: no media are collected: %s", self.destination.name, error.message)
            self.report.media_left = error.message
            return
        old = self.now - timedelta(days=settings.BACKUP_MEDIA_GRACE_DAYS)
        for medium in self.destination.walk(MEDIA):
            if medium.modified_at >= old or _short(medium.path) in named:
                continue
            if self._remove(medium.path):
                self.report.media_count += 1
                self.report.media_bytes += medium.size
            else:
                self.report.locked.append(medium.path)

    def _named(self, kept: Collection[Manifest], unfinished: Collection[str]) -> set[bytes]:
        """Short hashes of the paths that the indexes name: some 100 bytes of memory each."""
        named: set[bytes] = set()
        for manifest in kept:
            named.update(
                _short(entry.path) for entry in indexes.entries(self.destination, manifest)
            )
        for run in unfinished:
            for path in indexes.unfinished_pieces(self.destination, run):
                named.update(_short(entry.path) for entry in indexes.piece(self.destination, path))
        return named

    def _remove(self, path: str) -> bool:
        if self.hold is None:
            return True
        if self._removed_since_check % REMOVED_BETWEEN_CHECKS == 0:
            self.hold.check()
        self._removed_since_check += 1
        return self.destination.remove(path)


def _candidate(manifest: Manifest, damaged: Collection[str]) -> Candidate:
    return Candidate(
        name=manifest.run,
        taken_at=manifest.taken_at,
        is_safety=manifest.kind == BackupRun.Kind.SAFETY,
        is_sound=manifest.run not in damaged,
    )


def _damaged() -> set[str]:
    """Runs that were seen not to be whole, or not to restore."""
    rows = BackupRun.objects.good()
    innocent = rf"^({'|'.join(INNOCENT)}):"
    bad = rows.exclude(verify_failure="") | (
        rows.exclude(restore_failure="").exclude(restore_failure__regex=innocent)
    )
    return set(bad.values_list("name", flat=True))


def _held(runs: Collection[Manifest], now: datetime) -> set[str]:
    """Runs that a drill has in work; the newest tried by one, and the newest that it restored."""
    drilled = BackupRun.objects.filter(tested_since__gt=now - DRILLED_FOR)
    held = set(drilled.values_list("name", flat=True))
    tried = BackupRun.objects.good().exclude(restore_tested_at=None)
    for rows in (tried, BackupRun.objects.restore_tested()):
        names = set(rows.values_list("name", flat=True))
        held |= set([run.run for run in runs if run.run in names][:1])
    return held


@transaction.atomic
def _mark_removed(report: Pruned, now: datetime) -> None:
    """Say in the rows what this pruning has removed; what is missing besides was not its doing."""
    for row in BackupRun.objects.good().filter(name__in=report.removed).select_for_update():
        left = [place for place in row.destinations if place["name"] != report.destination]
        if any(not place["failure"] for place in left):
            row.destinations = left
        else:
            row.removed_at = now
            audit.record(audit.Action.BACKUP, actor=None, target=row, what="removed", run=row.name)
        row.save(update_fields=["destinations", "removed_at", "updated_at"])


def _say_how_long(now: datetime) -> None:
    """Say in the rows until when the runs stay."""
    rows = list(BackupRun.objects.good().exclude(started_at=None))
    damaged = _damaged()
    candidates = [
        Candidate(
            row.name,
            row.started_at or row.created_at,
            is_safety=row.kind == BackupRun.Kind.SAFETY,
            is_sound=row.name not in damaged,
        )
        for row in rows
    ]
    until = kept_until(candidates, now, policy())
    for row in rows:
        row.kept_until = until[row.name]
    BackupRun.objects.bulk_update(rows, ["kept_until"])


def _short(path: str) -> bytes:
    return blake2b(path.encode(), digest_size=16).digest()
