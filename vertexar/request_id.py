"""Every request has an id: in the answer's header, and in each problem it reports."""

import logging
import re
from collections.abc import Callable
from contextvars import ContextVar
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

HEADER = "X-Request-ID"
# Links in mails open accounts: whoever may read the log must not be let in by it.
SECRET_LINK = re.compile(r"(/account/(?:invitation|verify|address|password)/)[^\s?\"']+")
SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")

current: ContextVar[str] = ContextVar("request_id", default="")


class RequestIdFilter(logging.Filter):
    """Puts the id of the request at hand on every log line, so that a report leads to its lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record."""
        record.request_id = current.get() or "-"
        return True


class LineFormatter(logging.Formatter):
    """Writes a line, and whatever follows it, without what would open an account."""

    def format(self, record: logging.LogRecord) -> str:
        """Make the text of a record."""
        return SECRET_LINK.sub(r"\1…", super().format(record))


class RequestIdMiddleware:
    """Takes the id that a proxy of ours gave, where it looks like one, else makes one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request with its id known to whoever asks `current`."""
        given = request.headers.get(HEADER, "") if settings.NUM_PROXIES else ""
        request_id = given if SANE.fullmatch(given) else uuid4().hex
        token = current.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            current.reset(token)
        response[HEADER] = request_id
        return response
