"""A whole running system, started as its owner would, and its API as a client would use it."""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE_S = 240  # a cold machine collects and compresses all files for the browser first
STOP_S = 60
BY_NAME = "viewer.test"  # a name that the browser is told to look for on this machine

_READY = re.compile(r"Admin: (http://\S+?)/admin/")
# A system of its own takes nothing from the servers and settings of the tests around it.
_NOT_INHERITED = (
    "DATABASE_URL",
    "REDIS_URL",
    "DJANGO_SETTINGS_MODULE",
    "SECRET_KEY",
    "MEDIA_ROOT",
    "STATIC_ROOT",
)


@dataclass(frozen=True, slots=True)
class Content:
    """A content that is ready."""

    id: str
    code: str
    picture_size: tuple[int, int]  # width, height, pixels


class System:
    """A running system, signed in to."""

    def __init__(self, url: str, *, username: str, password: str) -> None:
        self.url = url
        login = {"username": username, "password": password}
        tokens = self._call("POST", "/api/v1/auth/login", json.dumps(login).encode())
        self._token: str = tokens["access_token"]

    def upload(self, *, title: str, image: bytes, video: bytes, **more: str) -> Content:
        """Upload a picture and a video, and wait until both are prepared."""
        boundary = secrets.token_hex(16)
        parts = [
            _field(boundary, name, text.encode()) for name, text in {"title": title, **more}.items()
        ]
        parts.append(_field(boundary, "image", image, filename="picture.png"))
        parts.append(_field(boundary, "video", video, filename="video.mp4"))
        body = b"".join(parts) + f"--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        made = self._call("POST", "/api/v1/contents", body, content_type=kind)
        deadline = time.monotonic() + PATIENCE_S
        while made["status"] == "processing":
            assert time.monotonic() < deadline, f"{title} was not prepared in {PATIENCE_S} s"
            time.sleep(0.1)  # between two looks at another process
            made = self._call("GET", f"/api/v1/contents/{made['id']}")
        assert made["status"] == "ready", made["failure"]
        target = self._call("GET", f"/ar/{made['code']}/manifest")["target"]
        size = (target["width_px"], target["height_px"])
        return Content(id=made["id"], code=made["code"], picture_size=size)

    def caption(self, content: Content, *, language: str, text: bytes) -> None:
        """Give the content's video captions."""
        boundary = secrets.token_hex(16)
        body = _field(boundary, "file", text, filename="captions") + f"--{boundary}--\r\n".encode()
        videos = f"/api/v1/contents/{content.id}/videos"
        (video,) = self._call("GET", f"/api/v1/contents/{content.id}")["videos"]
        kind = f"multipart/form-data; boundary={boundary}"
        self._call("PUT", f"{videos}/{video['id']}/captions/{language}", body, content_type=kind)

    def counts(self, content: Content) -> dict[str, int]:
        """All days' counts of a content, by event."""
        total: dict[str, int] = self._call("GET", f"/api/v1/contents/{content.id}/stats")["total"]
        return total

    def page(self, content: Content, *, language: str) -> str:
        """The viewer page as it is sent."""
        request = urllib.request.Request(
            f"{self.url}/ar/{content.code}", headers={"Accept-Language": language}
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return str(response.read().decode())

    def _call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        content_type: str = "application/json",
    ) -> Any:
        request = urllib.request.Request(self.url + path, data=body, method=method)
        if body is not None:
            request.add_header("Content-Type", content_type)
        if path.startswith("/api/") and hasattr(self, "_token"):
            request.add_header("Authorization", f"Bearer {self._token}")
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)


class Starting:
    """A system on its way: whoever started it can do something else meanwhile."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", log: Path, environ: dict[str, str]
    ) -> None:
        self._process, self._log, self._environ = process, log, environ

    @property
    def administrator(self) -> tuple[str, str]:
        """User name and password of the first one."""
        return self._environ["ADMIN_USERNAME"], self._environ["ADMIN_PASSWORD"]

    def wait(self) -> System:
        """Wait until it serves, and sign in."""
        deadline = time.monotonic() + PATIENCE_S
        while (ready := _READY.search(self._log.read_text("utf-8"))) is None:
            assert self._process.poll() is None, f"`up` ended:\n{self._log.read_text('utf-8')}"
            assert time.monotonic() < deadline, f"not ready in {PATIENCE_S} s"
            time.sleep(0.1)  # between two looks at another process
        url = ready[1]
        with urllib.request.urlopen(f"{url}/health/ready", timeout=30) as response:
            assert response.status == 200
        username, password = self.administrator
        return System(url, username=username, password=password)

    def manage(self, *arguments: str, **variables: str) -> str:
        """Run a command of manage.py on the system that serves, and return what it says."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self._environ | variables,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip


@contextmanager
def starting_system() -> Iterator[Starting]:
    """Run `manage.py up` in a folder of its own; everything it started ends with the block."""
    home = Path(tempfile.mkdtemp(prefix="vertexar-e2e-"))
    home.chmod(0o711)  # PostgreSQL may have to run as another user, who must pass
    environ = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED} | {
        "VERTEXAR_HOME": str(home / "home"),
        "PORT": "0",
        "ADMIN_USERNAME": "owner",
        "ADMIN_PASSWORD": secrets.token_urlsafe(24),
        "ALLOWED_HOSTS": f"127.0.0.1,{BY_NAME}",
        "RATE_LIMIT_ENABLED": "false",
    }
    log = home / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--no-demo"],
            cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield Starting(process, log, environ)
    finally:
        _stop(process)
        shutil.rmtree(home)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


def _field(boundary: str, name: str, value: bytes, *, filename: str | None = None) -> bytes:
    named = f'name="{name}"' + (f'; filename="{filename}"' if filename else "")
    head = f"--{boundary}\r\nContent-Disposition: form-data; {named}\r\n\r\n"
    return head.encode() + value + b"\r\n"
