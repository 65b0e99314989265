"""Where a request comes from, seen through a known number of proxies."""

import ipaddress
from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

# What one customer of a provider is given of IPv6 (RFC 6177): they change the rest at will.
IPV6_CUSTOMER_BITS = 64

current_ip: ContextVar[str] = ContextVar("client_ip", default="")


def client_ip(request: HttpRequest) -> str:
    """Tell the address of whoever asks.

    Each proxy adds the address it was asked from to the end of X-Forwarded-For: with NUM_PROXIES of
    them, the client stands that far from the end, and whatever is left of it anybody may have
    written. Without proxies, or with fewer addresses than proxies, the header says nothing.

    Returns:
        An IPv4 or IPv6 address in its shortest form, without port or zone, or "" if the server was
        asked through a Unix socket and no proxy said more.
    """
    named = request.headers.get("X-Forwarded-For", "").split(",")
    proxies: int = settings.NUM_PROXIES
    if 0 < proxies <= len(named) and (address := _address_in(named[-proxies])):
        return address
    return _address_in(str(request.META.get("REMOTE_ADDR") or ""))


def network_of(ip: str) -> str:
    """Tell whom an address stands for when tries are counted.

    Args:
        ip: an address as `client_ip` tells it, or "".

    Returns:
        An IPv4 address as it is, of an IPv6 address the first one of its /64, "" for "".
    """
    if ":" not in ip:
        return ip
    network = ipaddress.ip_network(f"{ip}/{IPV6_CUSTOMER_BITS}", strict=False)
    return str(network.network_address)


def _address_in(text: str) -> str:
    """Read `1.2.3.4`, `1.2.3.4:567`, `2001:db8::1`, `[2001:db8::1]:567`; "" for anything else."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    # A server that listens on IPv6 sees IPv4 clients like that (RFC 4291, 2.5.5.2).
    return str(getattr(address, "ipv4_mapped", None) or address)


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
