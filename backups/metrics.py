"""Figures of the backups for Prometheus, read from rows when they are asked for.

Nothing is counted in a process: the worker that makes a backup may be gone when somebody asks, and
any process that reaches the database gives the same answer.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Q
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from backups import standing
from backups.models import BackupRun
from vertexar.leases import JobStatus

LAST_GOOD = (
    "vertexar_backup_last_good_timestamp_seconds",
    "When the newest good backup was finished; 0 if there is none.",
)
LAST_TESTED = (
    "vertexar_backup_last_tested_timestamp_seconds",
    "When a backup that was fresh was last seen to restore; 0 if none was.",
)
SECONDS = ("vertexar_backup_seconds", "How long the newest good backup took.")
BYTES = (
    "vertexar_backup_bytes",
    "Of the newest good backup: its database, its media, what was sent.",
)
RUNS = ("vertexar_backup_runs", "Backups by result: good, not_complete, failed.")
DRILL_OK = (
    "vertexar_backup_drill_ok",
    "1 if the backup that was last tried out restored, 0 if not; none was tried if it is missing.",
)


class BackupCollector(Collector):
    """Collects the figures; several may be made, none keeps anything."""

    def describe(self) -> Iterator[Metric]:
        """Name the figures without asking the database, which may not be there yet."""
        for name, says in (LAST_GOOD, LAST_TESTED, SECONDS, DRILL_OK):
            yield GaugeMetricFamily(name, says)
        yield GaugeMetricFamily(*BYTES, labels=["part"])
        yield CounterMetricFamily(*RUNS, labels=["result"])

    def collect(self) -> Iterator[Metric]:
        """Read the figures.

        Raises:
            DatabaseError: the database can't be asked.
        """
        now = standing.current()
        good, tested = now.last_good, now.last_tested
        yield GaugeMetricFamily(*LAST_GOOD, value=_timestamp(good.finished_at if good else None))
        tested_at = tested.restore_tested_at if tested else None
        yield GaugeMetricFamily(*LAST_TESTED, value=_timestamp(tested_at))
        if good is not None:
            if good.started_at is not None and good.finished_at is not None:
                took = good.finished_at - good.started_at
                yield GaugeMetricFamily(*SECONDS, value=took.total_seconds())
            sizes = GaugeMetricFamily(*BYTES, labels=["part"])
            for part in ("database", "media", "sent"):
                sizes.add_metric([part], getattr(good, f"{part}_bytes"))
            yield sizes
        if now.last_drilled is not None:
            yield GaugeMetricFamily(*DRILL_OK, value=float(not now.last_drilled.restore_failure))
        yield _results()


def collector() -> BackupCollector:
    """Make one, to be registered."""
    return BackupCollector()


def _results() -> CounterMetricFamily:
    ready, failed = Q(status=JobStatus.READY), Q(status=JobStatus.FAILED)
    counts = BackupRun.objects.aggregate(
        good=Count("pk", filter=ready & Q(failure_code="")),
        not_complete=Count("pk", filter=ready & ~Q(failure_code="")),
        failed=Count("pk", filter=failed),
    )
    results = CounterMetricFamily(*RUNS, labels=["result"])
    for result, count in counts.items():
        results.add_metric([result], count)
    return results


def _timestamp(moment: datetime | None) -> float:
    return 0.0 if moment is None else moment.timestamp()
