"""nginx as docker/nginx configures it, before a real gunicorn started as `manage.py up` does."""

import http.client
import json
import os
import random
import signal
import socket
import ssl
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from django.db import connection
from moto.server import ThreadedMotoServer

from arcontent.models import ARContent
from tests import nginx
from tests.arcontent.factories import CaptionsFactory, ready_content
from tests.live.test_limits import ROOT, answers
from tests.live.test_worker import until
from vertexar.local.up import web_command

pytestmark = [
    pytest.mark.live,
    pytest.mark.xdist_group("nginx"),
    pytest.mark.skipif(nginx.PROGRAM is None, reason="nginx is not installed"),
    pytest.mark.django_db(transaction=True),
]
THREADS = 8  # of the one web process
SLICE_BYTES = 4 * 1024 * 1024
FILM = "arcontent/videos/ab/film.mp4"
FILM_BYTES = random.Random(5).randbytes(2 * SLICE_BYTES + 12_345)
SLOW_CLIENTS = 3 * THREADS
LOGIN = "POST /api/v1/auth/login"
QUICK_S = 10  # on a machine that has much else to do


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass(frozen=True, slots=True)
class Front:
    """nginx, and gunicorn behind it."""

    nginx: nginx.Nginx
    web: "Web"
    log_begins: int  # bytes of the web's log that are of other tests

    @property
    def web_log(self) -> str:
        """What the web wrote of this test's requests."""
        return self.web.log.read_bytes()[self.log_begins :].decode()

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        server = http.client.HTTPSConnection(
            "127.0.0.1", self.nginx.port, timeout=60, context=self.nginx.trust
        )
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            server.request(method, path, body or None, named)
            response = server.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            server.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, b"", **headers)

    def connect(self) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.nginx.port), timeout=QUICK_S)
        return self.nginx.trust.wrap_socket(plain, server_hostname="127.0.0.1")


