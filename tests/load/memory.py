"""How much memory the processes of a run take, by role, at their most."""

import threading
from collections import Counter
from types import TracebackType
from typing import Self

import psutil

ROLES = {
    "nginx": "nginx",
    "gunicorn": "web",
    "celery": "workers and beat",
    "postgres": "PostgreSQL",
    "valkey": "Valkey",
    "manage.py": "supervisor",
}
LOOK_EVERY_S = 1.0


class Watch:
    """Looks at our children while its block runs.

    Attributes:
        peak: bytes by role when the sum was largest; memory that processes share is shared out.
    """

    def __init__(self) -> None:
        self.peak: Counter[str] = Counter()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._is_over.wait(LOOK_EVERY_S):
            taken = memory_by_role()
            if taken.total() > self.peak.total():
                self.peak = taken


def memory_by_role() -> Counter[str]:
    """Add up the proportional set sizes of all our children, bytes."""
    taken: Counter[str] = Counter()
    for process in psutil.Process().children(recursive=True):
        try:
            role = role_of(process.cmdline())
            if role:
                taken[role] += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue  # it has ended since
    return taken


def role_of(command: list[str]) -> str:
    """Name what a process is there for; "" for those that only measure."""
    words = " ".join(command)
    if "locust" in words:
        return ""
    return next((role for mark, role in ROLES.items() if mark in words), "")
