"""Waking workers through a real broker."""

import json
from unittest.mock import patch

import pytest
import redis
from celery import Task
from django.conf import settings as django_settings
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from markers import tasks
from markers.models import Marker
from tests.markers.factories import MarkerFactory
from vertexar.queue import requeue_lost, send_for_now, wake

pytestmark = pytest.mark.django_db


def queued_ids(queue: str) -> set[str]:
    """The arguments of the messages that wait in a queue of the real broker."""
    client = redis.Redis.from_url(django_settings.REDIS_URL)
    headers = [json.loads(message)["headers"] for message in client.lrange(queue, 0, -1)]
    client.close()
    return {header["argsrepr"] for header in headers}


def test_a_task_is_sent_only_after_the_commit(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    marker = MarkerFactory.create()
    message = f"('{marker.pk}',)"

    with django_capture_on_commit_callbacks(execute=True):
        wake(tasks.compile_marker, marker)
        assert message not in queued_ids("compile")

    assert message in queued_ids("compile")


def test_the_sweep_sends_each_lost_row_once_a_lease(settings: Settings) -> None:
    marker = MarkerFactory.create()
    settings.LEASE_SECONDS = 0

    sent = requeue_lost(tasks.compile_marker, Marker.objects.filter(pk=marker.pk))

    settings.LEASE_SECONDS = 60
    assert sent == 1
    assert requeue_lost(tasks.compile_marker, Marker.objects.filter(pk=marker.pk)) == 0
    assert f"('{marker.pk}',)" in queued_ids("compile")


@pytest.mark.parametrize("task", [tasks.compile_marker, tasks.find_look_alikes])
def test_work_on_a_picture_has_less_time_than_other_work(
    settings: Settings, task: "Task[[str], None]"
) -> None:
    assert task.soft_time_limit == settings.COMPILE_SECONDS
    assert task.time_limit is not None
    assert settings.COMPILE_SECONDS < task.time_limit < settings.CELERY_TASK_SOFT_TIME_LIMIT


def test_a_task_sent_for_now_is_dropped_when_nobody_takes_it_in_time() -> None:
    marker = MarkerFactory.build()

    with patch.object(tasks.find_look_alikes, "apply_async") as send:
        assert send_for_now(tasks.find_look_alikes, marker, seconds=30)

    send.assert_called_once_with((str(marker.pk),), expires=30)
