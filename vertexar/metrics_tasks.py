"""Counting tasks, by the signals that Celery has for it; and where workers count to.

Nothing of prometheus_client is loaded before it is known where this process counts.
"""

import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from celery import Task
from celery.signals import (
    beat_init,
    before_task_publish,
    task_failure,
    task_postrun,
    task_prerun,
    task_retry,
    task_success,
    worker_process_init,
    worker_ready,
)
from celery.utils.time import maybe_iso8601
from django.conf import settings

from vertexar import metrics_shared

SENT_AT = "vertexar_sent_at"  # a header of messages: seconds since 1970


def measure() -> None:
    """Connect with Celery: in whatever sends tasks, and in whatever does them."""
    before_task_publish.connect(_stamp)
    if is_worker(sys.argv):
        _share()
    worker_process_init.connect(_share_own)
    worker_ready.connect(_serve_of_worker)
    beat_init.connect(_serve_of_beat)
    task_prerun.connect(_begin)
    task_postrun.connect(_end)
    task_success.connect(_succeeded)
    task_failure.connect(_failed)
    task_retry.connect(_retried)


def _stamp(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    if headers is not None:
        headers[SENT_AT] = time.time()


def is_worker(command: Sequence[str]) -> bool:
    """Whether a command starts a worker.

    Celery's own signals come too late: the applications are loaded by then, and their counters.
    """
    return "celery" in Path(command[0]).parts[-2:] and "worker" in command[1:]


def _share() -> None:
    if folder := os.environ.get("METRICS_DIR"):
        metrics_shared.share(folder, "worker")


def _share_own(**kwargs: Any) -> None:
    if metrics_shared.is_shared():
        metrics_shared.take_slot("worker")


def _serve_of_worker(sender: Any, **kwargs: Any) -> None:
    expect(sender.app.tasks)
    _serve("worker")


def expect(tasks: Iterable[str]) -> None:
    """Have failures of tasks counted from 0: the first are no growth of what was not there."""
    from vertexar.metrics import TASKS

    for name in tasks:
        if not name.startswith("celery."):
            TASKS.labels(name, "failed")


def _serve_of_beat(**kwargs: Any) -> None:
    _serve("beat")


def _serve(role: str) -> None:
    if settings.METRICS_PORT:
        from vertexar import metrics_read

        metrics_read.serve(settings.METRICS_BIND, settings.METRICS_PORT, role=role)


def _begin(task: "Task[..., Any]", **kwargs: Any) -> None:
    from vertexar.metrics import TASK_WAIT_SECONDS

    request: Any = task.request
    request.vertexar_begun = time.monotonic()
    if sent := getattr(request, SENT_AT, None):
        due = maybe_iso8601(request.eta)
        meant = max(sent, due.timestamp() if due is not None else 0.0)
        TASK_WAIT_SECONDS.labels(task.name).observe(max(0.0, time.time() - meant))


def _end(task: "Task[..., Any]", **kwargs: Any) -> None:
    from vertexar.metrics import TASK_SECONDS

    begun = getattr(task.request, "vertexar_begun", None)
    if begun is not None:
        TASK_SECONDS.labels(task.name).observe(time.monotonic() - begun)


def _count(sender: Any, state: str) -> None:
    from vertexar.metrics import TASKS

    TASKS.labels(sender.name, state).inc()


def _succeeded(sender: Any, **kwargs: Any) -> None:
    _count(sender, "succeeded")


def _failed(sender: Any, **kwargs: Any) -> None:
    _count(sender, "failed")


def _retried(sender: Any, **kwargs: Any) -> None:
    _count(sender, "retried")
