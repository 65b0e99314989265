"""`manage.py up` as its users meet it: a process of its own, with all the servers and workers."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
START_SECONDS = 240  # on a machine that has much else to do
STOP_SECONDS = 60
CONFIGURED = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "SECRET_KEY", "STATIC_ROOT")
READY = "Vertex AR is ready"

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]  # one set-up may start it three times


@dataclass
class Up:
    """One `manage.py up`, what it says, and everything it started."""

    home: Path
    process: subprocess.Popen[bytes]
    said: Path
    family: list[psutil.Process] = field(default_factory=list)

    @classmethod
    def start(cls, home: Path, *, port: int = 0) -> "Up":
        env = {k: v for k, v in os.environ.items() if k not in CONFIGURED}
        env |= {"VERTEXAR_HOME": str(home), "PORT": str(port)}
        said = Path(tempfile.mkdtemp(dir=home.parent))
        with (said / "out").open("wb") as out, (said / "err").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--no-demo"],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        return cls(home, process, said)

    @property
    def results(self) -> str:
        return (self.said / "out").read_text()

    @property
    def messages(self) -> str:
        return (self.said / "err").read_text()

    @property
    def url(self) -> str:
        found = re.search(r"Admin: (http://\S+)/admin/", self.results)
        assert found is not None
        return found[1]

    def until_ready(self) -> "Up":
        until(lambda: READY in self.messages or self.process.poll() is not None, START_SECONDS)
        assert READY in self.messages, self.messages
        self.family = psutil.Process(self.process.pid).children(recursive=True)
        return self

    def child(self, *parts: str) -> psutil.Process:
        """The child with these words in its command."""
        rows = json.loads((self.home / "children.json").read_text())
        [pid] = [pid for pid, command, _ in rows if all(part in command for part in parts)]
        return psutil.Process(pid)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def is_all_gone(self) -> bool:
        return not any(
            process.is_running() and process.status() != psutil.STATUS_ZOMBIE
            for process in self.family
        )


def until(is_so: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "did not come to pass"
        time.sleep(0.05)


def get(url: str) -> tuple[int, bytes]:
    with urllib.request.urlopen(url, timeout=30) as response:
        return response.status, response.read()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Up:
    """A first run on a new home, which ended when one of its children was killed."""
    up = Up.start(tmp_path_factory.mktemp("up") / "first").until_ready()
    up.child("worker", "compile").kill()
    up.process.wait(STOP_SECONDS)
    return up


@pytest.fixture(scope="module")
def killed(first: Up) -> Iterator[Up]:
    """A second run on the same home, killed in the middle of an upload."""
    with a_copy_of(first.home) as home:
        up = Up.start(home).until_ready()
        half_an_upload(up).touch()
        up.end(signal.SIGKILL)
        yield up


@pytest.fixture(scope="module")
def running(killed: Up) -> Iterator[Up]:
    """A third one, which goes on until it is told to stop: then it stops all of it."""
    up = Up.start(killed.home).until_ready()
    yield up
    assert up.end() == 0
    assert len(up.family) >= 6  # web, two workers, beat, two servers, and what they start
    assert up.is_all_gone()
    assert not (up.home / "children.json").exists()


def half_an_upload(up: Up) -> Path:
    return up.home / "tmp" / "tmpx.upload.mov"


@contextmanager
def a_copy_of(home: Path) -> Iterator[Path]:
    copy = Path(tempfile.mkdtemp(dir=home.parent), "home")
    subprocess.run(["cp", "-a", home, copy], check=True)
    yield copy
    shutil.rmtree(copy)


def test_it_says_in_plain_lines_what_it_does_and_how_long_that_took(first: Up) -> None:
    lines = first.messages.splitlines()

    assert any(re.fullmatch(r"PostgreSQL is ready \(\d+\.\d s\)", line) for line in lines)
    assert any(re.fullmatch(r"Valkey is ready \(\d+\.\d s\)", line) for line in lines)
    assert not any("\r" in line or "\x1b" in line for line in lines)


def test_a_later_run_finds_the_data_of_the_first(first: Up, running: Up) -> None:
    password = re.search(r"Password \(shown once\): (\S+)", first.results)
    assert password is not None

    login = urllib.request.Request(
        f"{running.url}/api/v1/auth/login",
        data=json.dumps({"username": "admin", "password": password[1]}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(login, timeout=30) as response:
        assert json.load(response)["access_token"]
    assert "Password" not in running.results
    assert "Files for the browser are collected" in first.messages
    assert "Files for the browser are collected" not in running.messages
    assert get(f"{running.url}/health/ready")[0] == 200


def test_a_second_run_beside_the_first_is_refused(running: Up) -> None:
    beside = Up.start(running.home)

    assert beside.process.wait(STOP_SECONDS) == 1
    who = f"process {running.process.pid}"
    assert_one_line(beside, f"Vertex AR runs from {running.home} already: {who}.")
    assert get(f"{running.url}/health/ready")[0] == 200


def test_a_taken_port_is_told_in_one_line(running: Up, tmp_path: Path) -> None:
    port = int(running.url.rpartition(":")[2])

    up = Up.start(tmp_path / "home", port=port)

    assert up.process.wait(STOP_SECONDS) == 1
    assert_one_line(up, f"Port {port} of 127.0.0.1 is taken: ")


def test_a_killed_child_ends_the_whole_and_is_named(first: Up) -> None:
    assert first.process.returncode == 1
    assert first.is_all_gone()
    assert first.messages.splitlines()[-1].startswith("compile ended (killed by SIGKILL)")
    assert "Traceback" not in first.messages


def test_killed_itself_it_leaves_nothing_behind_and_can_be_started_again(
    killed: Up, running: Up
) -> None:
    until(killed.is_all_gone, STOP_SECONDS)
    assert not half_an_upload(killed).exists()
    assert get(f"{running.url}/health/ready")[0] == 200


def test_temporary_files_lie_where_the_next_run_finds_them(running: Up) -> None:
    for child in (running.child("gunicorn"), running.child("worker", "compile")):
        assert child.environ()["TMPDIR"] == str(running.home / "tmp")


def assert_one_line(up: Up, beginning: str) -> None:
    assert up.messages.startswith(beginning)
    assert up.messages.count("\n") == 1
    assert up.results == ""
