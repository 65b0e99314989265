"""What is asked when somebody reads the metrics: queues, workers, database, disks, processes."""

import json
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psutil
import redis
from django.conf import settings
from django.core.files.storage import storages
from django.db import Error, connection
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vertexar import __version__, metrics_shared, presence
from vertexar.leases import JobStatus, LeasedQuerySet
from vertexar.metrics_tasks import SENT_AT
from vertexar.storage import LocalStorage

logger = logging.getLogger(__name__)


class Asking(Collector):
    """Asks several, and goes on where one of them does not answer; says which did."""

    def __init__(self, collectors: Iterable[Collector]) -> None:
        self._collectors = tuple(collectors)

    def collect(self) -> Iterable[Metric]:
        """Ask all."""
        answered = GaugeMetricFamily(
            "vertexar_collector_answered", "Whether a source of metrics answered.", labels=["name"]
        )
        for collector in self._collectors:
            name = type(collector).__name__
            try:
                found = list(collector.collect())
            except (Error, redis.RedisError, OSError) as error:
                logger.warning("metrics of %s: %s", name, error)
                answered.add_metric([name], 0)
            else:
                answered.add_metric([name], 1)
                yield from found
        yield answered


class Queues(Collector):
    """How much waits, for how long, and who is there to do it.

    Args:
        rows: by queue, the rows whose work goes through it. They are what is true: a message may be
            lost, or be there twice. A queue without rows is judged by its messages.
    """

    def __init__(self, rows: Mapping[str, Callable[[], LeasedQuerySet[Any]]]) -> None:
        self._rows = rows

    def collect(self) -> Iterable[Metric]:
        """Ask the broker and the database."""
        depth = GaugeMetricFamily(
            "vertexar_queue_depth", "Pieces of work that wait.", labels=["queue"]
        )
        age = GaugeMetricFamily(
            "vertexar_queue_age_seconds", "How long the oldest has waited.", labels=["queue"]
        )
        workers = GaugeMetricFamily(
            "vertexar_workers", "Workers that take from a queue and answer.", labels=["queue"]
        )
        client = presence.broker()
        try:
            for queue in queues():
                waiting, oldest_s = self._of(queue, client)
                depth.add_metric([queue], waiting)
                age.add_metric([queue], oldest_s)
                present = presence.workers_of(queue, client)
                if present or queue not in settings.UNATTENDED_QUEUES:
                    workers.add_metric([queue], present)
            beat = GaugeMetricFamily(
                "vertexar_beat_last_sent_timestamp_seconds",
                "When beat last sent a task.",
                value=presence.beat_sent_at(client),
            )
        finally:
            client.close()
        return [depth, age, workers, beat]

    def _of(self, queue: str, client: "redis.Redis") -> tuple[int, float]:
        """Tell how much waits in a queue, and for how many seconds the oldest has."""
        messages = int(client.llen(queue))
        age_s = age_of_oldest_message(queue, client)
        if queue not in self._rows:
            return messages, age_s
        waiting, row_age_s = waiting_rows(self._rows[queue]())
        return max(messages, waiting), max(age_s, row_age_s)


def queues() -> list[str]:
    """Name the queues that tasks go to."""
    routed = {str(route["queue"]) for route in settings.CELERY_TASK_ROUTES.values()}
    return sorted({settings.CELERY_TASK_DEFAULT_QUEUE, *routed})


def waiting_rows(rows: LeasedQuerySet[Any]) -> tuple[int, float]:
    """Count the rows that wait, and tell for how many seconds the oldest has.

    Since when is `updated_at`: the sweep renews `queued_at` each time it sends a row again.
    """
    found = rows.filter(status=JobStatus.PENDING).aggregate(
        number=Count("pk"), since=Min("updated_at")
    )
    if not found["number"]:
        return 0, 0.0
    return found["number"], max(0.0, (timezone.now() - found["since"]).total_seconds())


def age_of_oldest_message(queue: str, client: "redis.Redis") -> float:
    """Tell for how many seconds the oldest message of a queue has waited; 0 with none."""
    message: Any = client.lindex(queue, -1)
    if message is None:
        return 0.0
    with suppress(ValueError, KeyError, TypeError):  # not of ours, which have the header
        return max(0.0, time.time() - float(json.loads(message)["headers"][SENT_AT]))
    return 0.0


class Database(Collector):
    """Connections to PostgreSQL, of all that there may be."""

    def collect(self) -> Iterable[Metric]:
        """Ask PostgreSQL."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), current_setting('max_connections')::int"
                " FROM pg_stat_activity WHERE backend_type = 'client backend'"
            )
            used, most = cursor.fetchone()
        return [
            GaugeMetricFamily("vertexar_database_connections", "Open connections.", value=used),
            GaugeMetricFamily(
                "vertexar_database_connections_max", "As many as there may be.", value=most
            ),
        ]


class Disks(Collector):
    """Room on the disks that are written to."""

    def collect(self) -> Iterable[Metric]:
        """Ask the system."""
        free = GaugeMetricFamily("vertexar_disk_free_bytes", "Room that is left.", labels=["path"])
        size = GaugeMetricFamily("vertexar_disk_size_bytes", "Room there is.", labels=["path"])
        for path in written_to():
            usage = shutil.disk_usage(path)
            free.add_metric([str(path)], usage.free)
            size.add_metric([str(path)], usage.total)
        return [free, size]


def written_to() -> list[Path]:
    """Name the folders that we write to and that are there: of a container, those it has."""
    paths = [Path(tempfile.gettempdir())]
    storage = storages["default"]
    if isinstance(storage, LocalStorage):
        paths.append(Path(storage.location))
    if settings.LOG_DIR:
        paths.append(Path(settings.LOG_DIR))
    places = map(urlsplit, settings.BACKUP_DESTINATIONS)
    paths += [Path(unquote(place.path)) for place in places if place.scheme == "file"]
    return sorted({path for path in paths if path.is_dir()})


class Processes(Collector):
    """Memory and processor time of each process on this machine that counts where we do.

    Args:
        role: of this one, where it counts alone.
    """

    def __init__(self, role: str = "web") -> None:
        self._role = role

    def collect(self) -> Iterable[Metric]:
        """Ask the system."""
        memory = GaugeMetricFamily(
            "vertexar_process_resident_memory_bytes", "Memory by role.", labels=["role"]
        )
        cpu = CounterMetricFamily(
            "vertexar_process_cpu_seconds", "Processor time.", labels=["role", "pid"]
        )
        taken: dict[str, int] = {}
        for role, process in self._all():
            with suppress(psutil.NoSuchProcess):
                taken[role] = taken.get(role, 0) + process.memory_info().rss
                times = process.cpu_times()
                cpu.add_metric([role, str(process.pid)], times.user + times.system)
        for role, resident in taken.items():
            memory.add_metric([role], resident)
        return [memory, cpu]

    def _all(self) -> Iterable[tuple[str, psutil.Process]]:
        if not metrics_shared.is_shared():
            yield self._role, psutil.Process()
            return
        for role, pid in metrics_shared.processes(metrics_shared.folder()):
            with suppress(psutil.NoSuchProcess):
                yield role, psutil.Process(pid)


class Build(Collector):
    """What runs."""

    def collect(self) -> Iterable[Metric]:
        """Answer."""
        build = GaugeMetricFamily("vertexar_build_info", "What runs.", labels=["version", "commit"])
        build.add_metric([__version__, settings.COMMIT], 1)
        return [build]
