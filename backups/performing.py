"""The worker's half: backups that rows ask for are made, tried out, and their result written."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

import psycopg
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from backups import bad_media, catalogue, letters, lock, making, postgres, signing, standing, tasks
from backups.catalogue import Copy
from backups.destinations import Destination, DestinationFailed, urls
from backups.drills import MediaDamaged, drill
from backups.encryption import parse_identities
from backups.making import OnProgress
from backups.models import BackupRun
from vertexar.errors import Conflict, DomainError, NotThere
from vertexar.leases import JobStatus, perform
from vertexar.queue import wake

logger = logging.getLogger(__name__)

MAY_PASS: Final = {"pg_dump_failed", "media_store_failed"}  # a migration held a table, S3 was down


class TriedAgain(Exception):
    """It did not work and may work in a while; the row goes back to those that wait."""


class NoDrillIdentity(DomainError):
    """This worker can't read backups, as most should not."""

    code = "no_drill_identity"


def make_backup(
    run_id: str,
    *,
    is_patient: bool = True,
    on_progress: OnProgress = lambda stage, done, total: None,
) -> None:
    """Make the backup of a row, unless another worker has it.

    Args:
        run_id: the row.
        is_patient: whether it is tried again later what may go better then; else the row fails.
        on_progress: see `making.OnProgress`.

    Raises:
        TriedAgain, BlockingIOError: later, for those who are patient.
    """
    rows = BackupRun.objects.filter(pk=run_id)
    attempt = rows.values_list("attempt", flat=True).first()
    work = partial(_work, is_patient=is_patient, on_progress=on_progress)
    perform(BackupRun.objects.all(), run_id, work)
    row = rows.first()
    if row is None or row.attempt == attempt:  # another had it
        return
    if row.status in {JobStatus.READY, JobStatus.FAILED}:
        _after(row)


def _work(row: BackupRun, *, is_patient: bool, on_progress: OnProgress) -> Mapping[str, Any]:
    """Make it; sort what goes wrong into what waiting mends and what it does not."""
    may_try_again = is_patient and row.attempt < settings.MAX_ATTEMPTS
    try:
        return making.make(row, on_progress=on_progress).columns
    except DomainError as error:
        if is_patient and isinstance(error, Conflict):
            raise BlockingIOError(error.message) from error  # counts as no attempt
        if may_try_again and (isinstance(error, DestinationFailed) or error.code in MAY_PASS):
            raise TriedAgain(error.message) from error
        # a row has room for the hint alone, and here the message is what tells
        told = f"{error.message} {error.hint}".strip()
        raise DomainError(error.message, code=error.code, hint=told) from error
    except (OSError, psycopg.OperationalError) as error:
        if may_try_again:
            raise TriedAgain(str(error)) from error
        raise DomainError(str(error), code="backup_failed", hint=str(error)) from error


@transaction.atomic
def _after(row: BackupRun) -> None:
    is_good = row.status == JobStatus.READY
    audit.record(
        audit.Action.BACKUP_MADE if is_good else audit.Action.BACKUP_FAILED,
        actor=None,
        target=row,
        run=row.name,
        failure=row.failure_code,
    )
    if row.failure_code:
        letters.owe(row)
    if is_good and row.kind == BackupRun.Kind.NIGHTLY:
        wake(tasks.prune_old, row)


def try_out(name: str = "") -> BackupRun:
    """Restore a backup beside what is served, compare it with its manifest, and write the result.

    Args:
        name: of the run; the newest by default. Where it lies at several destinations, each has
            its day.

    Raises:
        NoDrillIdentity: not here.
        Conflict: `drill_running`.
        NotThere: `no_such_backup`.
        DestinationFailed: none can be asked, which says nothing of the backup.
    """
    text = settings.BACKUP_DRILL_IDENTITY
    if not text:
        raise NoDrillIdentity(
            "BACKUP_DRILL_IDENTITY is empty, and without it no backup can be read here.",
            hint="Set it for the worker of the queue “drill”, and for no other.",
        )
    identities = parse_identities(text)
    signers = signing.trusted() | signing.signers_in(text)
    destinations = _in_todays_order(urls.configured())
    if not name:
        latest = timezone.now() + standing.CLOCKS_DIFFER
        name = catalogue.newest(destinations, at=latest, signers=signers).manifest.run
    copies = catalogue.copies(name, destinations, signers=signers)
    with lock.drilling():
        row = _row_of(copies)
        _try_out(copies[0], identities, row)
    row.refresh_from_db()
    _after_drill(row)
    return row


