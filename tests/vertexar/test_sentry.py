"""Reports of errors, received by a server that stands in for Sentry: what is in them, what not."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest
from pytest_django import Settings

from tests.vertexar.failing import SECRETS
from vertexar import sentry

ROOT = Path(__file__).parents[2]


DECOMPRESS = {"gzip": gzip.decompress, "br": brotli.decompress}


class Sentry(ThreadingHTTPServer):
    """Takes envelopes, as Sentry's `/api/<project>/envelope/` does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.bodies: list[tuple[str, bytes]] = []

    @property
    def dsn(self) -> str:
        return f"http://public-key@127.0.0.1:{self.server_port}/7"

    def items(self, kind: str) -> list[dict[str, Any]]:
        """The items of a kind, of all envelopes: a header line, then pairs of header and body."""
        found = []
        for path, body in self.bodies:
            assert path == "/api/7/envelope/"
            lines = body.split(b"\n")[1:]
            for header, item in zip(lines[::2], lines[1::2], strict=False):
                if header and json.loads(header)["type"] == kind:
                    found.append(json.loads(item))
        return found


class Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        body = DECOMPRESS[self.headers["Content-Encoding"]](body)
        assert isinstance(self.server, Sentry)
        self.server.bodies.append((self.path, body))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name there
        """Write nothing."""


@contextmanager
def standing_in() -> Iterator[Sentry]:
    with Sentry() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sentry]:
    with standing_in() as server:
        subprocess.run(
            [sys.executable, "-m", "tests.vertexar.failing"],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings.base",
                "SECRET_KEY": "only-for-tests-" + "x" * 40,
                "JWT_KEYS_DIR": str(tmp_path_factory.mktemp("keys")),
                "NUM_PROXIES": "1",
                "COMMIT": "c0ffee",
                "SENTRY_DSN": server.dsn,
                "SENTRY_ENVIRONMENT": "staging",
                "SENTRY_TRACES_SAMPLE_RATE": "1.0",
            },
            capture_output=True,
            timeout=100,
            check=True,
        )
        yield server


def test_a_view_that_breaks_is_reported_once_with_where_and_which(received: Sentry) -> None:
    [event] = [event for event in received.items("event") if kind_of(event) == "LookupError"]

    assert (event["environment"], event["release"]) == ("staging", "vertexar@2.0.0+c0ffee")
    assert event["tags"]["request_id"] == "request-that-fails"
    frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "fail"
    assert event["request"]["method"] == "POST"


def test_a_task_that_breaks_is_reported_once(received: Sentry) -> None:
    [event] = [event for event in received.items("event") if kind_of(event) == "ValueError"]

    assert event["transaction"] == "tests.fail"
    assert "no letter for" in event["exception"]["values"][-1]["value"]


def test_requests_and_tasks_are_traced(received: Sentry) -> None:
    operations = {trace["contexts"]["trace"]["op"] for trace in received.items("transaction")}

    assert operations == {"http.server", "queue.task.celery"}


@pytest.mark.parametrize("kind", SECRETS)
def test_nothing_that_is_sent_opens_an_account_or_says_whose_it_is(
    received: Sentry, kind: str
) -> None:
    sent = b"\n".join(body for _, body in received.bodies).decode()

    assert json.dumps("no …@…").strip('"') in sent  # the message itself is there
    assert SECRETS[kind] not in sent
    assert "ophelia" not in sent


def test_without_a_dsn_nothing_is_reported(settings: Settings) -> None:
    settings.SENTRY_DSN = ""

    assert sentry.start() is False


@pytest.mark.parametrize(
    ("value", "scrubbed"),
    [
        ({"password": "x", "shown": "y"}, {"password": "[hidden]", "shown": "y"}),
        ({"deep": [{"refresh_token": "x"}]}, {"deep": [{"refresh_token": "[hidden]"}]}),
        ("postgresql://anna:s3cret@db/x", "postgresql://anna:[hidden]@db/x"),
        ("otp=123456 and more", "otp=[hidden] and more"),
        ('{"password": "two"}', '{"password": [hidden]"}'),
        (7, 7),
    ],
)
def test_scrubbing_leaves_what_is_harmless(value: object, scrubbed: object) -> None:
    assert sentry.scrub(value) == scrubbed


def kind_of(event: dict[str, Any]) -> str:
    return str(event["exception"]["values"][-1]["type"]) if "exception" in event else ""
