"""Every request has an id: in the answer's header, and in each problem it reports."""

import logging
import re
from collections.abc import Callable
from contextvars import ContextVar
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from structlog.contextvars import bound_contextvars

HEADER = "X-Request-ID"
# Links in mails open accounts: whoever may read the log must not be let in by it.
SECRET_LINK = re.compile(r"(/account/(?:invitation|verify|address|password)/)[^\s?\"'\\]+")
MAIL_ADDRESS = re.compile(r"[\w.%+-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+")
SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")

current: ContextVar[str] = ContextVar("request_id", default="")


def clean(text: str) -> str:
    """Leave out what would open an account, and whose it is."""
    return MAIL_ADDRESS.sub("…@…", SECRET_LINK.sub(r"\1…", text))


class LineFormatter(logging.Formatter):
    """Writes a line, and whatever follows it, without secrets and addresses of people."""

    def format(self, record: logging.LogRecord) -> str:
        """Make the text of a record."""
        return clean(super().format(record))


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
            with bound_contextvars(request_id=request_id):  # which goes along with tasks
                response = self.get_response(request)
        finally:
            current.reset(token)
        response[HEADER] = request_id
        return response
