"""What is wrong with a configuration, and how to mend it: rules on settings, and looks at servers.

Each rule answers None, or what is the case and what to do. `manage.py doctor` asks them all.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection
from django.http.request import validate_host

from vertexar import presence
from vertexar.health_parts import Parts, State

POSTGRES_NEEDED = 14
LOOPBACKS = {"localhost", "127.0.0.1", "::1"}


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"  # it does not work like that
    WARNING = "warning"  # it works, and somebody may be sorry


@dataclass(frozen=True, slots=True)
class Advice:
    """Something that is wrong.

    Attributes:
        what: what is the case, in a sentence.
        mend: what to do about it, in a sentence.
    """

    severity: Severity
    what: str
    mend: str


Rule = Callable[[], Advice | None]


def examine(parts: Parts) -> Iterator[Advice]:
    """Ask all rules, then look at what the installation stands on.

    Args:
        parts: what it stands on.
    """
    yield from _of_checks()
    yield from filter(None, (rule() for rule in RULES))
    for report in parts.look():
        if report.state is not State.OK:
            is_down = report.state is State.DOWN
            yield Advice(
                Severity.ERROR if is_down else Severity.WARNING,
                f"{report.name}: {report.detail}.",
                MENDS.get(report.name, "See docs/observability.md, Health."),
            )


def public_url_is_for_others() -> Advice | None:
    """A code that is printed leads there for ever."""
    url = urlsplit(settings.PUBLIC_URL)
    if url.hostname in LOOPBACKS:
        return Advice(
            Severity.WARNING,
            f"QR codes lead to {settings.PUBLIC_URL}, which is this machine alone.",
            "Set PUBLIC_URL to the address people reach it by before anything is printed.",
        )
    if url.scheme != "https":
        return Advice(
            Severity.ERROR,
            f"PUBLIC_URL is {settings.PUBLIC_URL}: phones give the camera to https pages alone.",
            "Put a proxy with a certificate in front, and set PUBLIC_URL to https://….",
        )
    return None


def public_host_is_allowed() -> Advice | None:
    """Or every page is answered with 400."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    if validate_host(host, settings.ALLOWED_HOSTS):
        return None
    return Advice(
        Severity.ERROR,
        f"ALLOWED_HOSTS does not name {host}, the host of PUBLIC_URL.",
        f"Add it: ALLOWED_HOSTS={','.join([*settings.ALLOWED_HOSTS, host])}",
    )


def proxy_is_counted() -> Advice | None:
    """Else https is taken for http where it arrives, and sent to https for ever."""
    if urlsplit(settings.PUBLIC_URL).scheme != "https" or settings.NUM_PROXIES:
        return None
    return Advice(
        Severity.ERROR,
        "PUBLIC_URL is https, and NUM_PROXIES says that there is no proxy that makes it so.",
        "Set NUM_PROXIES to the number of your proxies in front (1 with nginx alone).",
    )


def errors_are_not_shown() -> Advice | None:
    """Error pages show settings and variables."""
    if not settings.DEBUG or urlsplit(settings.PUBLIC_URL).hostname in LOOPBACKS:
        return None
    return Advice(Severity.ERROR, "DEBUG shows everybody the inside of errors.", "Set DEBUG=False.")


def mails_are_sent() -> Advice | None:
    """Invitations and new passwords come by mail."""
    if settings.EMAIL_URL:
        return None
    return Advice(
        Severity.WARNING,
        "Mails are sent to nobody: they are written to the log of the worker.",
        "Set EMAIL_URL, as in smtp+tls://user:password@mail.example.org:587.",
    )


def workers_metrics_are_shared() -> Advice | None:
    """A worker's processes can only answer together."""
    if not settings.METRICS_PORT or settings.METRICS_DIR:
        return None
    return Advice(
        Severity.WARNING,
        "METRICS_PORT is set without METRICS_DIR: what tasks do is not counted there.",
        "Set METRICS_DIR to an empty folder of the worker's own.",
    )


