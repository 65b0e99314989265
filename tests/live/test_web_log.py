"""What the web server writes of requests, by a real one, started as `manage.py up` starts it."""

import http.client
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from django.db import connection

from tests.live.test_limits import ROOT, answers
from tests.live.test_worker import until
from vertexar.local.up import web_command

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]
TOKEN = "s3cret-t0ken-of-a-mail"
LINKS = (
    f"/account/invitation/{TOKEN}",
    f"/account/verify/MQ/{TOKEN}",
    f"/account/address/MQ/YUBi/{TOKEN}",
    f"/account/password/MQ/{TOKEN}?next=1",
)


def get(port: int, path: str, **headers: str) -> int:
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        server.request("GET", path, headers=headers)
        return server.getresponse().status
    finally:
        server.close()


def test_the_log_of_requests_holds_no_link_of_a_mail(tmp_path: Path) -> None:
    log = tmp_path / "log"
    database = os.environ["DATABASE_URL"].rpartition("/")[0]
    environ = {
        **os.environ,
        "DATABASE_URL": f"{database}/{connection.settings_dict['NAME']}",
        "SECRET_KEY": "only-for-tests-" + "x" * 40,
        "DJANGO_SETTINGS_MODULE": "config.settings.base",
        "JWT_KEYS_DIR": str(tmp_path / "keys"),
        "WEB_CONCURRENCY": "1",
    }
    with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as out:
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
        until(lambda: answers(port), "the web server")
        for link in LINKS:
            get(port, link)
        get(port, "/version", Referer=f"http://127.0.0.1{LINKS[0]}")
        until(lambda: b"GET /version" in log.read_bytes(), "the last line")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    written = log.read_text()
    assert TOKEN not in written
    for kind in ("invitation", "verify", "address", "password"):
        assert f"GET /account/{kind}/… " in written or f"GET /account/{kind}/…?next=1 " in written
