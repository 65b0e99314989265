"""``python docker/healthcheck.py web|ready|worker``: exit 0 where that is well, else 1 and why.

`web` asks whether the process answers, `ready` whether it can serve, `worker` whether the worker of
this container answers through the broker.
"""

import http.client
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

PATHS = {"web": "/health/live", "ready": "/health/ready"}
PORT = 8000
SECONDS = 4
WORKER_SECONDS = 10


def public_host() -> str:
    """A name that the web server surely answers to, whatever ALLOWED_HOSTS says besides."""
    if path := os.environ.get("PUBLIC_URL_FILE"):
        return urlsplit(Path(path).read_text(encoding="utf-8").strip()).netloc
    return urlsplit(os.environ.get("PUBLIC_URL", "")).netloc or "127.0.0.1"


def web_trouble(path: str, *, port: int = PORT) -> str:
    """Ask the web server of this container; "" where all is well."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", path, headers={"Host": public_host()})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{path} does not answer: {error}"
    finally:
        connection.close()
    return "" if status == http.HTTPStatus.OK else f"{path} answers {status}"


def worker_trouble() -> str:
    """Ask the worker of this container; "" where all is well."""
    node = f"celery@{os.uname().nodename}"
    command = [sys.executable, "-m", "celery", "-A", "config", "inspect", "ping"]
    command += ["--destination", node, "--timeout", str(WORKER_SECONDS)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if run.returncode == 0 else f"{node} does not answer: {run.stderr.strip()}"


def main(arguments: list[str]) -> int:
    """Say what is wrong, if anything is."""
    what = arguments[0] if arguments else "web"
    if what not in {*PATHS, "worker"}:
        sys.stderr.write(f"{what!r} is none of web, ready, worker\n")
        return 2
    trouble = worker_trouble() if what == "worker" else web_trouble(PATHS[what])
    if trouble:
        sys.stderr.write(f"{trouble}\n")
    return int(bool(trouble))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
