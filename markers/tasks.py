"""Celery tasks of this room: an id in, one call, a retry policy."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from vertexar import memory
from vertexar.queue import requeue_lost, send_for_now, wake

RETRIED = (OperationalError, OSError)
COMPARED_A_SWEEP = 20  # between them, new pictures have their turn


@shared_task(autoretry_for=RETRIED, retry_backoff=5, retry_backoff_max=300, max_retries=5)
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
