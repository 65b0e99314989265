"""``python -m tests.load``: a hundred viewers, staff and API clients at once, on this machine.

The whole system as `manage.py up` starts it, behind nginx as docker/nginx configures it; and in the
same run a bare Django view behind the same nginx, asked as often. Everything is on the loopback
and ends with the run. Exit code 1 when a demand is not met.
"""

import argparse
import http.cookiejar
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import nginx
from tests.e2e.system import ROOT, Content, Starting, System, starting_system
from tests.load.memory import Watch
from tests.pictures import encode_png, photo_like
from tests.videos import make_video
from vertexar.local.up import web_command

PEOPLE = Path(__file__).with_name("people.py")
OURS, BARE = ("Viewer", "Staff", "ApiClient"), ("BareVisitor",)
AT_ONCE, ARRIVING_PER_S = 120, 12
PATIENCE_S = 60
P95_MS, ERRORS, MEMORY_BYTES = 200, 0.01, 10**9  # what is demanded


@dataclass(frozen=True, slots=True)
class Figures:
    """What a kind of request was answered.

    Attributes:
        times_ms: how many took how long, as Locust rounds it.
    """

    name: str
    requests: int
    failures: int
    times_ms: Counter[int]

    def percentile_ms(self, part: float) -> int:
        """How long all but the slowest took; `part` of 1 is all. 0 when there was no request."""
        left = part * self.times_ms.total()
        for time_ms in sorted(self.times_ms):
            left -= self.times_ms[time_ms]
            if left <= 0:
                return time_ms
        return 0

    @property
    def error_rate(self) -> float:
        """Failed ones of all; all failed when there was none."""
        return self.failures / self.requests if self.requests else 1.0


def figures_of(rows: list[dict[str, Any]]) -> list[Figures]:
    """Read Locust's report, the sum first."""
    each = [
        Figures(
            row["name"],
            row["num_requests"],
            row["num_failures"],
            Counter({round(float(ms)): count for ms, count in row["response_times"].items()}),
        )
        for row in rows
    ]
    times = sum((one.times_ms for one in each), Counter[int]())
    requests, failures = sum(one.requests for one in each), sum(one.failures for one in each)
    return [Figures("all", requests, failures, times), *sorted(each, key=lambda one: one.name)]


def run(people: tuple[str, ...], front: nginx.Nginx, seconds: int, **told: str) -> list[Figures]:
    """Let people ask nginx for so long, counted from when all of them are there."""
    arriving_s = AT_ONCE // ARRIVING_PER_S
    command = [sys.executable, "-m", "locust", "--locustfile", str(PEOPLE), "--headless", "--json"]
    command += [
        "--skip-log",
        "--exit-code-on-error",
        "0",
        "--host",
        f"https://127.0.0.1:{front.port}",
    ]
    command += ["--users", str(AT_ONCE), "--spawn-rate", str(ARRIVING_PER_S)]
    command += [
        "--run-time",
        f"{seconds + arriving_s}s",
        "--reset-stats",
        "--stop-timeout",
        "20",
        *people,
    ]
    environ = os.environ | {f"LOAD_{name.upper()}": value for name, value in told.items()}
    environ["LOAD_CERTIFICATE"] = str(front.folder / "cert.pem")
    environ["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        command, env=environ, stdout=subprocess.PIPE, text=True, check=True, timeout=seconds + 120
    )
    return figures_of(json.loads(done.stdout))


