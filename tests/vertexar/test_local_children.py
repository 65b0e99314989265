import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vertexar.local.children import Child, Program, finish, rotate, wait_until
from vertexar.local.failures import CannotRun

ROOT = Path(__file__).parents[2]
TRAP_AND_WAIT = "trap '' TERM; echo deaf; while true; do read line < /dev/zero; done"


def a_program(tmp_path: Path, *command: str, **rest: object) -> Program:
    return Program(
        name="thing",
        command=command,
        log=tmp_path / "thing.log",
        env=dict(os.environ),
        **rest,  # type: ignore[arg-type]
    )


def until(is_so: Callable[[], bool], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "did not come to pass"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        told = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # gone before, or while it was read
        return False
    return "Z" not in told.rpartition(")")[2].split()[0]


def test_a_failure_is_told_with_its_exit_code_its_reason_and_its_log(tmp_path: Path) -> None:
    script = "echo starting; echo Error: no such table; echo goodbye; exit 3"

    with pytest.raises(CannotRun) as caught:
        finish(Child.start(a_program(tmp_path, "sh", "-c", script)))

    log = tmp_path / "thing.log"
    assert str(caught.value) == f"thing ended (exit code 3): Error: no such table [log: {log}]"


def test_a_reason_is_not_looked_for_in_an_earlier_run(tmp_path: Path) -> None:
    (tmp_path / "thing.log").write_text("Error: of yesterday\n")

    with pytest.raises(CannotRun, match=r"exit code 1\): today \["):
        finish(Child.start(a_program(tmp_path, "sh", "-c", "echo today; exit 1")))


def test_a_killed_program_is_told_with_the_signal(tmp_path: Path) -> None:
    child = Child.start(a_program(tmp_path, "sleep", "60"))

    os.kill(child.process.pid, signal.SIGTERM)
    child.process.wait()

    assert child.obituary().startswith("thing ended (killed by SIGTERM)")


def test_what_a_program_wrote_before_it_was_killed_is_not_told_as_the_reason(
    tmp_path: Path,
) -> None:
    child = Child.start(
        a_program(tmp_path, "sh", "-c", "echo error: of an hour ago; exec sleep 60")
    )
    until(lambda: "hour" in (tmp_path / "thing.log").read_text())

    os.kill(child.process.pid, signal.SIGKILL)
    child.process.wait()

    told = child.obituary()
    assert told.startswith("thing ended (killed by SIGKILL): by somebody, or by the system")
    assert "an hour ago" not in told
    assert str(tmp_path / "thing.log") in told


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"thing can't be started: .*No such file"):
        Child.start(a_program(tmp_path, str(tmp_path / "nothing")))


def test_stopping_leaves_none_of_its_own_children(tmp_path: Path) -> None:
    child = Child.start(a_program(tmp_path, "sh", "-c", "sleep 60 & echo $!; wait"))
    until(lambda: (tmp_path / "thing.log").read_text().endswith("\n"))
    grandchild = int((tmp_path / "thing.log").read_text())

    child.stop()

    until(lambda: not is_alive(grandchild))
    assert not child.is_running


def test_a_program_deaf_to_the_stop_signal_is_killed_after_its_patience(tmp_path: Path) -> None:
    child = Child.start(a_program(tmp_path, "sh", "-c", TRAP_AND_WAIT, patience_s=0.2))
    until(lambda: "deaf" in (tmp_path / "thing.log").read_text())

    child.stop()

    assert child.process.returncode == -signal.SIGKILL


def test_what_it_reads_first_is_given_to_it(tmp_path: Path) -> None:
    finish(Child.start(a_program(tmp_path, "cat", stdin=b"secret settings")))

    assert (tmp_path / "thing.log").read_bytes() == b"secret settings"


def test_a_program_that_ends_before_it_reads_is_no_error_of_ours(tmp_path: Path) -> None:
    finish(Child.start(a_program(tmp_path, "true", stdin=b"x" * 1_000_000)))


def test_its_scratch_folder_goes_with_it(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    Child.start(a_program(tmp_path, "sleep", "60", scratch=scratch)).stop()

    assert not scratch.exists()


def test_waiting_for_one_that_ended_tells_its_end(tmp_path: Path) -> None:
    child = Child.start(a_program(tmp_path, "sh", "-c", "echo fatal: no memory; exit 9"))

    with pytest.raises(CannotRun, match=r"exit code 9\): fatal: no memory"):
        wait_until(lambda: False, child, seconds=60)


def test_waiting_for_a_silent_one_ends(tmp_path: Path) -> None:
    child = Child.start(a_program(tmp_path, "sleep", "60"))

    with pytest.raises(CannotRun, match="thing did not answer"):
        wait_until(lambda: False, child, seconds=0.1)

    child.stop()


def test_an_overlong_log_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vertexar.local.children.LOG_MAX_BYTES", 10)
    log = tmp_path / "thing.log"
    log.write_text("long enough to go")

    rotate(log)

    assert not log.exists()
    assert (tmp_path / "thing.log.1").read_text() == "long enough to go"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next run ends them")
def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = f"""
import os, time
from pathlib import Path
from vertexar.local.children import Child, Program
log = Path({str(tmp_path / "thing.log")!r})
child = Child.start(Program(name="thing", command=["sleep", "60"], log=log, env=dict(os.environ)))
print(child.process.pid, flush=True)
time.sleep(60)
"""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_alive(pid)

        parent.kill()

    until(lambda: not is_alive(pid))