@dataclass(frozen=True, slots=True)
class Web:
    """The gunicorn that all tests share."""

    port: int
    log: Path
    media: Path


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("web")
    database = urlsplit(os.environ["DATABASE_URL"])
    environ = {
        **os.environ,
        "DATABASE_URL": database._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        "SECRET_KEY": "only-for-tests-" + "x" * 40,
        "DJANGO_SETTINGS_MODULE": "config.settings.base",
        "JWT_KEYS_DIR": str(folder / "keys"),
        "PUBLIC_URL": "https://127.0.0.1",
        "NUM_PROXIES": "1",
        "RATE_LIMIT_ENABLED": "false",  # only nginx limits here
        "MEDIA_ROOT": str(folder / "media"),
        "WEB_CONCURRENCY": "1",
    }
    log = folder / "log"
    with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as out:
        port = int(listener.getsockname()[1])
        process = subprocess.Popen(
            web_command(listener.fileno()),
            cwd=ROOT,
            env=environ,
            stdout=out,
            stderr=out,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
    try:
        until(lambda: answers(port), "the web server")
        yield Web(port, log, folder / "media")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def front(web: Web, tmp_path: Path) -> Iterator[Front]:
    """A fresh nginx: its caches and its buckets are empty."""
    film = web.media / FILM
    film.parent.mkdir(parents=True, exist_ok=True)
    film.write_bytes(FILM_BYTES)
    with nginx.nginx_before(tmp_path / "nginx", web_ports=[web.port]) as server:
        yield Front(server, web, web.log.stat().st_size)


def plainly(front: Front, path: str) -> Answer:
    """Ask without TLS."""
    plain = http.client.HTTPConnection("127.0.0.1", front.nginx.plain_port, timeout=QUICK_S)
    try:
        plain.request("GET", path)
        response = plain.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        plain.close()


def test_people_are_served_by_https_and_sent_there(front: Front) -> None:
    sent_on = plainly(front, "/ar/abc?x=1")
    ready = front.get("/health/ready")
    metrics = front.get("/metrics")

    assert sent_on.status == 301
    assert sent_on.headers["Location"] == "https://127.0.0.1/ar/abc?x=1"
    assert ready.status == 200
    assert "max-age" in ready.headers["Strict-Transport-Security"]
    assert metrics.status == 404  # for Prometheus alone, which does not come this way
    assert "GET /metrics" not in front.web_log


def test_who_gives_out_certificates_finds_its_question_answered_without_tls(front: Front) -> None:
    questions = front.nginx.folder / "acme" / ".well-known" / "acme-challenge"
    questions.mkdir(parents=True)
    (questions / "tok-en_1").write_text("tok-en_1.thumbprint")
    (front.nginx.folder / "acme" / "beside").write_text("nobody's business")

    answer = plainly(front, "/.well-known/acme-challenge/tok-en_1")
    unknown = plainly(front, "/.well-known/acme-challenge/other")
    folder = plainly(front, "/.well-known/acme-challenge/")
    beside = plainly(front, "/.well-known/acme-challenge/../../beside")

    assert (answer.status, answer.body) == (200, b"tok-en_1.thumbprint")
    assert answer.headers["Content-Type"] == "text/plain"
    assert (unknown.status, folder.status) == (404, 403)
    assert beside.status == 301  # as all that is not asked there


def test_what_a_client_says_of_itself_is_not_believed_or_written_down(front: Front) -> None:
    claimed = {"X_Request_ID": "chosen-by-a-stranger", "X_Forwarded_For": "203.0.113.9"}

    answer = front.get("/account/invitation/s3cret?mail=anna@example.org", **claimed)

    assert answer.headers["X-Request-ID"] not in {"", claimed["X_Request_ID"]}
    until(lambda: "invitation" in front.nginx.log, "the line of the request")
    line = json.loads(front.nginx.log.splitlines()[-1])
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert line["path"] == "/account/invitation/…"
    for secret in ("s3cret", "anna", "127.0.0.1", "203.0.113.9"):
        assert secret not in front.nginx.log


RANGES = {
    "bytes=0-99": slice(0, 100),
    f"bytes={SLICE_BYTES - 10}-{SLICE_BYTES + 9}": slice(SLICE_BYTES - 10, SLICE_BYTES + 10),
    "bytes=-500": slice(-500, None),
    f"bytes={SLICE_BYTES}-": slice(SLICE_BYTES, None),
}


def test_films_are_played_in_ranges_and_kept(front: Front) -> None:
    for asked, given in RANGES.items():
        answer = front.get(f"/media/{FILM}", Range=asked)
        assert (answer.status, answer.body) == (206, FILM_BYTES[given]), asked
    past_the_end = front.get(f"/media/{FILM}", Range=f"bytes={len(FILM_BYTES)}-")
    whole = front.get(f"/media/{FILM}")
    head = front.ask("HEAD", f"/media/{FILM}")
    missing = front.get("/media/arcontent/videos/ab/none.mp4")

    (front.web.media / FILM).unlink()
    kept = front.get(f"/media/{FILM}")

    assert past_the_end.status == 416
    assert (whole.status, whole.body) == (200, FILM_BYTES)
    assert whole.headers["Content-Type"] == "video/mp4"
    assert whole.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(FILM_BYTES)))
    assert missing.status == 404
    assert (kept.status, kept.body, kept.headers["X-Cache"]) == (200, FILM_BYTES, "HIT")


def test_films_of_a_bucket_are_played_but_uploads_as_they_came_are_withheld(tmp_path: Path) -> None:
    store = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    store.start()
    host, port = store.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket="vertexar-media", ACL="public-read")
    for key in (FILM, "arcontent/originals/ab/film.upload"):
        client.put_object(
            Bucket="vertexar-media", Key=key, Body=FILM_BYTES, ACL="public-read",
            ContentType="video/mp4", CacheControl="public, max-age=31536000, immutable",
        )  # fmt: skip
    media = (
        (nginx.CONFIGURATION / "site" / "media.conf")
        .read_text()
        .replace("s3:8333", f"{host}:{port}")
    )

    try:
        with nginx.nginx_before(tmp_path / "nginx", web_ports=[1], media=media) as server:
            front = Front(server, Web(1, tmp_path, tmp_path), 0)
            parts = {asked: front.get(f"/media/{FILM}", Range=asked) for asked in RANGES}
            whole = front.get(f"/media/{FILM}")
            upload = front.get("/media/arcontent/originals/ab/film.upload")
            listing = front.get("/media/")
    finally:
        store.stop()

    for asked, given in RANGES.items():
        assert (parts[asked].status, parts[asked].body) == (206, FILM_BYTES[given]), asked
    assert (whole.status, whole.body, whole.headers["X-Cache"]) == (200, FILM_BYTES, "HIT")
    assert whole.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert whole.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert upload.status == 404
    assert listing.status == 404


