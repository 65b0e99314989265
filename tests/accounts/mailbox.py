"""What was mailed: the queue's tasks are run at once when the request has committed."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from celery import Task
from django.core import mail
from django.core.mail import EmailMessage

Delivering = Callable[[], AbstractContextManager[list[EmailMessage]]]


def delivering(capture: Callable[..., Any]) -> Delivering:
    """Make what collects the mails of a block of code; filled once the block has ended."""

    @contextmanager
    def deliver() -> Iterator[list[EmailMessage]]:
        before = len(mail.outbox)
        mails: list[EmailMessage] = []
        delay = patch.object(Task, "delay", lambda task, *arguments: task.run(*arguments))
        with delay, capture(execute=True):
            yield mails
        mails += mail.outbox[before:]

    return deliver


def path_in(message: EmailMessage) -> str:
    """The path of the one link in a mail."""
    [url] = re.findall(r"https?://\S+", str(message.body))
    return str(urlsplit(url).path)
