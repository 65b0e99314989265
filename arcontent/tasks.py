"""Celery tasks of this room: an id in, one call, a retry policy."""

from celery import shared_task
from django.db import OperationalError

from vertexar.queue import requeue_lost

RETRIED = (OperationalError, OSError)


@shared_task(autoretry_for=RETRIED, retry_backoff=5, retry_backoff_max=300, max_retries=5)
def prepare_video(video_id: str) -> None:
    """Make the playable file of one video. Safe to run twice: only one run gets the claim."""
    from arcontent import preparation

    preparation.prepare_video(video_id)


@shared_task
def requeue_lost_videos() -> None:
    """Send what a lost message or a dead worker left behind."""
    from arcontent.models import Video

    requeue_lost(prepare_video, Video.objects.all())
