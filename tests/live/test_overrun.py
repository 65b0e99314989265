"""Work that goes on past the hard limit, where its process is killed and can say nothing."""

import os
from pathlib import Path
from typing import Any

import pytest

from markers import tasks
from markers.models import Marker
from tests.live.test_worker import status_of, until, worker
from tests.markers.factories import MarkerFactory

pytestmark = [
    pytest.mark.live,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("worker"),
]
HARD_LIMIT_S = 6  # in which a worker starts and claims, however busy the machine is
# The soft limit interrupts what is Python, as everything is that a test can make slow.
WITHOUT_SOFT_LIMIT = """
from config.settings.base import *
CELERY_TASK_ANNOTATIONS = {}
CELERY_TASK_SOFT_TIME_LIMIT = None
"""


def test_a_picture_whose_worker_is_killed_for_its_time_fails_once_and_says_so(
    media: Path, tmp_path: Path
) -> None:
    (tmp_path / "only_hard.py").write_text(WITHOUT_SOFT_LIMIT)
    slow = MarkerFactory.create(picture="markers/pictures/slow.png")
    (media / "markers/pictures").mkdir(parents=True)
    os.mkfifo(media / slow.picture)  # which nobody writes: reading it never ends
    limits: dict[str, Any] = {"time_limit": HARD_LIMIT_S, "soft_time_limit": None}
    tasks.compile_marker.apply_async((str(slow.pk),), **limits)
    log = tmp_path / "log"

    with worker(media, log, DJANGO_SETTINGS_MODULE="only_hard", PYTHONPATH=str(tmp_path)):
        until(lambda: status_of(slow) == Marker.Status.FAILED, "the verdict")

    slow.refresh_from_db()
    assert (slow.failure_code, slow.attempt) == ("took_too_long", 1)
    assert (slow.lease_id, slow.leased_at) == (None, None)
    assert "Hard time limit" in log.read_text()
