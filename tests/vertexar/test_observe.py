"""`manage.py observe` beside what hands metrics out: what it prints, and what it refuses."""

import re
import threading
from collections.abc import Iterator
from io import StringIO
from types import SimpleNamespace
from unittest.mock import patch
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from django.core.management import CommandError, call_command
from prometheus_client import CONTENT_TYPE_LATEST
from pytest_django import Settings

from tests.prerequisites import program
from vertexar.observe import Prometheus

needs_prometheus = pytest.mark.skipif(
    program("prometheus") is None, reason="prometheus is not installed"
)
TOKEN = "the-token-of-the-metrics"
PAGE = b"""
vertexar_database_connections 20
vertexar_database_connections_max 80
vertexar_workers{queue="compile"} 0
vertexar_workers{queue="media"} 1
vertexar_disk_free_bytes{path="/tmp"} 10
vertexar_disk_size_bytes{path="/tmp"} 20
"""


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        pass


@pytest.fixture
def url() -> Iterator[str]:
    """A system whose metrics are these, for who has the token."""

    def answer(asked: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        if asked.get("HTTP_AUTHORIZATION") != f"Bearer {TOKEN}":
            start_response("403 Forbidden", [])
            return []
        start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
        return [PAGE]

    with make_server("127.0.0.1", 0, answer, handler_class=Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@needs_prometheus
def test_the_golden_signals_are_printed_and_it_stays_until_somebody_has_seen_enough(
    url: str, settings: Settings
) -> None:
    settings.METRICS_TOKEN = TOKEN
    out, err = StringIO(), StringIO()
    impatient = SimpleNamespace(sleep=_until_ctrl_c)

    with patch("vertexar.management.commands.observe.time", impatient):
        call_command("observe", url=url, seconds=0, stay=True, stdout=out, stderr=err)

    printed = {
        line.split("  ")[-1]: line for line in out.getvalue().splitlines() if "Alerts" not in line
    }
    assert re.search(r"^Saturation +25 ", printed["of 100 connections are open"])
    assert re.search(r" 50 ", printed["of 100 bytes are free on the fullest disk"])
    assert re.search(r" 1 ", printed["queues without a worker"])
    assert "—" in printed["half of requests within"]
    assert re.search(r"^Alerts +none$", out.getvalue(), re.M)
    assert re.search(r"Prometheus: http://127\.0\.0\.1:\d+ \(Ctrl-C stops it\)", err.getvalue())


def _until_ctrl_c(seconds: float) -> None:
    if seconds:
        raise KeyboardInterrupt


@needs_prometheus
def test_a_system_that_refuses_us_is_said_to(url: str, settings: Settings) -> None:
    settings.METRICS_TOKEN = "another"

    with pytest.raises(CommandError, match=f"{url}/metrics does not answer us"):
        call_command("observe", url=url, seconds=0)


def test_without_a_prometheus_it_says_where_to_get_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(CommandError, match="apt-get install prometheus"):
        call_command("observe", url="http://127.0.0.1:1", seconds=0)


def test_one_that_has_begun_to_listen_and_can_not_answer_yet_is_not_ready() -> None:
    def answer(asked: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
        return [b"Service Unavailable"]

    with make_server("127.0.0.1", 0, answer, handler_class=Quiet) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert not Prometheus(server.server_port).is_ready()
