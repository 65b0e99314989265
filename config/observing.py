"""Who is asked for metrics and for health: what the kernel knows, and what rooms add."""

from collections.abc import Callable
from typing import Any

from arcontent.models import Video
from markers.models import Marker
from vertexar.health_parts import KERNEL, Part, Parts, waiting
from vertexar.leases import LeasedQuerySet
from vertexar.metrics_asked import Build, Database, Disks, Processes, Queues

# The rows whose work goes through a queue.
WAITING: dict[str, Callable[[], LeasedQuerySet[Any]]] = {
    "compile": Marker.objects.all,
    "media": Video.objects.all,
}

COLLECTORS = (Build(), Database(), Disks(), Processes(), Queues(WAITING))
PARTS = Parts((*KERNEL, Part("queues", waiting(WAITING))))
