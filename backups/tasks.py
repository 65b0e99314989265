"""Celery tasks of this room: an id in, one call, a retry policy."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from celery import Task, shared_task
from django.db import OperationalError

from backups.destinations.base import DestinationFailed
from vertexar.errors import Conflict
from vertexar.long_tasks import LongTask
from vertexar.queue import requeue_lost

logger = logging.getLogger(__name__)

RETRIED = (OperationalError, psycopg.OperationalError, OSError)
LOOKED_AT_AGAIN: Final[dict[str, Any]] = {
    "base": LongTask,
    "autoretry_for": (*RETRIED, DestinationFailed),
    "retry_backoff": 60,  # seconds, doubled each time, up to ten minutes
    "max_retries": 5,
}


@shared_task(base=LongTask, autoretry_for=RETRIED, retry_backoff=60, max_retries=5)
def make_backup(run_id: str) -> None:
    """Make one backup. Safe to run twice: only one run gets the claim."""
    from backups import performing

    performing.make_backup(run_id)


@shared_task(autoretry_for=RETRIED, retry_backoff=60, max_retries=5)
def start_nightly() -> None:
    """Ask for tonight's backup."""
    from backups import services

    services.request_nightly()


@shared_task
def requeue_lost_backups() -> None:
    """Send what a lost message or a dead worker left behind, and letters that were not sent."""
    from backups import letters
    from backups.models import BackupRun

    requeue_lost(make_backup, BackupRun.objects.all())
    letters.send_overdue()


@shared_task(base=LongTask, autoretry_for=(*RETRIED, Conflict), retry_backoff=60, max_retries=8)
def prune_old(run_id: str) -> None:
    """Remove what retention does not keep, after a run that was added."""
    from backups import pruning
    from backups.destinations import urls

    for report in pruning.prune(urls.configured()):
        logger.info("after %s: %s", run_id, report)


@shared_task(bind=True, **LOOKED_AT_AGAIN)
def verify_run(self: "Task[[str], None]", run_id: str) -> None:
    """Look whether a backup is still what was made; the result is on its row."""
    from backups import lock, verification
    from backups.destinations import urls
    from backups.models import BackupRun

    run = BackupRun.objects.good().filter(pk=run_id).first()
    if run is not None:
        with _once(), _noting(self, run.name), lock.verifying(run.name):
            verification.verify_everywhere(run.name, urls.configured())


@shared_task(bind=True, **LOOKED_AT_AGAIN)
def drill_run(self: "Task[[str], None]", run_id: str) -> None:
    """See whether one backup restores."""
    from backups import performing
    from backups.models import BackupRun

    run = BackupRun.objects.good().filter(pk=run_id).first()
    if run is not None:
        with _once(), _noting(self, run.name):
            performing.try_out(run.name)


@shared_task(bind=True, **LOOKED_AT_AGAIN)
def drill_newest(self: "Task[[], None]") -> None:
    """See whether the newest backup restores, where somebody is meant to."""
    from django.conf import settings

    from backups import performing

    if settings.BACKUP_DRILL_IDENTITY:
        with _once(), _noting(self):
            performing.try_out()
    else:
        logger.info("no drill: BACKUP_DRILL_IDENTITY is empty")


@shared_task(autoretry_for=RETRIED, retry_backoff=60, max_retries=3)
def tell_of_failure(run_id: str) -> None:
    """Write to those who must know that a backup failed, or does not restore."""
    from backups import letters

    letters.tell_of_failure(run_id)


@contextmanager
def _once() -> Iterator[None]:
    """Let go of a message whose work is under way; `LongTask` of one that comes after its end."""
    try:
        yield
    except Conflict as conflict:
        logger.info("%s", conflict.message)


@contextmanager
def _noting(task: "Task[..., None]", name: str = "") -> Iterator[None]:
    """Write down that a destination can't be reached when it is not tried again."""
    from backups import performing

    try:
        yield
    except DestinationFailed as failure:
        if task.request.retries == task.max_retries:
            performing.note_unread(name, failure)
        raise
