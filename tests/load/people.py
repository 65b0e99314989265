"""Who asks, as Locust starts them: viewers, staff, clients of the API, others for the bare view.

Each has an address of its own on the loopback, so that limits by address are those of real people.
What is asked for stands in LOAD_… variables, which tests/load/__main__.py sets.
"""

import itertools
import os
import ssl
from typing import Any
from urllib.parse import urlsplit

from locust import HttpUser, between, task
from requests.adapters import HTTPAdapter

ADDRESSES = (f"127.0.{block}.{host}" for block in itertools.count(1) for host in range(1, 255))
FILM_START = {"Range": "bytes=0-262143"}
REQUESTS_OF_A_VISIT = 7
TRUST = ssl.create_default_context(cafile=os.environ["LOAD_CERTIFICATE"])


class FromAddress(HTTPAdapter):
    """Connections that come from one address."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pool with it."""
        options |= {"source_address": (self._address, 0), "ssl_context": TRUST}
        super().init_poolmanager(*args, **options)


class Person(HttpUser):
    """Somebody with an address."""

    abstract = True

    def on_start(self) -> None:
        """Take the next free address."""
        self.client.verify = os.environ["LOAD_CERTIFICATE"]
        self.client.mount("https://", FromAddress(next(ADDRESSES)))


class Viewer(Person):
    """Scans a printed picture now and again; each time a phone that comes for the first time."""

    fixed_count = 100
    wait_time = between(5, 10)

    @task
    def scan(self) -> None:
        """Open the page, load what it needs, find the picture, watch."""
        code = os.environ["LOAD_CODE"]
        self.client.get(f"/ar/{code}", name="viewer: page")
        manifest = self.client.get(f"/ar/{code}/manifest", name="viewer: manifest").json()
        self.client.get(urlsplit(manifest["target"]["url"]).path, name="viewer: target")
        for event in ("opened", "found", "played"):
            beacon = {"code": code, "event": event}
            self.client.post("/api/v1/events", json=beacon, name="viewer: event")
        film = urlsplit(manifest["videos"][0]["url"]).path
        self.client.get(film, headers=FILM_START, name="viewer: film")
        self.client.close()


class Staff(Person):
    """Works in the back office."""

    fixed_count = 10
    wait_time = between(2, 5)

    def on_start(self) -> None:
        """Be signed in already: hashing passwords is slow on purpose."""
        super().on_start()
        self.client.headers["Cookie"] = os.environ["LOAD_COOKIE"]

    @task
    def look(self) -> None:
        """See the list, open one."""
        self.client.get("/admin/arcontent/arcontent/", name="staff: list")
        path = f"/admin/arcontent/arcontent/{os.environ['LOAD_ID']}/change/"
        self.client.get(path, name="staff: content")


class ApiClient(Person):
    """A program that reads."""

    fixed_count = 10
    wait_time = between(1, 3)

    def on_start(self) -> None:
        """Have a token."""
        super().on_start()
        self.client.headers["Authorization"] = f"Bearer {os.environ['LOAD_TOKEN']}"

    @task
    def read(self) -> None:
        """List, read one, ask for its counts."""
        one = f"/api/v1/contents/{os.environ['LOAD_ID']}"
        self.client.get("/api/v1/contents", name="API: list")
        self.client.get(one, name="API: content")
        self.client.get(f"{one}/stats", name="API: counts")


class BareVisitor(Person):
    """Asks the bare view as often as all of them together."""

    fixed_count = 120
    wait_time = between(5, 10)

    @task
    def visit(self) -> None:
        """Ask as often as a viewer does."""
        for number in range(REQUESTS_OF_A_VISIT):
            self.client.get(f"/ar/{number}", name="bare view")
        self.client.close()
