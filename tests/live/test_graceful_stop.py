"""SIGTERM in the midst of work: the web answers whom it has heard, a worker ends what it began."""

import http.client
import os
import signal
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from django.core.files.storage import default_storage
from django.db import connection, transaction

from arcontent.models import ARContent
from markers import tasks
from markers.models import Marker
from tests.arcontent.factories import ready_content
from tests.live.test_limits import ROOT, answers
from tests.live.test_worker import environment, status_of, until, worker
from tests.markers.factories import MarkerFactory
from vertexar.local.up import web_command

pytestmark = [
    pytest.mark.live,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("worker"),
]
THREADS = 8  # of a web process
HELD = 3 * THREADS  # more than are worked on: some wait for a thread
CLIENTS = 24
STOP_S = 60


class Web:
    """gunicorn with two processes, as `manage.py up` starts it."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log

    def ask(self, path: str) -> http.client.HTTPConnection:
        server = http.client.HTTPConnection("127.0.0.1", self.port, timeout=STOP_S)
        server.request("GET", path)
        return server

    def get(self, path: str) -> int:
        return status_from(self.ask(path))

    def stop(self) -> None:
        """Tell it to stop, and wait until it has heard."""
        self.process.send_signal(signal.SIGTERM)
        until(lambda: b"Handling signal: term" in self.log.read_bytes(), "the signal's arrival")


def status_from(server: http.client.HTTPConnection) -> int:
    """Wait for the whole answer."""
    try:
        response = server.getresponse()
        response.read()
        return response.status
    finally:
        server.close()


@contextmanager
def serving(media: Path, log: Path) -> Iterator[Web]:
    environ = environment(media, WEB_CONCURRENCY="2", JWT_KEYS_DIR=str(log.with_name("keys")))
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener, log.open("wb") as out:
        port = int(listener.getsockname()[1])
        process = subprocess.Popen(
            web_command(listener.fileno()),
            cwd=ROOT,
            env=environ,
            stdout=out,
            stderr=out,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
    try:
        until(lambda: log.read_bytes().count(b"Booting worker") == 2, "both processes")
        until(lambda: answers(port), "the web server")
        yield Web(process, port, log)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def waiting_for_the_lock() -> int:
    """Count the requests that wait in the database; asked beside the transaction with the lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE datname = current_database() AND NOT granted"
        )
        return int(cursor.fetchone()[0])


def test_requests_under_way_are_answered_before_the_web_stops(media: Path, tmp_path: Path) -> None:
    path = f"/ar/{ready_content().code}/manifest"

    with serving(media, tmp_path / "log") as web:
        web.get(path)
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {ARContent._meta.db_table} IN ACCESS EXCLUSIVE MODE")
            asked = [web.ask(path) for _number in range(HELD)]
            until(lambda: waiting_for_the_lock() >= THREADS, "requests in the midst of work")
            web.stop()
        answered = Counter(map(status_from, asked))

        exit_code = web.process.wait(timeout=STOP_S)

    assert answered == {200: HELD}
    assert exit_code == 0


def test_nobody_who_got_a_connection_is_left_without_an_answer(media: Path, tmp_path: Path) -> None:
    path = f"/ar/{ready_content().code}/manifest"

    def ask_until_refused(web: Web) -> Counter[str]:
        counted: Counter[str] = Counter()
        while True:
            try:
                counted[str(web.get(path))] += 1
            except ConnectionRefusedError:
                return counted
            except (OSError, http.client.HTTPException) as error:
                counted[type(error).__name__] += 1

    with serving(media, tmp_path / "log") as web, ThreadPoolExecutor(CLIENTS) as pool:
        web.get(path)
        asking = [pool.submit(ask_until_refused, web) for _number in range(CLIENTS)]
        until(lambda: web.log.read_bytes().count(b"/manifest") > 3 * CLIENTS, "a busy web")
        web.process.send_signal(signal.SIGTERM)
        answered = sum((one.result() for one in asking), Counter())
        exit_code = web.process.wait(timeout=STOP_S)

    assert set(answered) == {"200"}, answered
    assert exit_code == 0


def test_a_reload_under_load_answers_all_and_goes_on(media: Path, tmp_path: Path) -> None:
    path = f"/ar/{ready_content().code}/manifest"
    reloaded = Event()

    def ask_until_reloaded(web: Web) -> Counter[int]:
        counted = Counter([web.get(path)])
        while not reloaded.is_set():
            counted[web.get(path)] += 1
        return counted

    with serving(media, tmp_path / "log") as web, ThreadPoolExecutor(CLIENTS) as pool:
        web.get(path)
        asking = [pool.submit(ask_until_reloaded, web) for _number in range(CLIENTS)]
        try:
            web.process.send_signal(signal.SIGHUP)
            until(lambda: web.log.read_bytes().count(b"Worker exiting") == 2, "the old processes")
        finally:
            reloaded.set()
        answered = sum((one.result() for one in asking), Counter[int]())
        afterwards = web.get(path)

    assert set(answered) == {200}
    assert afterwards == 200


def test_a_worker_told_to_stop_ends_its_task_and_leaves_the_next_to_others(
    media: Path, tmp_path: Path
) -> None:
    # A pipe for a picture: the worker is surely in the middle of its work while it reads it.
    slow, next_one = MarkerFactory.on_disk(), MarkerFactory.on_disk()
    path = Path(default_storage.path(slow.picture))
    png = path.read_bytes()
    path.unlink()
    os.mkfifo(path)
    tasks.compile_marker.delay(str(slow.pk))
    log = tmp_path / "log"

    with worker(media, log) as stopped:
        until(lambda: status_of(slow) == Marker.Status.COMPILING, "the claim")
        tasks.compile_marker.delay(str(next_one.pk))
        stopped.send_signal(signal.SIGTERM)
        until(lambda: "Warm shutdown" in log.read_text(), "the signal's arrival")
        _fill(path, png)
        exit_code = stopped.wait(timeout=STOP_S)
    slow.refresh_from_db()
    ended, left = slow.status, status_of(next_one)
    with worker(media, log):  # nobody sweeps here: the message itself is still in the queue
        until(lambda: status_of(next_one) == Marker.Status.READY, "the next worker")

    next_one.refresh_from_db()
    assert exit_code == 0
    assert (ended, slow.attempt) == (Marker.Status.READY, 1)
    assert left == Marker.Status.PENDING
    assert next_one.attempt == 1


def _fill(pipe: Path, content: bytes) -> None:
    """Give a pipe's reader what it waits for, and later readers a plain file."""
    plain = pipe.with_suffix(".plain")
    plain.write_bytes(content)
    with pipe.open("wb") as writer:
        plain.replace(pipe)
        writer.write(content)
