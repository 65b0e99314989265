"""Handing out the metrics: at /metrics of the web, and at METRICS_PORT of workers, to few."""

import hmac
import ipaddress
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from vertexar import metrics_shared
from vertexar.client import client_ip
from vertexar.metrics_asked import Asking, Build, Disks, Processes

BEARER = "Bearer "


def page(asked: Iterable[Collector]) -> bytes:
    """Make the page of all metrics: what the processes of this machine counted, and what is asked.

    Args:
        asked: who is asked now.
    """
    counted: Any = REGISTRY
    if metrics_shared.is_shared():
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    now = CollectorRegistry()
    now.register(Asking(asked))
    return generate_latest(counted) + generate_latest(now)


def view(*asked: Collector) -> Callable[..., HttpResponse]:
    """Make the view of /metrics."""

    @require_safe
    @never_cache
    def metrics(request: HttpRequest) -> HttpResponse:
        """Hand the metrics out to whoever may read them."""
        if not is_let_in(request):
            return HttpResponse(status=HTTPStatus.FORBIDDEN)
        return HttpResponse(page(asked), content_type=CONTENT_TYPE_LATEST)

    return metrics


def is_let_in(request: HttpRequest) -> bool:
    """Whether a request comes with METRICS_TOKEN or from METRICS_NETWORKS.

    One that came through a proxy nobody told us of has the proxy's address: that proves nothing.
    """
    is_proxied = "X-Forwarded-For" in request.headers and not settings.NUM_PROXIES
    address = "" if is_proxied else client_ip(request)
    return _may_read(address, request.headers.get("Authorization", ""))


def has_token(request: HttpRequest) -> bool:
    """Whether a request comes with METRICS_TOKEN."""
    return _may_read("", request.headers.get("Authorization", ""))


def _may_read(address: str, authorization: str) -> bool:
    if settings.METRICS_TOKEN and authorization.startswith(BEARER):
        given = authorization.removeprefix(BEARER).encode()
        if hmac.compare_digest(given, settings.METRICS_TOKEN.encode()):
            return True
    if not address:
        return False
    ip = ipaddress.ip_address(address)
    return any(ip in ipaddress.ip_network(network) for network in settings.METRICS_NETWORKS)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = 10  # seconds; who opens a connection and says nothing holds a thread no longer

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - its name there
        """Write nothing: it is asked every few seconds."""


def serve(host: str, port: int, *, role: str) -> int:
    """Serve what was counted from a thread, in a process that serves nothing else.

    Args:
        host: where to listen.
        port: 0 for any.
        role: what the process is: `worker`, `beat`.

    Returns:
        The port, for one was chosen if it was 0.

    Raises:
        OSError: it can't be listened on.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        return _answer(environ, start_response, role)

    server = make_server(host, port, answer, server_class=_Server, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return int(server.server_port)


def _answer(wsgi: WSGIEnvironment, start_response: StartResponse, role: str) -> list[bytes]:
    address, authorization = wsgi["REMOTE_ADDR"], wsgi.get("HTTP_AUTHORIZATION", "")
    if not _may_read(address, authorization):
        start_response("403 Forbidden", [])
        return []
    start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
    return [page([Processes(role), Build(), Disks()])]
