"""A web of two processes, a worker and beat, looked at from outside: their lines, their counts."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
import requests
from django.conf import settings as django_settings
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from arcontent.models import ARContent, ContentStatus
from tests.accounts.factories import PASSWORD, MembershipFactory
from tests.live.test_limits import answers
from tests.live.test_worker import ROOT, environment, until
from vertexar.local.up import web_command
from vertexar.observe import read, watching

pytestmark = [
    pytest.mark.live,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("worker"),
]
REQUEST_ID = "upload-to-be-followed-1"
PROXY = {"X-Forwarded-For": "203.0.113.77", "X-Forwarded-Proto": "http"}
QUEUES = "default,media,compile,backup"  # all that somebody must take from
TOKEN = "metrics-token-of-the-test"


class System:
    """What runs, and what it leaves behind."""

    def __init__(self, port: int, logs: Path, worker: "subprocess.Popen[bytes]") -> None:
        self.url, self.logs, self.worker = f"http://127.0.0.1:{port}", logs, worker

    def lines(self, **wanted: str) -> list[dict[str, Any]]:
        """The lines of all processes with these values."""
        text = (self.logs / "vertexar.log").read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        return [line for line in lines if wanted.items() <= line.items()]

    def reading(self) -> Callable[..., float]:
        """What one look tells: the sum of the samples with a name and labels, of all processes."""
        page = requests.get(
            f"{self.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30
        )
        assert page.status_code == 200
        families = list(text_string_to_metric_families(page.text))
        samples = [sample for family in families for sample in family.samples]

        def value(name: str, **labels: str) -> float:
            return sum(
                sample.value
                for sample in samples
                if sample.name == name and labels.items() <= sample.labels.items()
            )

        return value

    def value(self, name: str, **labels: str) -> float:
        """The same, of a look of its own."""
        return self.reading()(name, **labels)


@contextmanager
def process(command: list[str], environ: dict[str, str], out: Path, **more: Any) -> Iterator[Any]:
    with out.open("ab") as stream:
        running = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=stream, stderr=stream, start_new_session=True,
            **more,
        )  # fmt: skip
    try:
        yield running
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


@pytest.fixture
def system(media: Path, tmp_path: Path) -> Iterator[System]:
    redis.Redis.from_url(django_settings.REDIS_URL).delete("vertexar:beat")
    environ = environment(
        media,
        JWT_KEYS_DIR=str(tmp_path / "keys"),
        LOG_DIR=str(tmp_path / "logs"),
        METRICS_DIR=str(tmp_path / "metrics"),
        METRICS_TOKEN=TOKEN,
        NUM_PROXIES="1",
        RATE_LIMIT_ENABLED="true",
        SWEEP_SECONDS="2",
        WEB_CONCURRENCY="2",
    )
    celery = [sys.executable, "-m", "celery", "-A", "config"]
    work = [*celery, "worker", "-c", "1", "-Q", QUEUES, "--without-mingle"]
    beat = [*celery, "beat", "--schedule", str(tmp_path / "schedule"), "--pidfile="]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, fd = int(listener.getsockname()[1]), listener.fileno()
        with (
            process(web_command(fd), environ, tmp_path / "web", pass_fds=[fd]),
            process(work, environ, tmp_path / "worker") as worker,
            process(beat, environ, tmp_path / "beat"),
        ):
            until(lambda: answers(port), "the web server")
            yield System(port, tmp_path / "logs", worker)


def test_an_upload_is_followed_by_its_id_and_counted_by_every_process(
    system: System, picture: bytes, video: bytes, settings: Settings
) -> None:
    settings.PASSWORD_HASHERS = ["vertexar.passwords.Argon2"]  # as the server has it
    person = MembershipFactory.create(role="owner", user__username="ophelia").user

    login = requests.post(
        f"{system.url}/api/v1/auth/login",
        json={"username": "ophelia", "password": PASSWORD},
        headers=PROXY,
        timeout=30,
    )
    bearer = {"Authorization": f"Bearer {login.json()['access_token']}"}
    uploaded = requests.post(
        f"{system.url}/api/v1/contents?client=ophelia",
        data={"title": "Harbour"},
        files={"image": ("a.png", picture), "video": ("a.mp4", video)},
        headers={**PROXY, **bearer, "X-Request-ID": REQUEST_ID},
        timeout=60,
    )
    assert uploaded.status_code == 202, uploaded.text
    assert uploaded.headers["X-Request-ID"] == REQUEST_ID

    content = ARContent.objects.get()
    until(lambda: ARContent.objects.get().status is ContentStatus.READY, "the content")
    for _each in range(6):  # new connections: both processes get some
        beacon = {"code": content.code, "event": "found"}
        requests.post(f"{system.url}/api/v1/events", json=beacon, headers=PROXY, timeout=30)

    def is_followed() -> bool:
        done = system.lines(message="task_succeeded", request_id=REQUEST_ID)
        return len(done) >= 2

    until(is_followed, "the tasks' last lines")
    followed = system.lines(request_id=REQUEST_ID)
    begun = {line.get("task") for line in followed if line["message"] == "task_started"}
    assert {"markers.tasks.compile_marker", "arcontent.tasks.prepare_video"} <= begun
    [access] = [line for line in followed if line["logger"] == "gunicorn.access"]
    assert access["message"] == "POST /api/v1/contents 202"
    assert access["duration_ms"] > 0
    written = "".join(file.read_text() for file in system.logs.iterdir())
    for personal in (person.email, "ophelia", PROXY["X-Forwarded-For"]):
        assert personal not in written, personal

    value = system.reading()  # one look: a task that is sent twice may end between two
    compiled = {"task": "markers.tasks.compile_marker"}
    ran = value("vertexar_task_seconds_count", **compiled)
    assert ran >= 1  # a busy machine's queue may be told of it twice
    assert value("vertexar_tasks_total", state="succeeded", **compiled) == ran
    assert value("vertexar_task_wait_seconds_count", **compiled) == ran
    compiles = value("vertexar_compile_seconds_count")
    assert 1 <= compiles <= ran
    assert value("vertexar_quality_score_sum") > 0
    assert value("vertexar_viewer_events_total", event="found") == 6
    uploads = {"view": "api:contents", "method": "POST"}
    assert value("django_http_requests_latency_seconds_by_view_method_count", **uploads) == 1
    for role in ("web", "worker"):
        assert value("vertexar_process_resident_memory_bytes", role=role) > 10_000_000
        assert value("vertexar_process_cpu_seconds_total", role=role) > 0
    until(lambda: system.value("vertexar_workers", queue="compile") == 1, "the worker's word")
    until(lambda: system.value("vertexar_beat_last_sent_timestamp_seconds") > 0, "beat")

    system.worker.send_signal(signal.SIGTERM)
    system.worker.wait(60)
    assert system.value("vertexar_workers", queue="compile") == 0
    assert (
        system.value("vertexar_compile_seconds_count") >= compiles
    )  # what it did is not forgotten


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="there is no prometheus")
def test_prometheus_sees_the_system_and_tells_when_a_worker_is_killed(
    system: System, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yml"  # ours, that wait for nothing
    ours = (ROOT / "docker" / "prometheus" / "rules" / "system.yml").read_text()
    rules.write_text(re.sub(r"\bfor: \w+", "for: 0s", ours))
    until(lambda: system.value("vertexar_workers", queue="compile") == 1, "the worker")

    with watching(system.url, token=TOKEN, rules=[rules]) as prometheus:
        assert prometheus.sees_it()
        assert "WorkerGone" not in prometheus.firing()
        os.killpg(system.worker.pid, signal.SIGKILL)
        until(lambda: "WorkerGone" in prometheus.firing(), "the alert")
        signals = {name: value for _, name, value, _ in read(prometheus)}

    assert signals["requests a second"]
    assert signals["of 100 answers are 5xx"] == 0
    assert 0 < (signals["95 of 100 within"] or 0) < 10
    assert signals["queues without a worker"]
    assert None not in signals.values()
