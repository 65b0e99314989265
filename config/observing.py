"""Who is asked for metrics and for health: what the kernel knows, and what rooms add."""

from collections.abc import Callable
from typing import Any

from arcontent.models import Video
from backups import standing
from backups.metrics import BackupCollector
from backups.models import BackupRun
from markers.models import Marker
from vertexar.health_parts import KERNEL, Found, Part, Parts, State, waiting
from vertexar.leases import LeasedQuerySet
from vertexar.metrics_asked import Build, Database, Disks, Processes, Queues

# The rows whose work goes through a queue.
WAITING: dict[str, Callable[[], LeasedQuerySet[Any]]] = {
    "compile": Marker.objects.all,
    "media": Video.objects.all,
    "backup": BackupRun.objects.all,
}


def backups() -> Found:
    """See whether there is something to go back to, which was seen to restore."""
    complaints = standing.current().complaints
    return Found(State.DEGRADED, ", ".join(complaints)) if complaints else Found()


COLLECTORS = (Build(), Database(), Disks(), Processes(), Queues(WAITING), BackupCollector())
PARTS = Parts((*KERNEL, Part("queues", waiting(WAITING)), Part("backups", backups)))