def logs_can_be_written() -> Advice | None:
    """A folder that can't be written to keeps nothing."""
    folder = Path(settings.LOG_DIR)  # or whatever of it is there already
    while settings.LOG_DIR and not folder.exists():
        folder = folder.parent
    if not settings.LOG_DIR or (folder.is_dir() and os.access(folder, os.W_OK)):
        return None
    return Advice(
        Severity.ERROR,
        f"LOG_DIR is {settings.LOG_DIR}, which can't be written to.",
        "Make the folder, and let the user that runs the processes write there.",
    )


def temporary_files_can_be_written() -> Advice | None:
    """Uploads wait there."""
    folder = Path(tempfile.gettempdir())
    if os.access(folder, os.W_OK):
        return None
    return Advice(
        Severity.ERROR,
        f"Uploads can't wait in {folder}: it can't be written to.",
        "Set TMPDIR to a folder that can.",
    )


def database_is_new_enough() -> Advice | None:
    """What we ask of PostgreSQL, old ones can't do; one that is away is a part of its own."""
    try:
        connection.ensure_connection()
    except DatabaseError:
        return None
    number = connection.pg_version // 10_000  # type: ignore[attr-defined]  # PostgreSQL's own
    if number >= POSTGRES_NEEDED:
        return None
    return Advice(
        Severity.ERROR,
        f"PostgreSQL is of version {number}.",
        f"Move to {POSTGRES_NEEDED} or newer.",
    )


def broker_keeps_what_it_has() -> Advice | None:
    """What is full may throw away messages, or the counters of limits: those do expire."""
    client = presence.broker()
    try:
        told = client.config_get("maxmemory-policy")
        policy = str(told.get("maxmemory-policy", "noeviction"))
    except redis.RedisError:  # away, or it does not tell: some that are rented do not
        return None
    finally:
        client.close()
    if policy == "noeviction":
        return None
    lost = "messages" if policy.startswith("allkeys") else "the counters that limits go by"
    return Advice(
        Severity.WARNING,
        f"The broker's maxmemory-policy is {policy}: once it is full, it drops {lost}.",
        "Set it to noeviction: a write that is refused is seen, and a message is sent again later.",
    )


RULES: tuple[Rule, ...] = (
    public_url_is_for_others,
    public_host_is_allowed,
    proxy_is_counted,
    errors_are_not_shown,
    mails_are_sent,
    workers_metrics_are_shared,
    logs_can_be_written,
    temporary_files_can_be_written,
    database_is_new_enough,
    broker_keeps_what_it_has,
)
MENDS = {
    "database": "Look whether PostgreSQL runs and DATABASE_URL leads to it.",
    "migrations": "Run `manage.py migrate`.",
    "storage": "Look at MEDIA_ROOT, or at the AWS_… settings and the rights of the key.",
    "cache": "Look whether Redis or Valkey runs and REDIS_URL leads to it.",
    "broker": "Look whether Redis or Valkey runs and REDIS_URL leads to it.",
    "disks": "Make room, or move what is named to a larger disk.",
    "memory": "Run fewer processes (WEB_CONCURRENCY, celery -c) or add memory.",
    "workers": "Start workers for these queues: celery -A config worker -Q <queues>.",
    "backups": "See docs/backups.md: `manage.py backup_keygen` makes a key, `backup` a backup, "
    "`backup_drill` tries the newest one out.",
    "queues": "Look into the workers' logs, or start more of them: docs/scaling.md.",
}


def _of_checks() -> Iterator[Advice]:
    is_deployed = urlsplit(settings.PUBLIC_URL).hostname not in LOOPBACKS
    for message in checks.run_checks(include_deployment_checks=is_deployed):
        if message.is_silenced() or message.level < checks.WARNING:
            continue
        yield Advice(
            Severity.ERROR if message.level >= checks.ERROR else Severity.WARNING,
            str(message.msg),
            str(message.hint or f"See `manage.py check --deploy`, {message.id}."),
        )
