"""A Prometheus beside the running system, for as long as somebody looks: its golden signals."""

import http.client
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

EVERY_S = 1  # seconds between two scrapes
START_S = 60
POLL_S = 0.25

LATENCY = "django_http_requests_latency_including_middlewares_seconds_bucket"
ANSWERS = "django_http_responses_total_by_status_total"
SIGNALS = (
    ("Latency", "half of requests within", "quantile:0.5", "s"),
    ("", "95 of 100 within", "quantile:0.95", "s"),
    ("", "99 of 100 within", "quantile:0.99", "s"),
    ("Traffic", "requests a second", f"sum(rate({ANSWERS}[1m]))", ""),
    (
        "Errors",
        "of 100 answers are 5xx",
        f'100 * (sum(rate({ANSWERS}{{status=~"5.."}}[1m])) or vector(0))'
        f" / sum(rate({ANSWERS}[1m]))",
        "",
    ),
    ("", "tasks failed in all", 'sum(vertexar_tasks_total{state="failed"}) or vector(0)', ""),
    (
        "Saturation",
        "of 100 connections are open",
        "100 * vertexar_database_connections / vertexar_database_connections_max",
        "",
    ),
    (
        "",
        "of 100 bytes are free on the fullest disk",
        "100 * min(vertexar_disk_free_bytes / vertexar_disk_size_bytes)",
        "",
    ),
    ("", "MB of memory", "sum(vertexar_process_resident_memory_bytes) / 1e6", ""),
    ("", "the oldest work waits", "max(vertexar_queue_age_seconds)", "s"),
    ("", "queues without a worker", "count(vertexar_workers == 0) or vector(0)", ""),
)


class NoPrometheus(Exception):
    """There is none on this machine, or it did not start; the message says which."""


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs.

    Attributes:
        port: where it answers, on this machine.
    """

    port: int

    def ask(self, expression: str) -> float | None:
        """Evaluate an expression; None if there is no value, or none that is a number."""
        found = self._get("/api/v1/query", {"query": expression})["result"]
        value = float(found[0]["value"][1]) if found else float("nan")
        return None if value != value else value  # only NaN is not itself

    def firing(self) -> set[str]:
        """Name the alerts that fire."""
        alerts = self._get("/api/v1/alerts", {})["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def is_ready(self) -> bool:
        """Whether it has seen the system twice, as a rate needs."""
        try:
            return (self.ask('count_over_time(up{job="web"}[1m])') or 0) > 2
        except (OSError, http.client.HTTPException):
            return False

    def sees_it(self) -> bool:
        """Whether the system hands its metrics out."""
        return self.ask('up{job="web"}') == 1

    def _get(self, path: str, query: Mapping[str, str]) -> Any:
        server = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            server.request("GET", f"{path}?{urlencode(query)}")
            answer = server.getresponse()
            if answer.status != http.HTTPStatus.OK:  # it has begun to listen, and to read its files
                raise http.client.HTTPException(f"Prometheus answers {answer.status}")
            return json.load(answer)["data"]
        finally:
            server.close()


def read(prometheus: Prometheus) -> Iterator[tuple[str, str, float | None, str]]:
    """Read the golden signals: of which kind, of what, how much, in which unit."""
    for kind, name, expression, unit in SIGNALS:
        if expression.startswith("quantile:"):
            share = expression.removeprefix("quantile:")
            expression = f"histogram_quantile({share}, sum by (le) (rate({LATENCY}[1m])))"
        yield kind, name, prometheus.ask(expression), unit


@contextmanager
def watching(url: str, *, token: str = "", rules: Iterable[Path] = ()) -> Iterator[Prometheus]:
    """Run a Prometheus that asks a system each second, and throw away all it has seen.

    Args:
        url: the system's.
        token: METRICS_TOKEN, if it has one.
        rules: files with rules of alerts.

    Raises:
        NoPrometheus: there is none, or it did not start.
    """
    program = shutil.which("prometheus")
    if program is None:
        raise NoPrometheus("There is no prometheus here (Debian: apt-get install prometheus).")
    with tempfile.TemporaryDirectory(prefix="vertexar-observe-") as home:
        folder = Path(home)
        config = folder / "prometheus.yml"
        config.write_text(json.dumps(_configuration(url, token, rules)))  # YAML, too
        config.chmod(0o600)
        port = _free_port()
        command = [program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
        command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            prometheus = Prometheus(port)
            _wait_for(prometheus, process, folder / "log")
            yield prometheus
        finally:
            process.terminate()
            process.wait()


def _configuration(url: str, token: str, rules: Iterable[Path]) -> dict[str, Any]:
    parts = urlsplit(url)
    job: dict[str, Any] = {
        "job_name": "web",
        "scheme": parts.scheme,
        "static_configs": [{"targets": [parts.netloc]}],
    }
    if token:
        job["authorization"] = {"credentials": token}
    every = f"{EVERY_S}s"
    return {
        "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
        "rule_files": [str(path.resolve()) for path in rules],
        "scrape_configs": [job],
    }


def _wait_for(prometheus: Prometheus, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not prometheus.is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise NoPrometheus(f"Prometheus did not start: {log.read_text()[-500:]}")
        time.sleep(POLL_S)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
