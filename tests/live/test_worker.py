"""A real worker over a real broker: work done, a worker killed in it, a broker that was away."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from pytest_django import Settings

from arcontent import tasks as content_tasks
from arcontent.models import Video
from markers import tasks
from markers.models import LookAlike, Marker
from tests.arcontent.factories import VideoFactory
from tests.markers.factories import MarkerFactory
from tests.pictures import encode_png, flat
from vertexar.queue import requeue_lost

pytestmark = [
    pytest.mark.live,
    pytest.mark.django_db(transaction=True),
]
ROOT = Path(__file__).parents[2]
PATIENCE_S = 90
LEASE_S = 3


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for another process, and fail with what was waited for."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s for {what}"
        time.sleep(0.05)  # between two looks at another process


def environment(media: Path, **more: str) -> dict[str, str]:
    """What a process of its own needs to work on this test's database and files."""
    server = urlsplit(os.environ["DATABASE_URL"])
    database = connection.settings_dict["NAME"]
    url = urlunsplit(server._replace(path=f"/{database}"))
    return {
        **os.environ,
        "DATABASE_URL": url,
        "SECRET_KEY": "only-for-tests-" + "x" * 40,
        "DJANGO_SETTINGS_MODULE": "config.settings.base",
        "MEDIA_ROOT": str(media),
        "LEASE_SECONDS": str(LEASE_S),
        **more,
    }


