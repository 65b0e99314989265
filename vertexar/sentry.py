"""Reports of errors to Sentry, or what speaks like it: what broke and where, never for whom.

The client is told to leave out what it knows to be about people; what is left is gone through once
more, since secrets also stand in messages, addresses and names of variables.
"""

import re
from collections.abc import Mapping
from typing import Any, cast

import sentry_sdk
from django.conf import settings
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger
from sentry_sdk.types import Event, Hint

from vertexar import __version__, request_id

HIDDEN = "[hidden]"
SECRET_NAMES = re.compile(
    r"pass(word|wd|phrase)?$|password|secret|token|otp|cookie|authorization|api_?key|csrf|session"
    r"|signature|credential|dsn|e-?mail|username|(^|_)ip(_|$)|remote_addr|forwarded|(^|_)phone",
    re.IGNORECASE,
)
# A token of three parts (JWT), the password of an URL, a value that is assigned to a secret's name,
# an address of the network.
SECRETS = (
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.+/=~-]+"), rf"\1 {HIDDEN}"),
    (re.compile(r"(://[^\s:/@]*):[^\s@/]+@"), rf"\1:{HIDDEN}@"),
    (
        re.compile(r"(?i)\b([\w-]*(?:password|secret|token|otp|api_?key))(['\"]?\s*[=:]\s*)['\"]?[^\s'\"&,;}]+"),
        rf"\1\2{HIDDEN}",
    ),
    (re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"), HIDDEN),
)  # fmt: skip
LEFT_OUT = ("user", "server_name", "modules", "extra")


def start() -> bool:
    """Begin to report, if SENTRY_DSN says where to."""
    if not settings.SENTRY_DSN:
        return False
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        environment=settings.SENTRY_ENVIRONMENT,
        release=f"vertexar@{__version__}+{settings.COMMIT}",
        sample_rate=settings.SENTRY_SAMPLE_RATE,
        traces_sample_rate=settings.SENTRY_TRACES_SAMPLE_RATE,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        integrations=[
            DjangoIntegration(),
            CeleryIntegration(monitor_beat_tasks=False),
            LoggingIntegration(),
        ],
        before_send=_before_send,
        before_send_transaction=_before_send,
        before_breadcrumb=lambda crumb, hint: cast("dict[str, Any]", scrub(crumb)),
    )
    for name in ("django_structlog.celery.receivers", "celery.app.trace"):
        ignore_logger(name)  # they tell of errors that are reported as such
    return True


def scrub(value: Any, name: str = "") -> Any:
    """Leave out of a structure what opens accounts or says whose they are.

    Args:
        value: what JSON can hold, of any depth.
        name: what it is called, if it is called anything.
    """
    if name and value and SECRET_NAMES.search(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: scrub(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [scrub(item) for item in value]
    return scrub_text(value) if isinstance(value, str) else value


def scrub_text(text: str) -> str:
    """Leave out of a text what opens accounts or says whose they are."""
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return request_id.clean(text)


def _before_send(event: Event, hint: Hint) -> Event:
    fields = cast("dict[str, Any]", event)
    for name in LEFT_OUT:
        fields.pop(name, None)
    if request := fields.get("request"):
        # Of a query even the names may be somebody's.
        fields["request"] = {
            name: request[name] for name in ("method", "url", "headers") if name in request
        }
        headers = request.get("headers", {})
        fields["request"]["headers"] = {
            name: value
            for name, value in headers.items()
            if name.lower() in {"accept", "content-length", "content-type", "host"}
        }
    kept = {name: fields[name] for name in ("event_id", "release", "timestamp") if name in fields}
    scrubbed: dict[str, Any] = scrub(fields) | kept
    if current := request_id.current.get():
        tags = scrubbed.get("tags") or {}
        scrubbed["tags"] = {**tags, "request_id": current}
    return cast("Event", scrubbed)
