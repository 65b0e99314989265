"""docker/deploy.sh with a real nginx before two gunicorns, while people go on asking."""

import http.client
import itertools
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from arcontent.models import DailyStat
from tests import nginx
from tests.arcontent.factories import ready_content
from tests.live.test_limits import ROOT
from tests.live.test_worker import environment, until

pytestmark = [
    pytest.mark.live,
    pytest.mark.xdist_group("nginx"),
    pytest.mark.skipif(nginx.PROGRAM is None, reason="nginx is not installed"),
    pytest.mark.django_db(transaction=True),
]
CLIENTS = 6
PAUSE_S = 0.1  # of a client between two requests: the load is bounded
DEPLOY_S = 90


@dataclass(frozen=True, slots=True)
class Site:
    """nginx, and a folder where the two colours live."""

    folder: Path
    server: nginx.Nginx
    environ: dict[str, str]

    def deploy(self, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        command = [str(ROOT / "docker" / "deploy.sh"), *words]
        return subprocess.run(
            command,
            env=self.environ | more,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=DEPLOY_S,
            check=False,
        )

    @property
    def status(self) -> str:
        return self.deploy("status").stdout

    def is_up(self, colour: str) -> bool:
        pid = self.folder / f"{colour}.pid"
        return pid.exists() and psutil.pid_exists(int(pid.read_text() or 0))

    def answered_by(self, colour: str) -> int:
        log = self.folder / f"{colour}.log"
        return log.read_text().count('"path": "/ar/') if log.exists() else 0

    def ask(self, method: str, path: str) -> int | str:
        """Ask on a new connection; the status, or what went wrong."""
        server = http.client.HTTPSConnection(
            "127.0.0.1", self.server.port, timeout=60, context=self.server.trust
        )
        try:
            server.request(method, path)
            response = server.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        else:
            return response.status
        finally:
            server.close()


@pytest.fixture
def site(tmp_path: Path, media: Path) -> Iterator[Site]:
    tmp_path.chmod(0o755)
    ports = nginx.free_ports(2)
    try:
        with nginx.nginx_before(tmp_path / "nginx", web_ports=ports[:1]) as server:
            environ = environment(
                media,
                PUBLIC_URL=f"https://127.0.0.1:{server.port}",
                JWT_KEYS_DIR=str(tmp_path / "keys"),
                NUM_PROXIES="1",
                RATE_LIMIT_ENABLED="false",
                WEB_CONCURRENCY="1",
                LOG_FORMAT="json",
                DEPLOY_DRIVER=str(Path(__file__).with_name("local_driver.sh")),
                DEPLOY_STATE=str(tmp_path / "state"),
                DEPLOY_UPSTREAM=str(tmp_path / "nginx" / "site" / "upstream.conf"),
                DEPLOY_POLL_SECONDS="0.1",
                DEPLOY_READY_SECONDS="30",
                DEPLOY_WATCH_SECONDS="1",
                DEPLOY_DRAIN_SECONDS="2",
                FOLDER=str(tmp_path),
                BLUE_PORT=str(ports[0]),
                GREEN_PORT=str(ports[1]),
                NGINX=str(nginx.PROGRAM),
                NGINX_PORT=str(server.port),
                PYTHON=sys.executable,
            )
            yield Site(tmp_path, server, environ)
    finally:
        for pid in tmp_path.glob("*.pid"):
            _kill_family(int(pid.read_text()))


def _kill_family(pid: int) -> None:
    if psutil.pid_exists(pid):
        master = psutil.Process(pid)
        for process in (master, *master.children(recursive=True)):
            process.kill()


@contextmanager
def asked_all_the_time(site: Site) -> Iterator[Counter[tuple[str, int | str]]]:
    """Have people open a content and click on it; count what they are answered."""
    content = ready_content()
    others = itertools.count()  # an address that nginx does not know, or its cache would answer
    answered: Counter[tuple[str, int | str]] = Counter()
    counting, is_over = threading.Lock(), threading.Event()

    def ask_on(method: str) -> None:
        while not is_over.wait(PAUSE_S):
            asked = {"GET": f"manifest?{next(others)}", "POST": "click"}[method]
            answer = site.ask(method, f"/ar/{content.code}/{asked}")
            with counting:
                answered[method, answer] += 1

    with ThreadPoolExecutor(CLIENTS) as pool:
        asking = [pool.submit(ask_on, method) for method in ("GET", "POST") * (CLIENTS // 2)]
        try:
            yield answered
        finally:
            is_over.set()
    for one in asking:
        one.result()


def test_versions_come_and_go_without_one_failed_request(site: Site) -> None:
    first = site.deploy("to", "one")
    assert first.returncode == 0, first.stderr
    with asked_all_the_time(site) as answered:
        until(lambda: sum(answered.values()) > CLIENTS, "the first answers")
        forth = site.deploy("to", "two")
        after_forth = site.status
        back = site.deploy("back")
        after_back = site.status
        never_ready = site.deploy("to", "never-ready", DEPLOY_READY_SECONDS="3")
        after_never_ready = site.status
        seen = sum(answered.values())
        until(lambda: sum(answered.values()) > seen + CLIENTS, "answers after it all")

    assert (forth.returncode, back.returncode) == (0, 0), forth.stderr + back.stderr
    assert after_forth == "live: two (green)\nbefore: one\n"
    assert after_back == "live: one (blue)\nbefore: two\n"
    assert never_ready.returncode == 1
    assert "did not get ready" in never_ready.stderr
    assert after_never_ready == after_back
    assert set(answered) == {("GET", 200), ("POST", 204)}, answered
    assert DailyStat.objects.get().clicked == answered["POST", 204]  # none lost, none counted twice
    assert site.answered_by("green") > 0
    assert site.answered_by("blue") > 0
    assert not site.is_up("green")