def _in_todays_order(destinations: Sequence[Destination]) -> list[Destination]:
    """Begin with another one each day: each is to be seen to restore, not the first alone."""
    first = timezone.localdate().toordinal() % len(destinations) if destinations else 0
    return [*destinations[first:], *destinations[:first]]


def _try_out(copy: Copy, identities: Sequence[Any], row: BackupRun) -> None:
    mine = BackupRun.objects.filter(pk=row.pk)
    mine.update(tested_since=timezone.now())  # retention spares it
    changes: dict[str, Any] = {"tested_since": None}
    try:
        seen = drill(copy, identities, today=timezone.localdate(), server_url=postgres.own_url())
        changes |= {"restore_failure": "", "restore_seconds": seen.seconds}
        changes |= {"restore_tested_at": timezone.now(), "unread_failure": ""}
    except DestinationFailed:
        raise
    except DomainError as error:
        logger.exception("%s does not restore", copy.manifest.run)
        told = f"{error.code}: {copy.destination.name}: {error.message} {error.hint}".strip()
        changes |= {"restore_failure": told}
        changes |= {"restore_tested_at": timezone.now(), "unread_failure": ""}
        if isinstance(error, MediaDamaged):
            bad_media.note(row.name, copy.destination.name, error.keys, are_all=False)
    finally:
        mine.update(**changes, updated_at=timezone.now())


def _row_of(copies: Sequence[Copy]) -> BackupRun:
    """The run's row; one is made for a run of another machine."""
    name = copies[0].manifest.run
    row, _is_new = BackupRun.objects.get_or_create(name=name, defaults=catalogue.columns(copies))
    return row


@transaction.atomic
def note_unread(name: str, failure: DestinationFailed) -> None:
    """Write on a run's row why it could not be looked at, and tell who must know, once.

    Args:
        name: of the run; the newest good one by default.
        failure: after which nobody tries again.
    """
    rows = BackupRun.objects.good().select_for_update()
    if name:
        row = rows.filter(name=name).first()
    else:
        row = rows.exclude(kind=BackupRun.Kind.SAFETY).order_by("-finished_at").first()
    if row is None:
        logger.error("%s can't be read: %s", name or "the newest backup", failure.message)
        return
    is_news = not row.unread_failure
    row.unread_failure = f"{failure.code}: {failure.message} {failure.hint}".strip()
    row.save(update_fields=["unread_failure", "updated_at"])
    if is_news:
        letters.owe(row)


@transaction.atomic
def write_down_drill(name: str, *, failure: str, at: datetime) -> BackupRun:
    """Write on a run's row what was found when it was tried out on another machine.

    Args:
        name: of the run.
        failure: code and message; "" if it restored.
        at: when; aware.

    Raises:
        NotThere: `no_such_backup`, no good run of that name is known here.
        Conflict: `not_then`, it was not made yet, or that is still to come.
    """
    row = BackupRun.objects.good().filter(name=name).select_for_update().first()
    if row is None:
        raise NotThere(f"There is no good backup {name} here.", code="no_such_backup")
    begins = row.finished_at or row.created_at
    if not begins - standing.CLOCKS_DIFFER <= at <= timezone.now() + standing.CLOCKS_DIFFER:
        raise Conflict(
            f"{name} was finished {begins.isoformat()} and can't have been tried out"
            f" {at.isoformat()}.",
            code="not_then",
        )
    row.restore_tested_at, row.restore_failure = at, failure
    row.restore_seconds, row.unread_failure = None, ""
    columns = ["restore_tested_at", "restore_failure", "restore_seconds", "unread_failure"]
    row.save(update_fields=[*columns, "updated_at"])
    _after_drill(row)
    return row


@transaction.atomic
def _after_drill(row: BackupRun) -> None:
    failure = row.restore_failure
    audit.record(audit.Action.BACKUP_TESTED, actor=None, target=row, run=row.name, failure=failure)
    if row.restore_failure:
        letters.owe(row)
