"""What is counted where it happens; docs/observability.md explains each. Values are of one process.

What can be asked for at any time instead (queues, disks, connections) is asked when somebody reads
the metrics: see `vertexar.metrics_asked`.
"""

from prometheus_client import Counter, Histogram

SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)

TASK_SECONDS = Histogram("vertexar_task_seconds", "How long tasks took.", ["task"], buckets=SECONDS)
TASK_WAIT_SECONDS = Histogram(
    "vertexar_task_wait_seconds",
    "How long tasks waited for a worker, beyond the time they were meant to.",
    ["task"],
    buckets=SECONDS,
)
TASKS = Counter("vertexar_tasks_total", "Tasks by how they ended.", ["task", "state"])

COMPILE_SECONDS = Histogram(
    "vertexar_compile_seconds", "How long compiling a picture took.", buckets=SECONDS
)
QUALITY_SCORE = Histogram(
    "vertexar_quality_score",
    "The quality of compiled pictures, 0 to 100.",
    buckets=(10, 20, 30, 40, 50, 60, 70, 80, 90, 100),
)
VIEWER_EVENTS = Counter("vertexar_viewer_events_total", "What viewers reported.", ["event"])
STORAGE_ERRORS = Counter(
    "vertexar_storage_errors_total",
    "Times the disk or the object store refused, by what was asked of it.",
    ["operation"],
)
CACHE_REQUESTS = Counter("vertexar_cache_requests_total", "Reads of the cache.", ["result"])

OPERATIONS = ("save", "open", "delete")

# A series that is not there until something fails can't be watched.
for operation in OPERATIONS:
    STORAGE_ERRORS.labels(operation)
for result in ("hit", "miss"):
    CACHE_REQUESTS.labels(result)
