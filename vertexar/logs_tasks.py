"""The id of a request goes along with the tasks it sends, and with those that they send.

django-structlog carries it in the messages, and writes when a task begins and how long it took.
"""

from typing import Any

from celery import current_app
from celery.signals import setup_logging, task_postrun
from celery.utils.log import get_logger
from django_structlog.celery.receivers import CeleryReceiver
from django_structlog.celery.signals import bind_extra_task_metadata
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

from vertexar import request_id

_receiver = CeleryReceiver()


def follow() -> None:
    """Connect with Celery: in whatever sends tasks, and in whatever does them."""
    _receiver.connect_worker_signals()
    bind_extra_task_metadata.connect(_take_over)
    task_postrun.connect(_forget)
    setup_logging.connect(_leave_as_it_is)


def _leave_as_it_is(**kwargs: Any) -> None:
    """Keep the settings' logging; what is printed, such as mails without a server, goes there."""
    current_app.log.redirect_stdouts_to_logger(get_logger("celery.redirected"), "WARNING")


def _take_over(task: Any = None, **kwargs: Any) -> None:
    """Work under the id of the request that led here; a task of the clock has one of its own."""
    given = str(get_contextvars().get("request_id") or task.request.id)
    bind_contextvars(request_id=given)
    request_id.current.set(given)


def _forget(**kwargs: Any) -> None:
    request_id.current.set("")
    clear_contextvars()
