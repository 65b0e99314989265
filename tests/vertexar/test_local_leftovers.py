import os
import subprocess
from pathlib import Path

import pytest

from tests.vertexar.test_local_children import a_program, is_alive, until
from vertexar.local import leftovers
from vertexar.local.children import Child


def sleeper(tmp_path: Path) -> Child:
    """A child whose command line can be read: right after its start there is none yet."""
    child = Child.start(a_program(tmp_path, "sleep", "600"))
    until(lambda: leftovers.command_of(child.process.pid) != "")
    return child


def test_what_an_earlier_run_left_running_is_ended(tmp_path: Path) -> None:
    child = sleeper(tmp_path)
    listed = tmp_path / "children.json"
    leftovers.remember([child], listed)

    assert leftovers.end(listed) == 1

    assert child.wait(60)
    assert not listed.exists()


def test_a_deaf_one_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "PATIENCE_SECONDS", 0.2)
    child = Child.start(a_program(tmp_path, "sh", "-c", "trap '' TERM; echo deaf; sleep 600"))
    until(lambda: "deaf" in (tmp_path / "thing.log").read_text())
    leftovers.remember([child], tmp_path / "children.json")

    leftovers.end(tmp_path / "children.json")

    assert child.wait(60)


def test_a_stranger_who_got_the_number_since_is_spared(tmp_path: Path) -> None:
    child = sleeper(tmp_path)
    listed = tmp_path / "children.json"
    leftovers.remember([child], listed)
    child.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        until(lambda: leftovers.command_of(stranger.pid) != "")
        listed.write_text(listed.read_text().replace(str(child.process.pid), str(stranger.pid)))

        assert leftovers.end(listed) == 0

        assert is_alive(stranger.pid)
        stranger.kill()


def test_without_an_earlier_run_there_is_nothing_to_end(tmp_path: Path) -> None:
    assert leftovers.end(tmp_path / "children.json") == 0


def test_the_command_line_of_no_process_is_empty() -> None:
    with subprocess.Popen(["true"]) as process:
        pass

    assert leftovers.command_of(process.pid) == ""
    assert "python" in leftovers.command_of(os.getpid())


def test_command_lines_are_found_where_there_is_no_proc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "PROCESSES", tmp_path)

    with subprocess.Popen(["sleep", "61"]) as process:
        until(lambda: leftovers.command_of(process.pid) == "sleep 61")
        process.kill()
