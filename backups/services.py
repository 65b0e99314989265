"""What may be asked of backups. The work itself is in `backups.performing`."""

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from backups import catalogue, lock, tasks
from backups.catalogue import Copy
from backups.destinations import Destination
from backups.due import last_due
from backups.models import BackupRun
from vertexar.errors import Conflict
from vertexar.leases import JobStatus
from vertexar.queue import wake

if TYPE_CHECKING:
    from backups.making import OnProgress

CLOCKS_DIFFER = timedelta(minutes=5)  # those of who asks at the due moment, and of who is asked
UNDER_WAY = (JobStatus.PENDING, JobStatus.WORKING)


@transaction.atomic
def request_run(*, actor: User | None) -> BackupRun:
    """Have a worker make a backup now.

    Raises:
        Conflict: one is waiting or being made already.
    """
    under_way = BackupRun.objects.filter(status__in=UNDER_WAY)
    if under_way.exclude(pk__in=BackupRun.objects.lost().values("pk")).exists():
        raise Conflict(
            _("A backup is waiting or being made already."),
            code="backup_running",
            hint=_("Wait until it is done."),
        )
    row = _new(BackupRun.Kind.MANUAL, actor=actor)
    wake(tasks.make_backup, row)
    return row


@transaction.atomic
def request_nightly() -> BackupRun:
    """Have a worker make the backup that was due last; asked again, it is still one."""
    zone = timezone.get_default_timezone()
    now = timezone.now()
    due_at = last_due(settings.BACKUP_SCHEDULE, now + CLOCKS_DIFFER, zone) or now
    row, is_new = BackupRun.objects.get_or_create(
        due_at=due_at,
        defaults={"kind": BackupRun.Kind.NIGHTLY, "night": due_at.astimezone(zone).date()},
    )
    if is_new:
        audit.record(audit.Action.BACKUP, actor=None, target=row, what="asked for", kind=row.kind)
    if row.status == JobStatus.PENDING:
        wake(tasks.make_backup, row)
    return row


def back_up_now(
    kind: BackupRun.Kind,
    *,
    actor: User | None,
    on_progress: "OnProgress" = lambda stage, done, total: None,
) -> BackupRun:
    """Make a backup here and now, in this process; the row says how it went.

    What is refused at once leaves no row: nothing was begun, and whoever asked is told.

    Raises:
        NotConfigured: nobody could read it.
        DomainError: a key or a destination can't be understood.
        Conflict: a backup, a restore or a clean-up is running.
    """
    from backups import making, performing  # which need what only workers need

    making.configured()
    with lock.exclusively():
        pass  # nobody is at it; rows of those that were killed don't matter
    row = _new(kind, actor=actor)
    performing.make_backup(str(row.pk), is_patient=False, on_progress=on_progress)
    row.refresh_from_db()
    return row


@transaction.atomic
def request_verification(*, run: BackupRun, actor: User | None) -> None:
    """Have a worker look whether a backup is still what was made.

    Raises:
        Conflict: `no_backup_there`, it was never finished, or was removed.
    """
    _check_is_there(run)
    audit.record(audit.Action.BACKUP, actor=actor, target=run, what="asked to verify", run=run.name)
    wake(tasks.verify_run, run)


@transaction.atomic
def request_drill(*, run: BackupRun, actor: User | None) -> None:
    """Have the drill worker see whether a backup restores.

    Raises:
        Conflict: `no_backup_there`, it was never finished, or was removed.
    """
    _check_is_there(run)
    audit.record(audit.Action.BACKUP, actor=actor, target=run, what="asked to drill", run=run.name)
    wake(tasks.drill_run, run)


def settle_restored(
    copy: Copy, destinations: Collection[Destination], *, signers: Collection[str] | None = None
) -> None:
    """Make the rows of a restored database say what is so now, and write down that it is one.

    Raises:
        Conflict: something else has begun already.
    """
    with lock.exclusively(), transaction.atomic():
        catalogue.adopt(destinations, signers=signers)
        row = BackupRun.objects.filter(name=copy.manifest.run).first()
        audit.record(audit.Action.BACKUP_RESTORED, actor=None, target=row, run=copy.manifest.run)


@transaction.atomic
def _new(kind: BackupRun.Kind, *, actor: User | None) -> BackupRun:
    row = BackupRun.objects.create(kind=kind)
    audit.record(audit.Action.BACKUP, actor=actor, target=row, what="asked for", kind=kind.value)
    return row


def _check_is_there(run: BackupRun) -> None:
    if run.status != JobStatus.READY or run.removed_at is not None:
        raise Conflict(
            _("There is no such backup: it was not finished, or it was removed."),
            code="no_backup_there",
        )
