"""Buckets for the tests: moto's server on loopback, and one before it that fails as it is told."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlsplit

import boto3
from moto.server import ThreadedMotoServer

from backups.destinations.bucket import Bucket
from backups.destinations.retries import Retries
from backups.destinations.s3 import S3Destination

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY, SECRET = "test/key", "test:secret@"


@contextmanager
def s3_server() -> Iterator[str]:
    """Run moto's server; yields its URL."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def client_of(endpoint: str) -> Iterator["S3Client"]:
    """Look at the server without our code."""
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="other",
        aws_secret_access_key="other",
    )
    try:
        yield client
    finally:
        client.close()


def url_of(bucket: str, endpoint: str, *, prefix: str = "vertexar", **options: str) -> str:
    """A destination's URL, as an operator writes it."""
    credentials = f"{quote(KEY, safe='')}:{quote(SECRET, safe='')}"
    more = "".join(f"&{name}={value}" for name, value in options.items())
    return f"s3://{credentials}@{bucket}/{prefix}?endpoint={endpoint}{more}"


def fill(client: "S3Client", bucket: str, folder: Path, prefix: str = "") -> None:
    """Put a folder's files into a bucket, under the paths that they have in it."""
    for file in folder.rglob("*"):
        if file.is_file():
            key = f"{prefix}{file.relative_to(folder)}"
            client.put_object(Bucket=bucket, Key=key, Body=file.read_bytes())


def destination_at(
    endpoint: str, bucket: str, *, waits: list[float] | None = None, **options: Any
) -> S3Destination:
    """A destination that does not wait between tries, but notes how long it would have."""
    waited = [] if waits is None else waits
    retries = Retries(wait=waited.append, chance=lambda: 1.0)
    place = Bucket(
        name=bucket,
        prefix="vertexar",
        endpoint=endpoint,
        region="us-east-1",
        access_key=KEY,
        secret_key=SECRET,
        **options,
    )
    return S3Destination(place, retries)


@dataclass
class Fault:
    """Something that goes wrong with requests that look so, so many times.

    Attributes:
        request: a regular expression of method and target, for instance `PUT .*partNumber=2`.
        act: what happens in place of a right answer.
    """

    request: str
    act: "Callable[[Handler], None]"
    times: int = 1


@dataclass
class FaultyServer:
    """What stands before the true server.

    Attributes:
        url: where to ask.
        faults: what will go wrong; the first that fits does.
        requests: method, target and headers of all that was asked.
    """

    url: str
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    has_ended: Event = field(default_factory=Event)

    def count(self, request: str) -> int:
        """How many requests looked so."""
        return sum(bool(re.search(request, line)) for line, _ in self.requests)

    def fault_for(self, line: str) -> Fault | None:
        """What goes wrong with this one."""
        for fault in self.faults:
            if fault.times and re.search(fault.request, line):
                fault.times -= 1
                return fault
        return None


class Handler(BaseHTTPRequestHandler):
    """Passes requests on, but those that are to go wrong."""

    protocol_version = "HTTP/1.1"
    state: FaultyServer
    behind: str

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # the client hung up, as clients do
            self.close_connection = True

    def pass_or_fail(self) -> None:
        line = f"{self.command} {self.path}"
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.state.requests.append((line, dict(self.headers)))
        fault = self.state.fault_for(line)
        if fault is None:
            self.answer(*self.ask())
        else:
            fault.act(self)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = pass_or_fail  # noqa: N815

    def ask(self) -> tuple[int, dict[str, str], bytes]:
        """Ask the true server."""
        connection = HTTPConnection(self.behind, timeout=30)
        try:
            connection.request(self.command, self.path, self.body, dict(self.headers))
            response = connection.getresponse()
            return response.status, dict(response.headers), response.read()
        finally:
            connection.close()

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in {"transfer-encoding", "connection"}:
                self.send_header(name, value)
        if "content-length" not in map(str.lower, headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def faulty_server(behind: str) -> Iterator[FaultyServer]:
    """Stand before a server."""
    netloc = urlsplit(behind).netloc
    state = FaultyServer("")
    handler = cast(
        "type[Handler]", type("BoundHandler", (Handler,), {"state": state, "behind": netloc})
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield state
        finally:
            state.has_ended.set()
            server.shutdown()
            thread.join()


def refuse(status: int, code: str) -> Callable[[Handler], None]:
    """Answer with a failure, as S3 words it."""
    body = f"<Error><Code>{code}</Code><Message>It is {code}.</Message></Error>".encode()

    def act(handler: Handler) -> None:
        handler.answer(
            status, {"Content-Type": "application/xml"}, b"" if handler.command == "HEAD" else body
        )

    return act


def say_nothing(handler: Handler) -> None:
    """Take the request, and never answer."""
    handler.state.has_ended.wait(60)
    handler.close_connection = True


def lose_the_answer(handler: Handler) -> None:
    """Do what is asked, and hang up."""
    handler.ask()
    handler.close_connection = True


def cut_short(handler: Handler) -> None:
    """Announce the whole answer, and hang up half way."""
    status, headers, body = handler.ask()
    headers["Content-Length"] = str(len(body))
    handler.answer(status, headers, body[: len(body) // 2])
    handler.close_connection = True


def without_checksums(handler: Handler) -> None:
    """Answer as a server that keeps none."""
    status, headers, body = handler.ask()
    kept = {name: value for name, value in headers.items() if "checksum" not in name.lower()}
    handler.answer(status, kept, body)


def flip_a_bit(handler: Handler) -> None:
    """Let what is stored differ from what was sent, and notice nothing."""
    handler.body = bytes([handler.body[0] ^ 1]) + handler.body[1:]
    for name in [name for name in handler.headers if "checksum" in name.lower()]:
        del handler.headers[name]
    without_checksums(handler)
