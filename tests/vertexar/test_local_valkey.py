import socket
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from vertexar.local import leftovers, valkey
from vertexar.local.children import Server
from vertexar.local.failures import CannotRun


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = valkey.start(tmp_path / "data", log=tmp_path / "log", is_durable=False)
    yield server
    server.child.stop()


def test_nobody_enters_without_the_password(server: Server) -> None:
    port = urlsplit(server.url).port

    with redis.Redis(port=port or 0) as without, pytest.raises(redis.AuthenticationError):
        without.ping()


def test_the_password_is_not_in_the_list_of_processes(server: Server) -> None:
    password = urlsplit(server.url).password

    assert password is not None
    assert len(password) > 20
    assert password not in leftovers.command_of(server.child.process.pid)


def test_the_queue_survives_a_restart(tmp_path: Path) -> None:
    first = valkey.start(tmp_path / "data", log=tmp_path / "log")
    with redis.Redis.from_url(first.url) as client:
        client.lpush("queue", "job")
    first.child.stop()

    second = valkey.start(tmp_path / "data", log=tmp_path / "log")

    with redis.Redis.from_url(second.url) as client:
        assert client.lrange("queue", 0, -1) == [b"job"]
    second.child.stop()


def test_a_port_lost_to_somebody_else_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_port = valkey._free_port
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = chain([other.getsockname()[1]], iter(free_port, 0))
        monkeypatch.setattr(valkey, "_free_port", lambda: next(ports))

        server = valkey.start(tmp_path / "data", log=tmp_path / "log", is_durable=False)

    server.child.stop()


def test_a_server_on_the_path_stands_in_for_a_broken_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = valkey.find_binary()
    (tmp_path / "redis-server").symlink_to(real)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert valkey.find_binary() == tmp_path / "redis-server"


def test_without_any_server_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    broken = tmp_path / "valkey-server"
    broken.write_bytes(b"\x7fELF and no more")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(CannotRun, match=r"Valkey is missing: .* apt-get install"):
        valkey.start(tmp_path / "data", log=tmp_path / "log")
