"""Rate limits: how often an address or a user may ask. One counter for the API and for pages.

The counting is django-ratelimit's, in windows of a fixed length, by one atomic increment for each
request in the shared cache. While the cache is away nothing is limited: reads stay open, and
signing in stays guarded by the lock-out, which counts in the database.

Answers of the API say in `RateLimit` and `RateLimit-Policy` how much is left, as in revision 11 of
the IETF draft draft-ietf-httpapi-ratelimit-headers.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django_ratelimit.core import get_usage
from rest_framework.exceptions import APIException, Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from vertexar.cache import CacheAway, cache_breaker
from vertexar.client import client_ip, network_of
from vertexar.errors import DomainError

if TYPE_CHECKING:  # DRF's views import this module
    from rest_framework.views import APIView

RATE = re.compile(r"([1-9]\d{0,8})/(s|sec|second|m|min|minute|h|hour|d|day)")
PERIODS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds."""

    quota: int
    window_s: int


@lru_cache(maxsize=64)
def parse_rate(text: str) -> Rate:
    """Read `5/min`: a number of requests and a second, a minute, an hour or a day.

    Raises:
        ValueError: it is anything else.
    """
    match = RATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no rate such as 5/min")
    return Rate(int(match[1]), PERIODS_S[match[2][0]])


@dataclass(frozen=True, slots=True)
class Usage:
    """Where somebody stands with a limit, this request included.

    Attributes:
        name: the limit's.
        count: requests in this window.
        resets_in_s: seconds until the next window, at least one.
    """

    name: str
    rate: Rate
    count: int
    resets_in_s: int

    @property
    def is_over(self) -> bool:
        """Whether this request is one too many."""
        return self.count > self.rate.quota

    @property
    def remaining(self) -> int:
        """How many more requests this window has."""
        return max(0, self.rate.quota - self.count)


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit on requests.

    Attributes:
        name: as answers call it.
        setting: the name of the setting with its rate.
    """

    name: str
    setting: str

    def count(self, request: HttpRequest, who: str, *, times: int = 1) -> Usage | None:
        """Count a request, as so many where it costs more than others.

        More than all that a window has it never counts as: or it would never be let through.

        Returns:
            Where whoever asks stands now; None where nothing is counted: limits are off, the cache
            is away, or nobody can tell who asks.
        """
        if not settings.RATE_LIMIT_ENABLED or not who:
            return None
        rate = parse_rate(getattr(settings, self.setting))
        try:
            with cache_breaker.asking():
                for _time in range(max(1, min(times, rate.quota))):
                    usage = get_usage(
                        request,
                        group=self.name,
                        key=lambda _group, _request: who,
                        rate=(rate.quota, rate.window_s),
                        increment=True,
                    )
        except CacheAway:
            return None
        return Usage(self.name, rate, usage["count"], max(1, usage["time_left"]))


AUTH = Limit("auth", "AUTH_RATE_LIMIT")
UPLOAD = Limit("upload", "UPLOAD_RATE_LIMIT")
GLOBAL = Limit("global", "GLOBAL_RATE_LIMIT")
VIEWER = Limit("viewer", "VIEWER_RATE_LIMIT")
LIMITS = (AUTH, UPLOAD, GLOBAL, VIEWER)


def address_of(request: HttpRequest) -> str:
    """Whom to count a request for by where it comes from; "" when that can't be told."""
    network = network_of(client_ip(request))
    return f"ip:{network}" if network else ""


def user_of(request: HttpRequest) -> str:
    """Whom to count a request for by who is signed in, else by where it comes from."""
    user = request.user
    return f"user:{user.pk}" if user.is_authenticated else address_of(request)


# --- API --------------------------------------------------------------------------------------


class _Throttle(BaseThrottle):
    """Counts a request of the API for one limit."""

    limit: Limit

    def __init__(self) -> None:
        self.usage: Usage | None = None

    def who(self, request: Request) -> str:
        """Whom to count it for; "" for nobody."""
        return address_of(request._request)

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count it, once however often it is asked."""
        usages = usages_of(request._request)
        self.usage = next((usage for usage in usages if usage.name == self.limit.name), None)
        if self.usage is None:
            self.usage = self.limit.count(request._request, self.who(request))
            usages.extend([self.usage] if self.usage else [])
        return self.usage is None or not self.usage.is_over

    def wait(self) -> float | None:
        """Seconds until it is worth asking again."""
        return None if self.usage is None else self.usage.resets_in_s


class GlobalThrottle(_Throttle):
    """Every request of the API: by user, or by address where nobody is signed in."""

    limit = GLOBAL

    def who(self, request: Request) -> str:
        """The user, else the address: also where signing in is what the request failed at."""
        try:
            user = request.user
        except (DomainError, APIException):
            return super().who(request)
        if user.is_authenticated:
            return f"user:{user.pk}"
        return super().who(request)


class UploadThrottle(GlobalThrottle):
    """Whatever brings files, wherever it is sent to."""

    limit = UPLOAD

    def who(self, request: Request) -> str:
        """The user, else the address; nobody for a request without files."""
        return super().who(request) if request.content_type.startswith("multipart/") else ""


class WorkThrottle(GlobalThrottle):
    """Whatever is as much work as an upload, without bringing files."""

    limit = UPLOAD


class AuthThrottle(_Throttle):
    """Signing in, and all else that makes somebody of nobody: by address."""

    limit = AUTH


class ViewerThrottle(_Throttle):
    """What the public viewer asks: by address, of which a whole museum may have one."""

    limit = VIEWER


def usages_of(request: HttpRequest) -> list[Usage]:
    """Where whoever asks stands with each limit that this request was counted for."""
    usages: list[Usage] = request.__dict__.setdefault("rate_usages", [])
    return usages


def count_uploads(request: Request, uploads: int) -> None:
    """Count a request, which was counted as one upload when it came, as so many.

    Raises:
        Throttled: they are more than are left.
    """
    usages = usages_of(request._request)
    counted = next((usage for usage in usages if usage.name == UPLOAD.name), None)
    more = min(uploads, counted.rate.quota) - 1 if counted else 0
    if counted is None or more < 1:
        return
    usage = UPLOAD.count(request._request, UploadThrottle().who(request), times=more)
    if usage is None:
        return
    usages[usages.index(counted)] = usage
    if usage.is_over:
        raise Throttled(wait=usage.resets_in_s)


class RateLimitMiddleware:
    """Says in each answer of the API how much is left."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the headers of all limits that counted."""
        response = self.get_response(request)
        tell(response, usages_of(request))
        return response


def tell(response: HttpResponseBase, usages: list[Usage]) -> None:
    """Write into an answer how much is left."""
    if usages:
        response["RateLimit-Policy"] = ", ".join(
            f'"{u.name}";q={u.rate.quota};w={u.rate.window_s}' for u in usages
        )
        response["RateLimit"] = ", ".join(
            f'"{u.name}";r={u.remaining};t={u.resets_in_s}' for u in usages
        )