def test_a_printed_code_is_answered_from_the_cache_while_the_web_is_away(front: Front) -> None:
    content = ready_content(title="Harbour at dawn")
    path = f"/ar/{content.code}/manifest"
    spoken = CaptionsFactory.create(video=content.videos.get()).url
    first, words = front.get(path), front.get(spoken)
    ARContent.objects.filter(pk=content.pk).update(title="Changed")

    second = front.get(path)
    for_somebody = front.get(path, Authorization="Bearer nobody")
    front.nginx.send_to(nginx.free_ports(1))  # where nobody is
    pages: list[Answer] = []  # until the nginx processes from before the change are gone

    def is_away() -> bool:
        pages.append(front.get(f"/ar/{content.code}"))
        return pages[-1].status == 503

    until(is_away, "the web to be away")
    without_web, words_without_web = front.get(path), front.get(spoken)

    assert (first.status, first.headers["X-Cache"]) == (200, "MISS")
    assert (second.body, second.headers["X-Cache"]) == (first.body, "HIT")
    assert for_somebody.headers["X-Cache"] == "BYPASS"
    assert without_web.body == first.body
    assert (words.status, words_without_web.body) == (200, words.body)
    assert pages[-1].headers["Retry-After"] == "5"
    assert json.loads(pages[-1].body)["type"] == "urn:vertexar:problem:unavailable"


def test_what_is_too_large_is_refused_before_the_web_hears_of_it(front: Front) -> None:
    json_type = {"Content_Type": "application/json"}
    to_json = front.ask("POST", "/api/v1/auth/login", b"x" * 1_100_000, **json_type)
    upload = front.ask("POST", "/api/v1/contents", b"x" * 1_100_000, **json_type)
    with front.connect() as client:
        client.sendall(
            b"POST /api/v1/contents HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Length: 552000000\r\n\r\n"
        )
        announced = client.recv(65536)

    assert to_json.status == 413
    assert json.loads(to_json.body)["type"] == "urn:vertexar:problem:request_too_large"
    assert upload.status == 401  # it got to the application, which asks who that is
    assert announced.startswith(b"HTTP/1.1 413 ")
    until(lambda: "/api/v1/contents" in front.web_log, "the upload's line")
    assert "/api/v1/auth/login" not in front.web_log
    assert front.web_log.count("POST /api/v1/contents") == 1


def test_a_flood_of_sign_ins_is_held_back_and_told_so(front: Front) -> None:
    def sign_in(_number: int) -> Answer:
        return front.ask("POST", "/api/v1/auth/login", b"{}", Content_Type="application/json")

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(sign_in, range(80)))
    beside = front.get("/health/live")

    statuses = Counter(answer.status for answer in given)
    refused = next(answer for answer in given if answer.status == 429)
    let_through = 80 - statuses[429]
    assert set(statuses) == {400, 429}
    assert 30 <= let_through < 80
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.headers["Retry-After"] == "10"
    assert json.loads(refused.body)["type"] == "urn:vertexar:problem:too_many_requests"
    until(lambda: front.web_log.count(LOGIN) >= let_through, "the lines of all sign-ins")
    assert front.web_log.count(LOGIN) == let_through
    assert beside.status == 200  # the bucket is that of signing in alone


def test_slow_clients_hold_none_of_the_threads(front: Front) -> None:
    film = f"GET /media/{FILM} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    upload = (
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: 5000\r\n\r\n{"
    )
    with ExitStack() as open_clients:
        for _number in range(SLOW_CLIENTS):
            for request in (film, upload):  # one that does not read, one that does not write on
                client = open_clients.enter_context(front.connect())
                client.sendall(request)

        begun = time.monotonic()
        answer = front.get("/version")
        took_s = time.monotonic() - begun

    assert answer.status == 200
    assert took_s < QUICK_S, f"{took_s:.1f} s"
