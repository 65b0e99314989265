"""Holds the running children: notices the end of one, and ends all of them in the right order."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from types import FrameType
from typing import NoReturn

from vertexar.local import leftovers
from vertexar.local.children import Child, Program, finish
from vertexar.local.failures import CannotRun

WATCH_SECONDS = 0.25
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stage(IntEnum):
    """What ends together; the highest first, as each needs the ones below it."""

    DATABASE = 0
    QUEUE = 1
    CLOCK = 2
    WORK = 3
    WEB = 4


class Supervisor:
    """The children of one run. As a context manager it ends them all."""

    def __init__(self, *, list_file: Path) -> None:
        self._children: list[tuple[Stage, Child]] = []
        self._list_file = list_file
        self._is_in_a_hurry = False

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *reason: object) -> None:
        self.stop()

    def start(self, program: Program, stage: Stage) -> Child:
        """Start a program and hold it."""
        child = Child.start(program)
        self.hold(child, stage)
        return child

    def hold(self, child: Child, stage: Stage) -> None:
        """Hold a child that runs already."""
        self._children.append((stage, child))
        leftovers.remember((child for _, child in self._children), self._list_file)

    def check(self) -> None:
        """Do nothing while all run.

        Raises:
            CannotRun: one has ended; the message says which and how.
        """
        for _, child in self._children:
            if not child.is_running:
                raise CannotRun(child.obituary())

    def run(self, program: Program) -> None:
        """Run a program that ends by itself and needs the children.

        Raises:
            CannotRun: it failed, or one of the children did, which is then what is said.
        """
        try:
            finish(Child.start(program))
        except CannotRun:
            self.check()
            raise

    def watch(self) -> NoReturn:
        """Wait for the end of any child.

        Raises:
            CannotRun: one has ended.
            KeyboardInterrupt: we were told to stop (see `told_to_stop`).
        """
        while True:
            self.check()
            time.sleep(WATCH_SECONDS)

    def stop(self) -> None:
        """End all children, stage by stage. Told to stop once more, it kills the patient ones."""
        with _handled(STOPPING, self._hurry):
            for stage in sorted(Stage, reverse=True):
                self._stop([child for held, child in self._children if held == stage], stage)
        self._children.clear()
        self._list_file.unlink(missing_ok=True)

    def _stop(self, children: list[Child], stage: Stage) -> None:
        for child in children:
            child.send(child.program.stop_signal)
        for child in children:
            deadline = time.monotonic() + child.program.patience_s
            while not child.wait(WATCH_SECONDS) and time.monotonic() < deadline:
                if self._is_in_a_hurry and stage > Stage.QUEUE:  # data are never hurried
                    break
            child.kill()

    def _hurry(self, number: int, frame: FrameType | None) -> None:
        self._is_in_a_hurry = True


@contextmanager
def told_to_stop() -> Iterator[None]:
    """Within it, SIGTERM and a closed terminal raise KeyboardInterrupt as Ctrl-C does."""
    with _handled(STOPPING, signal.default_int_handler):
        yield


@contextmanager
def _handled(numbers: tuple[signal.Signals, ...], handler: object) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in numbers}  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
