"""A program as a child of this process: started, watched, stopped, and never left behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from vertexar.local.account import LIBC, Account
from vertexar.local.failures import CannotRun

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LOG_MAX_BYTES = 10_000_000  # at a start, a longer log becomes `<name>.log.1`
LOG_TAIL_BYTES = 8192
POLL_SECONDS = 0.05
TELLING = ("fatal", "panic", "error")  # what marks the line that says why


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run, and how to end it.

    Attributes:
        name: as people read it in messages.
        log: where its output is appended.
        env: its whole environment.
        stdin: what it reads first; by default nothing.
        pass_fds: open sockets it inherits.
        account: whom it runs as, when not as ourselves.
        stop_signal: asks it to end in good order.
        patience_s: how long it may take for that before it is killed.
        scratch: a folder to remove once it has ended.
        shows_results: its standard output is ours; only its errors are logged.
        shows_progress: its standard error is ours, too.
    """

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str]
    cwd: Path | None = None
    stdin: bytes = b""
    pass_fds: Sequence[int] = ()
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    patience_s: float = 10
    scratch: Path | None = None
    shows_results: bool = False
    shows_progress: bool = False


@dataclass(slots=True)
class Child:
    """A program that has been started, in a session of its own: a Ctrl-C is for us alone."""

    program: Program
    process: subprocess.Popen[bytes]
    log_start: int

    @classmethod
    def start(cls, program: Program) -> Self:
        """Start a program.

        Raises:
            CannotRun: it can't be executed.
        """
        rotate(program.log)
        with program.log.open("ab") as log:
            log_start = log.tell()
            try:
                process = subprocess.Popen(
                    program.command,
                    cwd=program.cwd,
                    env=program.env,
                    stdin=subprocess.PIPE if program.stdin else subprocess.DEVNULL,
                    stdout=None if program.shows_results else log,
                    stderr=None if program.shows_progress else log,
                    pass_fds=program.pass_fds,
                    start_new_session=True,
                    preexec_fn=tied_to_us(program),
                )
            except OSError as error:
                raise CannotRun(f"{program.name} can't be started: {error}") from error
            except subprocess.SubprocessError as error:  # from what is done before exec
                raise CannotRun(f"{program.name} can't be started as another user") from error
        child = cls(program, process, log_start)
        child._feed()
        return child

    def _feed(self) -> None:
        if self.process.stdin is None:
            return
        try:
            with self.process.stdin as stdin:
                stdin.write(self.program.stdin)
        except BrokenPipeError:
            return  # it has ended already: whoever watches it will say so

    @property
    def name(self) -> str:
        """Its name in messages."""
        return self.program.name

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program alone; its own children are its business."""
        if self.is_running:
            self.process.send_signal(number)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; False when it still runs after so long."""
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """Ask it to end and wait; kill it if it does not."""
        self.send(self.program.stop_signal)
        self.wait(self.program.patience_s)
        self.kill()

    def kill(self) -> None:
        """End it at once if it still runs, and leave nothing of its session or scratch behind."""
        with suppress(ProcessLookupError, PermissionError):  # macOS says so of a group of zombies
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.program.scratch is not None:
            shutil.rmtree(self.program.scratch, ignore_errors=True)

    def obituary(self) -> str:
        """Say in one line how it ended and where to read more; only after its end."""
        code = self.process.returncode
        how = f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
        if code == -signal.SIGKILL:  # it had no time to write why: what it wrote last is not that
            last = "by somebody, or by the system for lack of memory"
        else:
            last = telling_line(self.program.log, since=self.log_start)
        return f"{self.name} ended ({how}){': ' if last else ''}{last} [log: {self.program.log}]"


@dataclass(frozen=True, slots=True)
class Server:
    """A child that answers at a URL; the URL may hold a password."""

    child: Child
    url: str


def tied_to_us(program: Program) -> Callable[[], None]:
    """Make what a child does first: become its account and, on Linux, swear to end when we do."""
    return partial(_before_exec, program.account, program.stop_signal, os.getpid())


def _before_exec(account: Account | None, death_signal: signal.Signals, parent: int) -> None:
    if account is not None:
        account.become()
    if sys.platform == "linux":  # after the change of account, which resets it
        LIBC.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # we were killed before it was set
            os._exit(1)


def rotate(log: Path) -> None:
    """Put an overlong log aside; one old one is kept."""
    if log.exists() and log.stat().st_size > LOG_MAX_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))


def telling_line(log: Path, *, since: int = 0) -> str:
    """Find the last line of a log that names an error, else its last line, else ""."""
    with log.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(since, end - LOG_TAIL_BYTES))
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
    lines = [line for line in lines if line]
    telling = [line for line in lines if any(mark in line.lower() for mark in TELLING)]
    return (telling or lines or [""])[-1]


def wait_until(is_ready: Callable[[], bool], child: Child, *, seconds: float) -> None:
    """Poll until a started child answers.

    Raises:
        CannotRun: it ended, or did not answer in time.
    """
    deadline = time.monotonic() + seconds
    while not is_ready():
        if not child.is_running:
            raise CannotRun(child.obituary())
        if time.monotonic() > deadline:
            raise CannotRun(
                f"{child.name} did not answer within {seconds:.0f} s [log: {child.program.log}]"
            )
        time.sleep(POLL_SECONDS)


def finish(child: Child) -> None:
    """Wait for a program that ends by itself; on an interruption, end it.

    Raises:
        CannotRun: it failed.
    """
    try:
        child.process.wait()
    finally:
        child.stop()
    if child.process.returncode != 0:
        raise CannotRun(child.obituary())
