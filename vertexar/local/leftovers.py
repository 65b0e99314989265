"""Children that outlived a run which was killed: found by the list it kept, and ended.

On Linux they end when their parent does, but take their time; elsewhere nobody tells them.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vertexar.local.children import POLL_SECONDS, Child

PATIENCE_SECONDS = 15
PROCESSES = Path("/proc")  # Linux


@dataclass(frozen=True, slots=True)
class Leftover:
    """A process of an earlier run, as its list names it."""

    pid: int
    command: list[str]
    stop_signal: int

    @property
    def is_running(self) -> bool:
        """Whether the process is there and still the one meant: numbers are used again."""
        return " ".join(self.command) == command_of(self.pid)


def remember(children: Iterable[Child], path: Path) -> None:
    """Write the list of running children."""
    rows = [
        [child.process.pid, list(child.program.command), int(child.program.stop_signal)]
        for child in children
    ]
    new = path.with_suffix(".new")
    new.write_text(json.dumps(rows), encoding="utf-8")
    new.replace(path)  # never half a list, whenever we are killed


def end(path: Path) -> int:
    """End what an earlier run's list names and still runs, youngest first; say how many."""
    if not path.exists():
        return 0
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:  # cut short by a power failure, after which no child is left either
        rows = []
    running = [left for left in (Leftover(*row) for row in reversed(rows)) if left.is_running]
    for left in running:
        _signal(left, left.stop_signal)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while left.is_running and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        _signal(left, signal.SIGKILL)
    path.unlink()
    return len(running)


def _signal(left: Leftover, number: int) -> None:
    if left.is_running:
        with suppress(ProcessLookupError):
            os.killpg(left.pid, number)


def command_of(pid: int) -> str:
    """Read a process's command line, parts joined by spaces; "" when there is none."""
    if (PROCESSES / "self").exists():
        try:
            line = (PROCESSES / str(pid) / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return line.rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")
    ps = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout.strip()
