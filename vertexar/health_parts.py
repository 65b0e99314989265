"""What an installation stands on, looked at part by part, each within a time of its own.

A part that does not answer in time is said to be late, and is not asked again until it has: or
each look at a database that hangs would leave one more thread behind.
"""

import errno
import math
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import uuid4

import psutil
import redis
from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from vertexar import presence
from vertexar.leases import LeasedQuerySet
from vertexar.metrics_asked import age_of_oldest_message, queues, waiting_rows, written_to

SECONDS = 2.0
KEPT_S = 5.0
FREE_SHARE = 0.2  # of a disk, below which somebody should look
FREE_MEMORY_SHARE = 0.1
QUEUE_AGE_S = 600


class State(StrEnum):
    """How a part is, and how the whole is."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of a part: nothing amiss, or what and so how bad it is."""

    state: State = State.OK
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part to look at.

    Attributes:
        name: as the answer calls it.
        look: looks, and tells what it found; what it raises is taken for what is amiss.
        is_vital: whether nothing can be served without it.
    """

    name: str
    look: Callable[[], Found]
    is_vital: bool = False

    @property
    def worst(self) -> State:
        """How the whole is when this part does not answer."""
        return State.DOWN if self.is_vital else State.DEGRADED


@dataclass(frozen=True, slots=True)
class Report:
    """What a look at a part came to, and how long it took."""

    name: str
    state: State
    seconds: float
    detail: str


class Parts:
    """Looks at parts, all at once.

    Args:
        parts: which.
        seconds: how long is waited for any of them.
        kept_s: for how long what was found is answered again: anybody may ask, as often as he will.
    """

    def __init__(
        self, parts: Iterable[Part], *, seconds: float = SECONDS, kept_s: float = KEPT_S
    ) -> None:
        self._parts = tuple(parts)
        self._seconds = seconds
        self._kept_s = kept_s
        self._lock = threading.Lock()
        self._running: dict[str, Future[Report]] = {}
        self._last: tuple[float, list[Report]] = (-math.inf, [])

    def look(self) -> list[Report]:
        """Look at all, and wait for none longer than is allowed."""
        at, reports = self._last
        if time.monotonic() - at >= self._kept_s:
            reports = self._look()
            self._last = (time.monotonic(), reports)
        return reports

    def _look(self) -> list[Report]:
        begun = {part.name: self._begin(part) for part in self._parts}
        wait(begun.values(), timeout=self._seconds)
        return [
            begun[part.name].result()
            if begun[part.name].done()
            else Report(part.name, part.worst, self._seconds, "it does not answer in time")
            for part in self._parts
        ]

    def _begin(self, part: Part) -> Future[Report]:
        with self._lock:
            running = self._running.get(part.name)
            if running is not None and not running.done():
                return running
            future: Future[Report] = Future()
            self._running[part.name] = future
        threading.Thread(
            target=lambda: future.set_result(_report(part)), name=f"health-{part.name}", daemon=True
        ).start()
        return future


def worst_of(reports: Iterable[Report]) -> State:
    """Tell how the whole is."""
    states = {report.state for report in reports}
    return next((state for state in (State.DOWN, State.DEGRADED) if state in states), State.OK)


def _report(part: Part) -> Report:
    begun = time.monotonic()
    try:
        found = part.look()
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what is amiss
        # The kind alone: what a driver says may hold addresses and names.
        found = Found(part.worst, f"it does not answer ({type(error).__name__})")
    finally:
        connections.close_all()  # this thread's own
    return Report(part.name, found.state, round(time.monotonic() - begun, 3), found.detail)


# --- Looks ------------------------------------------------------------------------------------


def database() -> Found:
    """Ask PostgreSQL, and how many more connections it takes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*)::float / current_setting('max_connections')::int"
            " FROM pg_stat_activity WHERE backend_type = 'client backend'"
        )
        share = cursor.fetchone()[0]
    if share > 1 - FREE_SHARE:
        return Found(State.DEGRADED, f"{share:.0%} of its connections are taken")
    return Found()


def migrations() -> Found:
    """Compare the tables with the code."""
    executor = MigrationExecutor(connection)
    if pending := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return Found(State.DOWN, f"{len(pending)} migrations are not applied")
    return Found()


def cached() -> Found:
    """Put something into the cache and take it out."""
    key = f"health-{uuid4().hex}"
    cache.set(key, 1, 10)
    is_there = cache.get(key) == 1
    cache.delete(key)
    return Found() if is_there else Found(State.DEGRADED, "it forgets")


def broker() -> Found:
    """Ask the broker. Without it uploads are taken, and done later."""
    client = presence.broker()
    try:
        client.ping()
    finally:
        client.close()
    return Found()


def storage() -> Found:
    """Write a file, read it and remove it."""
    try:
        name = default_storage.save(f"health/{uuid4().hex}.txt", ContentFile(b"ok"))
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
            raise
        return Found(State.DEGRADED, "it takes nothing new")  # and gives out what it has
    try:
        with default_storage.open(name) as file:
            is_there = file.read() == b"ok"
    finally:
        default_storage.delete(name)
    return Found() if is_there else Found(State.DOWN, "it gives back something else")


def disks() -> Found:
    """See whether there is room."""
    shares = {path: shutil.disk_usage(path) for path in written_to()}
    full = [
        f"{path} has {usage.free / usage.total:.0%} left"
        for path, usage in shares.items()
        if usage.free < FREE_SHARE * usage.total
    ]
    return Found(State.DEGRADED, ", ".join(full)) if full else Found()


def memory() -> Found:
    """See whether there is memory left."""
    now = psutil.virtual_memory()
    if now.available < FREE_MEMORY_SHARE * now.total:
        return Found(State.DEGRADED, f"{now.available / now.total:.0%} are left")
    return Found()


def waiting(rows: Mapping[str, Callable[[], LeasedQuerySet[Any]]]) -> Callable[[], Found]:
    """Make the look at what waits, and for how long.

    Args:
        rows: by queue, the rows whose work goes through it.
    """

    def look() -> Found:
        client = presence.broker()
        try:
            ages = {queue: age_of_oldest_message(queue, client) for queue in queues()}
        except redis.RedisError:
            ages = {}  # the broker is a part of its own
        finally:
            client.close()
        for queue, of in rows.items():
            ages[queue] = max(ages.get(queue, 0.0), waiting_rows(of())[1])
        late = [f"{queue}: {age:.0f} s" for queue, age in ages.items() if age > QUEUE_AGE_S]
        return Found(State.DEGRADED, ", ".join(late)) if late else Found()

    return look


def workers() -> Found:
    """See whether somebody takes from each queue."""
    client = presence.broker()
    try:
        needed = [queue for queue in queues() if queue not in settings.UNATTENDED_QUEUES]
        idle = [queue for queue in needed if not presence.workers_of(queue, client)]
    finally:
        client.close()
    return Found(State.DEGRADED, f"nobody takes from {', '.join(idle)}") if idle else Found()


KERNEL = (
    Part("database", database, is_vital=True),
    Part("migrations", migrations, is_vital=True),
    Part("storage", storage, is_vital=True),
    Part("cache", cached),
    Part("broker", broker),
    Part("disks", disks),
    Part("memory", memory),
    Part("workers", workers),
)
