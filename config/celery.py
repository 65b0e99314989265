"""The Celery application. Its limits, queues and schedule are the `CELERY_…` settings."""

import os

from celery import Celery

from vertexar import logs_tasks, metrics_tasks, presence

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

app = Celery("vertexar")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
logs_tasks.follow()
metrics_tasks.measure()
presence.announce(app)
