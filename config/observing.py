"""Who is asked for metrics: what the kernel knows, and what each room adds of its own."""

from collections.abc import Callable
from typing import Any

from arcontent.models import Video
from markers.models import Marker
from vertexar.leases import LeasedQuerySet
from vertexar.metrics_asked import Build, Database, Disks, Processes, Queues

# The rows whose work goes through a queue.
WAITING: dict[str, Callable[[], LeasedQuerySet[Any]]] = {
    "compile": Marker.objects.all,
    "media": Video.objects.all,
}

COLLECTORS = (Build(), Database(), Disks(), Processes(), Queues(WAITING))