@contextmanager
def worker(media: Path, log: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a real worker for all queues, in a process group of its own."""
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-c", "1"]
    command += ["-Q", "default,media,compile", "--without-gossip", "--without-mingle"]
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(media, **more),
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def status_of(row: Marker | Video) -> str:
    return str(type(row)._default_manager.values_list("status", flat=True).get(pk=row.pk))


def test_a_worker_compiles_a_picture_into_a_target(media: Path, tmp_path: Path) -> None:
    marker = MarkerFactory.on_disk()
    tasks.compile_marker.delay(str(marker.pk))

    with worker(media, tmp_path / "log"):
        until(lambda: status_of(marker) == Marker.Status.READY, "the marker")

    marker.refresh_from_db()
    assert default_storage.size(marker.target) > 10_000
    assert default_storage.exists(marker.preview)
    assert marker.quality_score is not None
    assert marker.quality_score > 50
    assert marker.attempt == 1


def test_a_worker_makes_a_video_playable(media: Path, tmp_path: Path, video: bytes) -> None:
    row = VideoFactory.create(
        original=default_storage.save("arcontent/originals/a.upload", ContentFile(video))
    )
    content_tasks.prepare_video.delay(str(row.pk))

    with worker(media, tmp_path / "log"):
        until(lambda: status_of(row) == Video.Status.READY, "the video")

    row.refresh_from_db()
    assert (row.width_px, row.height_px) == (320, 240)
    assert row.duration_s == pytest.approx(1.0, abs=0.2)
    with default_storage.open(row.rendition) as rendition:
        assert rendition.read(12)[4:8] == b"ftyp"


def test_a_picture_with_nothing_on_it_fails_once_with_a_code(media: Path, tmp_path: Path) -> None:
    marker = MarkerFactory.on_disk(png=encode_png(flat()))
    tasks.compile_marker.delay(str(marker.pk))

    with worker(media, tmp_path / "log"):
        until(lambda: status_of(marker) == Marker.Status.FAILED, "the verdict")

    marker.refresh_from_db()
    assert (marker.failure_code, marker.attempt) == ("too_few_features", 1)
    assert marker.failure_hint


def test_a_picture_that_takes_too_much_memory_fails_once_and_the_worker_goes_on(
    media: Path, tmp_path: Path
) -> None:
    too_large = MarkerFactory.on_disk(png=encode_png(flat(width_px=10_000, height_px=8_000)))
    next_one = MarkerFactory.on_disk()
    log = tmp_path / "log"
    for marker in (too_large, next_one):
        tasks.compile_marker.delay(str(marker.pk))

    with worker(media, log, COMPILE_MEMORY_MB="200"):
        until(lambda: status_of(next_one) == Marker.Status.READY, "the next one")

    too_large.refresh_from_db()
    assert (too_large.status, too_large.failure_code) == (Marker.Status.FAILED, "out_of_memory")
    assert too_large.attempt == 1
    assert too_large.failure_hint
    assert "WorkerLostError" not in log.read_text()  # it was the same process


def test_a_worker_compares_what_it_has_compiled(media: Path, tmp_path: Path) -> None:
    first = MarkerFactory.on_disk()
    second = MarkerFactory.on_disk(organization=first.organization)
    for marker in (first, second):
        tasks.compile_marker.delay(str(marker.pk))

    with worker(media, tmp_path / "log"):
        until(lambda: LookAlike.objects.exists(), "the pair")

    found = LookAlike.objects.get()
    assert (found.marker, found.other) == (second, first)
    assert found.likeness == 1.0


def test_what_a_killed_worker_held_is_picked_up_by_the_next(
    media: Path, tmp_path: Path, settings: Settings
) -> None:
    settings.LEASE_SECONDS = LEASE_S
    # A pipe for a picture: the worker is surely in the middle of its work while it reads it.
    marker = MarkerFactory.on_disk()
    path = Path(default_storage.path(marker.picture))
    png = path.read_bytes()
    path.unlink()
    os.mkfifo(path)
    tasks.compile_marker.delay(str(marker.pk))

    with worker(media, tmp_path / "log") as doomed:
        until(lambda: status_of(marker) == Marker.Status.COMPILING, "the claim")
        os.killpg(doomed.pid, signal.SIGKILL)
        doomed.wait()
    path.unlink()
    path.write_bytes(png)
    assert status_of(marker) == Marker.Status.COMPILING

    until(lambda: marker in Marker.objects.all().lost(), "the lease's end")
    requeue_lost(tasks.compile_marker, Marker.objects.all())
    with worker(media, tmp_path / "log"):
        until(lambda: status_of(marker) == Marker.Status.READY, "the second worker")

    marker.refresh_from_db()
    assert marker.attempt == 2


SEND = """
import django; django.setup()
from django.db import transaction
from markers import tasks
from markers.models import LookAlike, Marker
from vertexar.queue import wake
with transaction.atomic():
    wake(tasks.compile_marker, Marker.objects.get())
print("went on")
"""


def test_without_a_broker_the_row_stays_and_the_sweep_sends_it_later(
    media: Path, tmp_path: Path, settings: Settings
) -> None:
    settings.LEASE_SECONDS = LEASE_S
    marker = MarkerFactory.on_disk()

    sent = subprocess.run(
        [sys.executable, "-c", SEND],
        cwd=ROOT,
        env=environment(media, REDIS_URL="redis://127.0.0.1:1/0"),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )

    assert "went on" in sent.stdout
    assert "not sent, the sweep will" in sent.stderr
    assert status_of(marker) == Marker.Status.PENDING
    until(lambda: marker in Marker.objects.all().lost(), "its time")
    assert requeue_lost(tasks.compile_marker, Marker.objects.all()) == 1
    with worker(media, tmp_path / "log"):
        until(lambda: status_of(marker) == Marker.Status.READY, "the worker")


def test_a_broker_that_hangs_does_not_hang_an_upload(media: Path) -> None:
    marker = MarkerFactory.on_disk()
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes connections, never answers
        url = f"redis://127.0.0.1:{mute.getsockname()[1]}/0"

        sent = subprocess.run(
            [sys.executable, "-c", SEND],
            cwd=ROOT,
            env=environment(media, REDIS_URL=url),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        )

    assert "went on" in sent.stdout
    assert "not sent, the sweep will" in sent.stderr
    assert status_of(marker) == Marker.Status.PENDING
