"""Where a request comes from, seen through a known number of proxies."""

import ipaddress
from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

current_ip: ContextVar[str] = ContextVar("client_ip", default="")


def client_ip(request: HttpRequest) -> str:
    """Tell the address of whoever asks.

    Each proxy adds the address it was asked from to the end of X-Forwarded-For: with NUM_PROXIES of
    them, the client stands that far from the end, and whatever is left of it anybody may have
    written. Without proxies, or with fewer addresses than proxies, the header says nothing.

    Returns:
        An IPv4 or IPv6 address, or "" if the server was asked through a Unix socket and no proxy
        said more.
    """
    named = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    proxies: int = settings.NUM_PROXIES
    if 0 < proxies <= len(named) and _is_address(named[-proxies]):
        return named[-proxies]
    return str(request.META.get("REMOTE_ADDR") or "")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


class ClientMiddleware:
    """Lets everything below know the client's address without handing requests around."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request with its address known to whoever asks `current_ip`."""
        token = current_ip.set(client_ip(request))
        try:
            return self.get_response(request)
        finally:
            current_ip.reset(token)
