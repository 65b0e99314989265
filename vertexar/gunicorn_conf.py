"""How gunicorn serves us: `gunicorn --config python:vertexar.gunicorn_conf config.wsgi`.

WEB_CONCURRENCY says how many processes; what is given on the command line goes before this.
"""

import os
import shutil
import tempfile
from typing import Any

wsgi_app = "config.wsgi"
worker_class = "vertexar.gunicorn_worker.Worker"
threads = 8
timeout = 120
graceful_timeout = 10
accesslog = "-"
logger_class = "vertexar.gunicorn_log.Logger"
control_socket_disable = True

_made: list[str] = []


def on_starting(server: Any) -> None:
    """Have a place where the processes count together, for /metrics to answer for all of them."""
    if not os.environ.get("METRICS_DIR"):
        _made.append(tempfile.mkdtemp(prefix="vertexar-metrics-"))


def post_fork(server: Any, worker: Any) -> None:
    """Count there, from before anything is loaded that counts."""
    from vertexar import metrics_shared

    metrics_shared.share(os.environ.get("METRICS_DIR") or _made[0], "web")


def on_exit(server: Any) -> None:
    """Leave nothing behind."""
    for path in _made:
        shutil.rmtree(path, ignore_errors=True)
