"""Commands of manage.py in processes that have nothing to load: forked off one that has.

A command spends a second on imports, and as much again where coverage is measured. Here one process
loads Django and what commands need, once. Each command is a fork of it that reads the settings anew
from an environment of its own; what it prints, how it ends and what it leaves are those of any
process. What is to be proven of the start of one is not to be seen here.
"""

import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import coverage
import django
from django.apps import apps
from django.conf import Settings, settings
from django.core.management import execute_from_command_line
from django.db import connections

PROJECT: Final = Path(__file__).resolve().parents[2]
_FORKED: Final = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload([__name__])

if not apps.ready:  # in the process that is forked: tests have Django already
    django.setup()

from backups import making, performing, restoring, verification  # noqa: E402, F401


def manage(
    arguments: tuple[str, ...], environment: dict[str, str], *, timeout_s: float
) -> tuple[int, str, str]:
    """Run a command to its end.

    Returns:
        Its exit code, what it printed as results, and all else that it said.

    Raises:
        TimeoutError: it went on for longer than that, and was killed.
    """
    with begun(arguments, environment) as command:
        command.process.join(timeout_s)
        if command.process.exitcode is None:
            said = command.err.read_text()
            raise TimeoutError(f"{arguments} went on for {timeout_s} s: {said}")
        return command.process.exitcode, command.out.read_text(), command.err.read_text()


@dataclass(frozen=True)
class Command:
    """A command under way, and the files it prints to."""

    process: ForkServerProcess
    out: Path
    err: Path


@contextmanager
def begun(arguments: tuple[str, ...], environment: dict[str, str]) -> Iterator[Command]:
    """Begin a command; what has not come to its end with the block is killed."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = _FORKED.Process(target=_be_manage, args=(arguments, environment, out, err))
        process.start()
        try:
            yield Command(process, out, err)
        finally:
            if process.exitcode is None:
                process.kill()
            process.join()


def _be_manage(
    arguments: tuple[str, ...], environment: dict[str, str], out: Path, err: Path
) -> None:
    """Do what manage.py does, in a process that was just forked."""
    os.chdir(PROJECT)
    os.environ.clear()
    os.environ.update(environment)
    for path, stream in ((out, sys.stdout), (err, sys.stderr)):
        with path.open("wb") as file:
            os.dup2(file.fileno(), stream.fileno())
    _read_settings()
    try:
        execute_from_command_line(["manage.py", *arguments])
    finally:
        if (measuring := coverage.Coverage.current()) is not None:
            measuring.stop()
            measuring.save()


def _read_settings() -> None:
    """Read them anew, and forget the database that was set up for loading."""
    read_by = ("config.env", "config.settings.")
    for name in [name for name in sys.modules if name.startswith(read_by)]:
        del sys.modules[name]
    settings._wrapped = Settings(os.environ["DJANGO_SETTINGS_MODULE"])
    for database in connections.all(initialized_only=True):
        del connections[database.alias]
    connections.settings = connections.configure_settings(settings.DATABASES)