@contextmanager
def bare_web(folder: Path) -> Iterator[int]:
    """Serve the bare view as our web is served, and tell its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener, (folder / "log").open("wb") as out:
        port = int(listener.getsockname()[1])
        command = [*web_command(listener.fileno())[:-1], "tests.load.bare"]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=out, pass_fds=[listener.fileno()]
        )
    try:
        _wait_for(port, process, folder / "log")
        yield port
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
        except OSError:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, f"no answer in {PATIENCE_S} s"
            time.sleep(0.1)  # between two looks at another process
        else:
            return


def sign_in(system: System, starting: Starting) -> str:
    """Sign in at the API; the token."""
    username, password = starting.administrator
    request = urllib.request.Request(
        f"{system.url}/api/v1/auth/login",
        json.dumps({"username": username, "password": password}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["access_token"])


def sign_in_at_desk(front: nginx.Nginx, starting: Starting) -> str:
    """Sign in at the back office through nginx; the cookies to send from then on."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=front.trust), urllib.request.HTTPCookieProcessor(jar)
    )
    url = f"https://127.0.0.1:{front.port}/admin/login/"
    with browser.open(url, timeout=30) as page:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
    assert found is not None
    username, password = starting.administrator
    form = {"username": username, "password": password, "csrfmiddlewaretoken": found[1]}
    request = urllib.request.Request(
        f"{url}?next=/version", urllib.parse.urlencode(form).encode(), {"Referer": url}
    )
    with browser.open(request, timeout=30) as answer:
        assert answer.url.endswith("/version"), "the back office did not let us in"
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def upload(system: System, folder: Path) -> Content:
    """Make what viewers look at."""
    picture = encode_png(photo_like(seed=7))
    film = make_video(folder / "film.mp4", seconds=4, audio=True)
    return system.upload(title="Load", image=picture, video=film.read_bytes())


def tell(title: str, rows: list[Figures], seconds: int) -> None:
    """Print a table."""
    _print(f"\n{title}, {rows[0].requests / seconds:.0f} requests/s")
    _print(f"  {'':<18}{'requests':>9}{'errors':>8}{'p50, ms':>9}{'p95, ms':>9}{'p99, ms':>9}")
    for one in rows:
        shares = "".join(f"{one.percentile_ms(part):>9}" for part in (0.5, 0.95, 0.99))
        _print(f"  {one.name:<18}{one.requests:>9}{one.failures:>8}{shares}")


def verdict(all_of_it: Figures, peak: Mapping[str, int]) -> bool:
    """Print what is demanded and what was measured; whether all of it is met."""
    p95_ms, memory = all_of_it.percentile_ms(0.95), sum(peak.values())
    parts = ", ".join(f"{role} {taken / 1e6:.0f}" for role, taken in sorted(peak.items()))
    busy, cores = os.getloadavg()[0], os.cpu_count()
    _print(f"\nLoad average {busy:.1f} on {cores} processors, with all else that runs here")
    _print(f"Memory at its most, MB: {memory / 1e6:.0f} ({parts})")
    demands = {
        f"p95 {p95_ms} ms, at most {P95_MS} ms": p95_ms < P95_MS,
        f"errors {all_of_it.error_rate:.2%}, less than {ERRORS:.0%}": all_of_it.error_rate < ERRORS,
        f"memory {memory / 1e6:.0f} MB, less than {MEMORY_BYTES / 1e6:.0f} MB": 0
        < memory
        < MEMORY_BYTES,
    }
    for demand, is_met in demands.items():
        _print(f"{'met    ' if is_met else 'NOT MET'} {demand}")
    return all(demands.values())


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Measure the bare view, then the system; print both."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--seconds", type=int, default=40, help="of each of the two parts")
    seconds = min(parser.parse_args().seconds, 600)
    os.environ |= {"NUM_PROXIES": "1", "WEB_CONCURRENCY": os.environ.get("WEB_CONCURRENCY", "2")}
    with tempfile.TemporaryDirectory(prefix="vertexar-load-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with (
            bare_web(folder) as port,
            nginx.nginx_before(folder / "bare-nginx", web_ports=[port]) as front,
        ):
            bare = run(BARE, front, seconds)
        tell("A bare Django view behind nginx", bare[:1], seconds)
        with starting_system() as starting:
            system = starting.wait()
            content = upload(system, folder)
            web_port = urllib.parse.urlsplit(system.url).port or 0
            with (
                nginx.nginx_before(folder / "nginx", web_ports=[web_port]) as front,
                Watch() as watch,
            ):
                ours = run(
                    OURS,
                    front,
                    seconds,
                    code=content.code,
                    id=content.id,
                    token=sign_in(system, starting),
                    cookie=sign_in_at_desk(front, starting),
                )
        tell("100 viewers, 10 staff, 10 API clients behind nginx", ours, seconds)
    return 0 if verdict(ours[0], watch.peak) else 1


if __name__ == "__main__":
    sys.exit(main())
