"""Signing in at a real server of several processes, hit by many at once."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection
from pytest_django import Settings

from accounts.models import AuditEntry, User
from tests.accounts.factories import PASSWORD, MembershipFactory

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).parents[2]
PATIENCE_S = 60
AT_ONCE = 40
HERE, ELSEWHERE = "203.0.113.7", "203.0.113.8"


@pytest.fixture
def anna(settings: Settings) -> User:
    settings.PASSWORD_HASHERS = ["vertexar.passwords.Argon2"]  # as the server has it
    return MembershipFactory.create(user__username="anna").user


@contextmanager
def serving(log: Path, **more: str) -> Iterator[int]:
    """Run gunicorn with four processes of eight threads, and tell its port."""
    server = urlsplit(os.environ["DATABASE_URL"])
    url = urlunsplit(server._replace(path=f"/{connection.settings_dict['NAME']}"))
    environ = {
        **os.environ,
        "DATABASE_URL": url,
        "SECRET_KEY": "only-for-tests-" + "x" * 40,
        "DJANGO_SETTINGS_MODULE": "config.settings.base",
        "JWT_KEYS_DIR": str(log.with_name("keys")),
        "NUM_PROXIES": "1",
        **more,
    }
    with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as out:
        port = int(listener.getsockname()[1])
        command = [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}"]
        command += ["--workers", "4", "--worker-class", "gthread", "--threads", "8"]
        command += ["--no-control-socket", "config.wsgi"]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environ,
            stdout=out,
            stderr=out,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + PATIENCE_S
        while log.read_bytes().count(b"Booting worker") < 4 or not answers(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, f"not ready in {PATIENCE_S} s: {log.read_text()}"
            time.sleep(0.1)  # between two looks at another process
        yield port
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(port: int) -> bool:
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        server.request("GET", "/health/live")
        return server.getresponse().status == 200
    except OSError:
        return False
    finally:
        server.close()


def sign_in(
    port: int, name: str, password: str, *, ip: str = HERE, path: str = "/api/v1/auth/login"
) -> tuple[int, str]:
    """Try once; the status, and the code of the problem if it is one."""
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    headers = {"Content-Type": "application/json", "X-Forwarded-For": f"10.0.0.1, {ip}"}
    try:
        body = json.dumps({"username": name, "password": password})
        server.request("POST", path, body, headers)
        response = server.getresponse()
        problem = json.load(response).get("type", "")
        return response.status, str(problem).rpartition(":")[2]
    finally:
        server.close()


def all_at_once(port: int, names: list[str], *, ip: str = HERE) -> Counter[tuple[int, str]]:
    """Try each name with a wrong password, side by side."""
    together = Barrier(len(names))

    def ask(name: str) -> tuple[int, str]:
        together.wait()
        return sign_in(port, name, "wrong", ip=ip)

    with ThreadPoolExecutor(len(names)) as pool:
        return Counter(pool.map(ask, names))


def test_of_tries_side_by_side_exactly_as_many_as_allowed_are_judged(
    anna: User, tmp_path: Path
) -> None:
    with serving(tmp_path / "log", RATE_LIMIT_ENABLED="false") as port:
        answered = all_at_once(port, ["anna"] * AT_ONCE)

        here = sign_in(port, "anna", PASSWORD)
        elsewhere = sign_in(port, "anna", PASSWORD, ip=ELSEWHERE)

    assert answered == {(401, "wrong_credentials"): 5, (429, "locked_out"): AT_ONCE - 5}
    assert here == (429, "locked_out")
    assert elsewhere == (200, "")
    assert AuditEntry.objects.filter(action="login.failed").count() == 5
    assert AuditEntry.objects.filter(action="login.locked_out").count() == 1


def test_of_requests_side_by_side_exactly_as_many_as_allowed_get_through(tmp_path: Path) -> None:
    # A day, since a minute could end in the middle; an address that no other run has counted.
    ip = f"2001:db8:{os.getpid() % 0xFFFF:x}:{time.time_ns() % 0xFFFF:x}::1"
    with serving(tmp_path / "log", AUTH_RATE_LIMIT="5/day") as port:
        answered = all_at_once(port, [f"name {n}" for n in range(AT_ONCE)], ip=ip)

    assert answered == {(401, "wrong_credentials"): 5, (429, "too_many_requests"): AT_ONCE - 5}
