"""What docker/deploy.sh orders, step by step, and how it goes back from each that fails."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "docker" / "deploy.sh"
PATIENCE_S = 60
FIRST = "# as it was\n"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder where nothing runs."""

    folder: Path
    program: tuple[str, ...] = (str(DEPLOY),)

    @property
    def upstream(self) -> Path:
        return self.folder / "upstream.conf"

    @property
    def orders(self) -> list[str]:
        orders = self.folder / "orders"
        return orders.read_text().splitlines() if orders.exists() else []

    def begin(self, *words: str, **more: str) -> "subprocess.Popen[str]":
        is_never_ready = more.get("FAILS", "").startswith("ready")
        environ = {
            **os.environ,
            "FOLDER": str(self.folder),
            "DEPLOY_DRIVER": str(Path(__file__).with_name("noting_driver.sh")),
            "DEPLOY_STATE": str(self.folder / "state"),
            "DEPLOY_UPSTREAM": str(self.upstream),
            "DEPLOY_POLL_SECONDS": "0.01",
            "DEPLOY_READY_SECONDS": "1" if is_never_ready else str(PATIENCE_S),
            "DEPLOY_WATCH_SECONDS": "0",
            "DEPLOY_WATCH_FAILURES": "1",
            "DEPLOY_DRAIN_SECONDS": "0",
            **more,
        }
        return subprocess.Popen(
            [*self.program, *words],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def deploy(self, *words: str, **more: str) -> tuple[int, str]:
        """Run it; the exit code, and all that it said."""
        process = self.begin(*words, **more)
        out, err = process.communicate(timeout=PATIENCE_S)
        return process.returncode, out + err

    @property
    def status(self) -> str:
        return self.deploy("status")[1]

    def forget_orders(self) -> None:
        (self.folder / "orders").unlink()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.upstream.write_text(FIRST)
    return place


@pytest.fixture
def running(place: Place) -> Place:
    """A place where version one is live, as blue."""
    assert place.deploy("to", "one")[0] == 0
    place.forget_orders()
    return place


def test_a_new_version_is_started_before_anybody_is_sent_to_it(running: Place) -> None:
    code, _said = running.deploy("to", "two")

    assert code == 0
    assert running.orders == [
        "migrate two",
        "stop green",
        "start green two",
        "workers two",
        "reload-proxy",
    ]
    assert "server green:8000 max_fails=0;" in running.upstream.read_text()
    assert running.status == "live: two (green)\nbefore: one\n"


def test_going_back_switches_first_and_migrates_nothing(running: Place) -> None:
    running.deploy("to", "two")
    running.forget_orders()

    code, _said = running.deploy("back")

    assert code == 0
    assert running.orders == ["reload-proxy", "workers one"]
    assert running.status == "live: one (blue)\nbefore: two\n"


def test_going_back_starts_what_was_retired(running: Place) -> None:
    running.deploy("to", "two")
    running.deploy("retire")
    running.forget_orders()

    running.deploy("back")

    assert running.orders == ["stop blue", "start blue one", "reload-proxy", "workers one"]


def test_the_same_version_again_is_started_anew_with_what_is_configured_now(running: Place) -> None:
    running.deploy("to", "one")
    running.forget_orders()

    running.deploy("to", "one")

    assert running.orders[1:3] == ["stop blue", "start blue one"]


STARTED = ["migrate two", "stop green", "start green two"]


@pytest.mark.parametrize(
    ("fails", "orders"),
    [
        ("migrate two", ["migrate two"]),
        ("start green two", [*STARTED, "stop green"]),
        ("ready green", [*STARTED, "stop green"]),
        ("workers two", [*STARTED, "workers two", "workers one", "stop green"]),
        ("check-proxy", [*STARTED, "workers two", "workers one", "stop green"]),
        ("reload-proxy", [*STARTED, "workers two", "reload-proxy", "workers one", "stop green"]),
        (
            "public-ready",
            [*STARTED, "workers two", "reload-proxy", "reload-proxy", "workers one", "stop green"],
        ),
    ],
)
def test_from_a_step_that_fails_it_goes_back_by_itself(
    running: Place, fails: str, orders: list[str]
) -> None:
    upstream = running.upstream.read_text()

    code, _said = running.deploy("to", "two", FAILS=fails)

    assert code == 1
    assert running.orders == orders
    assert running.upstream.read_text() == upstream
    assert running.status == "live: one (blue)\nbefore: \n"


def test_the_very_first_version_leaves_things_as_they_were_when_it_fails(place: Place) -> None:
    code, said = place.deploy("to", "one", FAILS="ready blue")

    assert (code, "nothing to go back to" in said) == (1, True)
    assert place.orders[-1] == "stop blue"
    assert place.upstream.read_text() == FIRST


def test_the_very_first_switch_is_taken_back_when_people_are_not_answered(place: Place) -> None:
    code, _said = place.deploy("to", "one", FAILS="public-ready")

    assert code == 1
    assert place.orders[-3:] == ["reload-proxy", "reload-proxy", "stop blue"]
    assert place.upstream.read_text() == FIRST
    assert place.status == "live: none (no colour)\nbefore: \n"


def wait_for(place: Place, orders: list[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while place.orders != orders:
        assert time.monotonic() < deadline, place.orders
        time.sleep(0.01)  # between two looks at another process


NEVER = {"FAILS": "ready green", "DEPLOY_READY_SECONDS": str(PATIENCE_S)}


def test_none_is_rolled_out_beside_another(running: Place) -> None:
    begun = running.begin("to", "two", **NEVER)
    wait_for(running, STARTED)

    beside = running.deploy("to", "three")
    begun.terminate()
    begun.communicate(timeout=PATIENCE_S)

    assert (beside[0], "Another roll-out" in beside[1]) == (2, True)
    assert running.orders == [*STARTED, "stop green"]


@pytest.mark.parametrize("sent", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_a_roll_out_that_is_broken_off_is_undone(running: Place, sent: signal.Signals) -> None:
    begun = running.begin("to", "two", **NEVER)
    wait_for(running, STARTED)

    begun.send_signal(sent)
    _out, said = begun.communicate(timeout=PATIENCE_S)

    assert (begun.returncode, "Interrupted" in said) == (1, True)
    assert running.orders == [*STARTED, "stop green"]
    assert running.status == "live: one (blue)\nbefore: \n"


@contextmanager
def waiting_at(pipe: Path) -> Iterator[int]:
    """What to write a line to, once the driver waits there; nobody waits there after that."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with suppress(OSError):  # nobody reads yet
            writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            break
        assert time.monotonic() < deadline
        time.sleep(0.01)  # between two looks at another process
    pipe.unlink()
    try:
        yield writer
    finally:
        os.close(writer)


def stop_listening(process: "subprocess.Popen[str]") -> None:
    """As an SSH session does that is cut off."""
    assert process.stderr is not None
    process.stderr.close()
    process.stderr = None


def test_a_roll_out_that_nobody_listens_to_any_more_is_undone(running: Place) -> None:
    pipe = running.folder / "check-proxy"
    os.mkfifo(pipe)
    begun = running.begin("to", "two")
    with waiting_at(pipe) as go_on:
        stop_listening(begun)
        os.write(go_on, b"\n")

    begun.communicate(timeout=PATIENCE_S)

    undone = ["reload-proxy", "workers one", "stop green"]
    assert running.orders == [*STARTED, "workers two", "reload-proxy", *undone]
    assert running.status == "live: one (blue)\nbefore: \n"
    assert "Rolled back" in (running.folder / "state" / "log").read_text()


def test_a_roll_out_that_fails_is_undone_though_nobody_listens(running: Place) -> None:
    begun = running.begin("to", "two", FAILS="ready green")
    wait_for(running, STARTED)

    stop_listening(begun)
    begun.communicate(timeout=PATIENCE_S)

    assert begun.returncode == 1
    assert running.orders == [*STARTED, "stop green"]


def test_a_roll_out_goes_on_without_any_place_to_say_so(running: Place) -> None:
    mute = replace(running, program=("sh", "-c", 'exec "$0" "$@" 2>&-', str(DEPLOY)))

    code, said = mute.deploy("to", "two")

    assert (code, said) == (0, "")
    assert running.status == "live: two (green)\nbefore: one\n"
    assert "two is live" in (running.folder / "state" / "log").read_text()


def test_who_is_killed_after_the_switch_leaves_word_of_it(running: Place) -> None:
    for version in ("two", "three"):
        running.deploy("to", version)
    running.forget_orders()
    pipe = running.folder / "public-ready"
    os.mkfifo(pipe)
    begun = running.begin("to", "four")
    with waiting_at(pipe):
        begun.kill()
    begun.communicate(timeout=PATIENCE_S)

    assert running.status == "live: four (green)\nbefore: three\n"
    running.deploy("back")
    assert running.status.startswith("live: three (blue)\n")


@pytest.mark.parametrize("words", [(), ("to",), ("back",), ("sideways",)])
def test_what_is_not_understood_orders_nothing(place: Place, words: tuple[str, ...]) -> None:
    code, _said = place.deploy(*words)

    assert (code, place.orders) == (2, [])


COMPOSE_DRIVER = {
    "DEPLOY_DRIVER": str(DEPLOY.parent / "deploy" / "compose.sh"),
    "PUBLIC_HOST": "ar.example.org",
    "COMPOSE_FILE": "compose.yaml",
}
WORDS = [("to", "two"), ("back",), ("retire",)]


@pytest.fixture
def programs(place: Place) -> Path:
    """A PATH with what scripts need, and without Docker."""
    folder = place.folder / "programs"
    folder.mkdir()
    for name in ("sh", "dirname", "date", "mkdir", "flock", "cat", "mv"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return folder


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words[0])
def test_without_the_plugin_of_docker_it_says_so_in_a_line_and_does_nothing(
    place: Place, programs: Path, words: tuple[str, ...]
) -> None:
    place.deploy("to", "one")
    place.deploy("to", "two")
    place.forget_orders()
    docker = programs / "docker"
    docker.write_text(
        '#!/bin/sh\necho "$@" >>"$FOLDER/orders"\necho "no such command: $1" >&2\nexit 1\n'
    )
    docker.chmod(0o755)

    code, said = place.deploy(*words, PATH=str(programs), **COMPOSE_DRIVER)

    assert (code, said) == (2, "Docker's compose plugin is missing\n")
    assert place.orders == ["compose version"]


def test_without_docker_it_says_so_in_a_line(place: Place, programs: Path) -> None:
    code, said = place.deploy("to", "one", PATH=str(programs), **COMPOSE_DRIVER)

    assert (code, said) == (2, "Docker is missing\n")


def test_with_docker_and_its_plugin_the_driver_goes_on(place: Place, programs: Path) -> None:
    docker = programs / "docker"
    docker.write_text('#!/bin/sh\necho "$@" >>"$FOLDER/orders"\n[ "$2" = version ]\n')
    docker.chmod(0o755)

    code, said = place.deploy("to", "one", PATH=str(programs), **COMPOSE_DRIVER)

    assert (code, "The migration failed" in said) == (1, True)
    assert place.orders[0] == "compose version"
    assert place.orders[1].endswith("run --rm migrate")
