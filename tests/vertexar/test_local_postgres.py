import os
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.vertexar.test_local_children import until
from vertexar.local import postgres
from vertexar.local.children import Server
from vertexar.local.failures import CannotRun
from vertexar.local.leftovers import command_of


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """One in a folder that only we may enter, as pytest's are."""
    server = postgres.start(tmp_path / "data", log=tmp_path / "log", is_durable=False)
    yield server
    server.child.stop()


def ask(server: Server, question: str) -> object:
    with psycopg.connect(server.url) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def test_it_can_be_reached_by_its_socket_only(server: Server, tmp_path: Path) -> None:
    assert ask(server, "SHOW listen_addresses") == ""
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_letters_of_any_alphabet_have_case(server: Server) -> None:
    assert ask(server, "SELECT upper('жук ö')") == "ЖУК Ö"


def test_it_never_runs_as_root(server: Server) -> None:
    status = Path(f"/proc/{server.child.process.pid}/status").read_text()

    uids = status.partition("Uid:")[2].split()[:4]

    assert "0" not in uids


def test_as_root_it_opens_no_folder_to_others(server: Server, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root lends it an account")
    status = Path(f"/proc/{server.child.process.pid}/status").read_text()

    capabilities = int(status.partition("CapEff:")[2].split()[0], 16)

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert capabilities.bit_count() == 1  # the one that passes closed folders


def test_as_root_the_package_may_lie_in_a_closed_folder_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = postgres.find_binaries().folder.parents[1]
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            shutil.copytree(folder, tmp_path / "packages" / folder.name)
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700

    server = postgres.start(tmp_path / "data", log=tmp_path / "log", is_durable=False)

    assert str(tmp_path) in server.child.program.command[0]
    server.child.stop()


def test_data_survive_a_restart(tmp_path: Path) -> None:
    first = postgres.start(tmp_path / "data", log=tmp_path / "log")
    with psycopg.connect(first.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    first.child.stop()

    second = postgres.start(tmp_path / "data", log=tmp_path / "log")

    assert ask(second, "SELECT answer FROM kept") == 42
    second.child.stop()


def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)

    server = postgres.start(deep / "data", log=tmp_path / "log", is_durable=False)

    assert ask(server, "SELECT 1") == 1
    scratch = server.child.program.scratch
    assert scratch is not None
    assert scratch.parent == Path(tempfile.gettempdir())
    server.child.stop()
    assert not scratch.exists()


def test_a_number_of_a_dead_server_that_a_stranger_has_now_is_no_obstacle(tmp_path: Path) -> None:
    first = postgres.start(tmp_path / "data", log=tmp_path / "log", is_durable=False)
    pid_file = (tmp_path / "data" / "postmaster.pid").read_text()
    first.child.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        changed = pid_file.replace(str(first.child.process.pid), str(stranger.pid), 1)
        until(lambda: command_of(stranger.pid) != "")
        (tmp_path / "data" / "postmaster.pid").write_text(changed)

        second = postgres.start(tmp_path / "data", log=tmp_path / "log", is_durable=False)

        second.child.stop()
        stranger.kill()


def test_data_of_another_version_are_not_touched(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text("9\n")

    with pytest.raises(CannotRun, match=r"was made by PostgreSQL 9 and .* is 1"):
        postgres.start(data, log=tmp_path / "log")

    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_a_first_start_cut_off_halfway_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "data.unfinished").mkdir()
    (tmp_path / "data.unfinished" / "PG_VERSION").write_text("18\n")

    server = postgres.start(tmp_path / "data", log=tmp_path / "log", is_durable=False)

    assert ask(server, "SELECT 1") == 1
    server.child.stop()


def test_a_server_that_refuses_to_start_says_why(tmp_path: Path) -> None:
    first = postgres.start(tmp_path / "data", log=tmp_path / "log", is_durable=False)
    first.child.stop()
    with (tmp_path / "data" / "postgresql.conf").open("a") as config:
        config.write("shared_buffers = nonsense\n")

    with pytest.raises(CannotRun, match=r"PostgreSQL ended \(exit code 1\): .*FATAL"):
        postgres.start(tmp_path / "data", log=tmp_path / "log")


def test_a_server_on_the_path_stands_in_for_a_missing_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = postgres.find_binaries()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(real.folder))

    assert postgres.find_binaries() == real


def test_without_any_server_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(postgres, "USUAL_FOLDERS", ())
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_bytes(b"\x7fELF and no more")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(CannotRun, match=r"PostgreSQL is missing: .* apt-get install postgresql"):
        postgres.start(tmp_path / "data", log=tmp_path / "log")


def test_settings_of_somebody_elses_server_do_not_reach_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("PGPORT", str(other.getsockname()[1]))
        monkeypatch.setenv("PGDATA", "/nowhere")
        monkeypatch.setenv("LC_ALL", "xx_XX.UTF-8")

        server = postgres.start(tmp_path / "data", log=tmp_path / "log", is_durable=False)

        assert ask(server, "SELECT 1") == 1
        server.child.stop()
