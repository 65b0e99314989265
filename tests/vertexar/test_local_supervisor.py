import os
import signal
import threading
from pathlib import Path

import pytest

from tests.vertexar.test_local_children import TRAP_AND_WAIT, a_program, until
from vertexar.local.failures import CannotRun
from vertexar.local.supervisor import Stage, Supervisor, told_to_stop


def test_all_end_in_order_those_first_that_need_the_others(tmp_path: Path) -> None:
    endings = tmp_path / "endings"
    script = f"trap 'echo $0 >> {endings}; exit' TERM; echo up; while :; do sleep 0.02; done"
    stages = [Stage.QUEUE, Stage.WEB, Stage.DATABASE, Stage.WORK, Stage.CLOCK]

    with Supervisor(list_file=tmp_path / "children.json") as supervisor:
        for stage in stages:
            folder = tmp_path / stage.name
            folder.mkdir()
            supervisor.start(a_program(folder, "sh", "-c", script, stage.name), stage)
            until(lambda log=folder / "thing.log": "up" in log.read_text())  # type: ignore[misc]

    assert endings.read_text().split() == ["WEB", "WORK", "CLOCK", "QUEUE", "DATABASE"]
    assert not (tmp_path / "children.json").exists()


def test_the_end_of_any_child_is_noticed(tmp_path: Path) -> None:
    with Supervisor(list_file=tmp_path / "children.json") as supervisor:
        supervisor.start(a_program(tmp_path, "sleep", "60"), Stage.DATABASE)
        supervisor.start(a_program(tmp_path, "sh", "-c", "exit 7"), Stage.WEB)

        with pytest.raises(CannotRun, match=r"thing ended \(exit code 7\)"):
            supervisor.watch()


def test_a_command_that_fails_for_a_dead_server_blames_the_server(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    with Supervisor(list_file=tmp_path / "children.json") as supervisor:
        server = supervisor.start(
            a_program(tmp_path / "server", "sh", "-c", "echo fatal: out of memory; exit 9"),
            Stage.DATABASE,
        )
        server.process.wait()

        with pytest.raises(CannotRun, match="out of memory"):
            supervisor.run(a_program(tmp_path, "sh", "-c", "echo no connection; exit 1"))


def test_told_to_stop_twice_it_no_longer_waits_for_the_workers(tmp_path: Path) -> None:
    supervisor = Supervisor(list_file=tmp_path / "children.json")
    program = a_program(tmp_path, "sh", "-c", TRAP_AND_WAIT, patience_s=120)
    worker = supervisor.start(program, Stage.WORK)
    until(lambda: "deaf" in (tmp_path / "thing.log").read_text())

    def tell_again() -> None:
        until(lambda: signal.getsignal(signal.SIGTERM) != signal.default_int_handler)
        os.kill(os.getpid(), signal.SIGTERM)

    with told_to_stop():
        second_time = threading.Thread(target=tell_again)
        second_time.start()
        supervisor.stop()
    second_time.join()

    assert worker.process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_each_way_of_being_told_to_stop_is_the_same(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    with pytest.raises(KeyboardInterrupt), told_to_stop():
        os.kill(os.getpid(), number)

    assert signal.getsignal(number) == before
