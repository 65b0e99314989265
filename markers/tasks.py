"""Celery tasks of this room: an id in, one call, a retry policy."""

from celery import shared_task
from django.db import OperationalError

from vertexar.queue import requeue_lost

RETRIED = (OperationalError, OSError)


@shared_task(autoretry_for=RETRIED, retry_backoff=5, retry_backoff_max=300, max_retries=5)
def compile_marker(marker_id: str) -> None:
    """Compile one marker. Safe to run twice: only one run gets the claim."""
    from markers import compilation  # not at the top: the web process must not load OpenCV

    compilation.compile_marker(marker_id)


@shared_task
def requeue_lost_markers() -> None:
    """Send what a lost message or a dead worker left behind."""
    from markers.models import Marker

    requeue_lost(compile_marker, Marker.objects.all())
