"""A pytest plugin: a PostgreSQL and a Valkey for the session, thrown away at its end.

It is loaded with `-p tests.servers`. With DATABASE_URL or REDIS_URL in the environment that server
is used and none is started in its place. Under xdist only the controller starts servers; the
workers inherit their URLs.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from vertexar.local import postgres, valkey
from vertexar.local.children import Server
from vertexar.local.failures import CannotRun

pytest_plugins = ["tests.skips", "tests.spread"]

SERVERS: dict[str, Callable[..., Server]] = {
    "DATABASE_URL": postgres.start,
    "REDIS_URL": valkey.start,
}


# A wrapper comes before the plain hook of pytest-django, which reads the settings.
@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Start what is not configured; it is stopped at the session's end, however that comes."""
    missing = [name for name in SERVERS if not os.environ.get(name)]
    if missing and "PYTEST_XDIST_WORKER" not in os.environ and not _only_asks(early_config):
        try:
            _start(missing, early_config)
        except CannotRun as failure:
            raise pytest.UsageError(str(failure)) from failure
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        os.environ["REDIS_URL"] = _own_queues(os.environ["REDIS_URL"], worker)
    return (yield)


def _own_queues(url: str, worker: str) -> str:
    """Give each xdist worker a database of its own, or one's messages wake the other's workers."""
    number = int(worker.removeprefix("gw")) + 1
    return urlunsplit(urlsplit(url)._replace(path=f"/{number}"))


def _start(names: list[str], config: pytest.Config) -> None:
    home = Path(tempfile.mkdtemp(prefix="vertexar-tests-"))
    home.chmod(0o711)  # PostgreSQL may have to run as another user, who must pass
    config.add_cleanup(lambda: shutil.rmtree(home))
    os.environ["VERTEXAR_HOME"] = str(home)  # not the one somebody may be running beside
    for name in names:
        server = SERVERS[name](home / name.lower(), log=home / f"{name}.log", is_durable=False)
        config.add_cleanup(server.child.stop)
        os.environ[name] = server.url


def _only_asks(config: pytest.Config) -> bool:
    """Whether pytest was only asked for its help or its version."""
    asked = config.known_args_namespace
    return bool(asked.help or asked.version)
