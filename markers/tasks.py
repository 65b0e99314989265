"""Celery tasks of this room: an id in, one call, a retry policy."""

import logging
from datetime import timedelta
from typing import Any

from celery import Task, shared_task
from celery.exceptions import TimeLimitExceeded
from django.conf import settings
from django.db import Error, OperationalError, connection
from django.utils import timezone

from vertexar import memory
from vertexar.queue import requeue_lost, send_for_now, wake

logger = logging.getLogger(__name__)

RETRIED = (OperationalError, OSError)
COMPARED_A_SWEEP = 20  # between them, new pictures have their turn


class Compiling(Task):  # type: ignore[type-arg]  # it takes none when it runs
    """A task whose process may be killed at its hard limit, deep in native code."""

    def on_failure(
        self,
        exc: BaseException,
        task_id: str,
        args: tuple[str, ...],
        kwargs: dict[str, Any],
        einfo: object,
    ) -> None:
        """Write down why, which the killed process can't; the worker's main process is told."""
        if isinstance(exc, TimeLimitExceeded):
            give_up_late(args[0])


def give_up_late(marker_id: str) -> None:
    """Let a marker fail for the time it took. Without the database the sweep tries it once more."""
    from markers.models import Marker

    try:
        late = Marker.objects.filter(pk=marker_id, status=Marker.Status.COMPILING)
        late.update(
            status=Marker.Status.FAILED,
            failure_code="took_too_long",
            failure_hint="",
            lease_id=None,
            leased_at=None,
            updated_at=timezone.now(),
        )
    except Error:
        logger.exception("marker %s: took too long, and can't be said to", marker_id)
    finally:
        connection.close()  # or the processes that are yet to be forked would share it


@shared_task(
    base=Compiling, autoretry_for=RETRIED, retry_backoff=5, retry_backoff_max=300, max_retries=5
)
def compile_marker(marker_id: str) -> None:
    """Compile one marker. Safe to run twice: only one run gets the claim."""
    from markers import alike, compilation  # not at the top: the web must not load OpenCV

    with memory.at_most(settings.COMPILE_MEMORY_MB):
        compilation.compile_marker(marker_id)
    for marker in alike.due().filter(pk=marker_id):
        wake(find_look_alikes, marker)


@shared_task(autoretry_for=RETRIED, retry_backoff=5, retry_backoff_max=300, max_retries=5)
def find_look_alikes(marker_id: str) -> None:
    """Compare one marker with its organisation's others. Safe to run twice."""
    from markers import alike

    alike.find_look_alikes(marker_id)


@shared_task
def requeue_lost_markers() -> None:
    """Send what a lost message or a dead worker left behind."""
    from markers.models import Marker

    requeue_lost(compile_marker, Marker.objects.all())


@shared_task
def compare_left_out_markers() -> None:
    """Send some of those that were never compared: older than that, or their message was lost."""
    from markers import alike

    settled = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS)
    for marker in (
        alike.due().filter(updated_at__lt=settled).order_by("created_at")[:COMPARED_A_SWEEP]
    ):
        send_for_now(find_look_alikes, marker, seconds=settings.SWEEP_SECONDS)
