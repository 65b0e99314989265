"""Waking a worker: the one place from which tasks are sent."""

import logging
from collections.abc import Iterable
from functools import partial

from celery import Task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis import RedisError

from vertexar.leases import LeasedModel, LeasedQuerySet, Row

logger = logging.getLogger(__name__)


def wake(task: "Task[[str], None]", row: LeasedModel) -> None:
    """Send a task for a row once the row is committed; with no broker, leave it to the sweep."""
    transaction.on_commit(partial(_send, task, str(row.pk)))


def requeue_lost(task: "Task[[str], None]", rows: LeasedQuerySet[Row]) -> int:
    """Send the task again for each row that a lost message or a dead worker left behind."""
    lost: Iterable[Row] = rows.lost().only("pk").order_by("queued_at")[:1000]
    sent = 0
    for row in lost:
        type(row)._default_manager.filter(pk=row.pk).update(queued_at=timezone.now())
        sent += _send(task, str(row.pk))
    return sent


def send_for_now(task: "Task[[str], None]", row: LeasedModel, *, seconds: float) -> bool:
    """Send a task that a sweep sends again: it is dropped when nobody takes it within so long."""
    return _send(task, str(row.pk), expires_s=seconds)


def _send(task: "Task[[str], None]", row_id: str, *, expires_s: float | None = None) -> bool:
    try:
        if expires_s is None:
            task.delay(row_id)
        else:
            task.apply_async((row_id,), expires=expires_s)
    except (OperationalError, RedisError, OSError) as error:  # away, or there and mute
        logger.warning("%s %s: not sent, the sweep will: %s", task.name, row_id, error)
        return False
    return True
