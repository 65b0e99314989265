"""Where the processes of one machine put their counts, so that any of them can answer for all.

In METRICS_DIR each process has a slot: `<role>-<machine>-<number>`, taken with a lock that the
system itself gives back when the process dies. The next one takes the slot over with the counts in
it, so that nothing is ever lost and there are never more files than there were processes at once.
"""

import fcntl
import os
import re
import socket
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import IO

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # by which prometheus_client knows


class _Slot:
    """The slot of this process; one that was forked takes its own."""

    name = "none"
    file: IO[str] | None = None


def share(path: str, role: str) -> None:
    """Count into a folder from now on; before anything is counted, as it can't be changed later.

    Args:
        path: a folder; it is made if it is not there.
        role: `web`, `worker`: letters alone.
    """
    Path(path).mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ[VARIABLE] = path
    take_slot(role)
    from prometheus_client import values

    values.ValueClass = values.MultiProcessValue(lambda: _Slot.name)  # type: ignore[no-untyped-call]


def is_shared() -> bool:
    """Whether this process counts into a folder."""
    return VARIABLE in os.environ


def folder() -> Path:
    """Where this process counts to, if it shares."""
    return Path(os.environ[VARIABLE])


def take_slot(role: str) -> None:
    """Take the first free slot, and give back the one that was inherited, if any."""
    machine = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())
    inherited = _Slot.file
    for number in count():
        name = f"{role}-{machine}-{number}"
        file = (folder() / f"{name}.slot").open("a+", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        file.truncate(0)
        file.write(f"{os.getpid()}")
        file.flush()
        _Slot.name, _Slot.file = name, file
        break
    if inherited is not None:
        inherited.close()


def processes(shared: Path) -> Iterator[tuple[str, int]]:
    """List role and number of each process that counts here and lives."""
    for path in sorted(shared.glob("*.slot")):
        with path.open(encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:  # so somebody has it
                if pid := file.read():
                    yield path.name.partition("-")[0], int(pid)
