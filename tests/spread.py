"""A pytest plugin: how tests are spread over xdist's workers, and which of them runs alone.

A worker is given whole files, so that what the fixtures of a file make is made once, and one of
them has all that needs the running system. What takes long is begun first: at the end the workers
have only small files left, and none waits long for another.

xdist's own grouping, by a mark, does nothing with the node ids of pytest 9.2, and says nothing.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# The longest first. What begins alike stays together: a folder, or files that share what is made.
LONG = (
    "tests/e2e/",
    "tests/live/test_up.py",
    "tests/backups/test_restore",
    "tests/live/test_worker.py",
    "tests/interop/",
    "tests/whole/test_hostile_uploads.py",
    "tests/whole/test_schemathesis.py",
    "tests/whole/test_admin_isolation.py",
    "tests/live/test_limits.py",
    "tests/arcontent/test_demo.py",
)
LOCKS = "VERTEXAR_TEST_LOCKS"


class Spreading(LoadScopeScheduling):  # type: ignore[misc]
    """Gives out files, or folders that stay together, in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        place = _place(nodeid)
        return LONG[place] if place < len(LONG) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Spreading:
    """Spread tests over the workers in our own way, whatever ``--dist`` says."""
    config.option.loadscopereorder = False  # by the number of tests: the longest have few
    return Spreading(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Make a folder for the locks; the workers inherit its name."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        folder = tempfile.mkdtemp(prefix="vertexar-locks-")
        config.add_cleanup(lambda: shutil.rmtree(folder))
        os.environ[LOCKS] = folder


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes long first; all else stays in its random order."""
    items.sort(key=lambda item: _place(item.nodeid))


def _place(nodeid: str) -> int:
    """Where a test stands among those that take long; after them all if it does not."""
    return next((n for n, path in enumerate(LONG) if nodeid.startswith(path)), len(LONG))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup() -> Generator[None]:
    """Not while another worker's test runs alone."""
    with _running(alone=False):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Not while another worker's test runs alone, or alone itself."""
    with _running(alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown() -> Generator[None]:
    """Not while another worker's test runs alone."""
    with _running(alone=False):
        return (yield)


@contextmanager
def _running(*, alone: bool) -> Iterator[None]:
    """Hold what all workers' tests share, or all of it; who wants all of it is next."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        yield
        return
    folder = Path(os.environ[LOCKS])
    with (folder / "turn").open("a") as turn, (folder / "run").open("a") as run:
        fcntl.flock(turn, fcntl.LOCK_EX)
        fcntl.flock(run, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        if not alone:
            fcntl.flock(turn, fcntl.LOCK_UN)
        yield
