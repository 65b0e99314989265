"""The Celery application. Its limits, queues and schedule are the `CELERY_…` settings."""

import gc
import os
from typing import Any

from celery import Celery
from celery.signals import worker_before_create_process

from vertexar import logs_tasks, metrics_tasks, presence

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

app = Celery("vertexar")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
logs_tasks.follow()
metrics_tasks.measure()
presence.announce(app)


@worker_before_create_process.connect
def share_memory(**event: Any) -> None:
    """Let no collection of garbage touch, and so copy, what a forked process shares with us."""
    gc.collect()
    gc.freeze()
