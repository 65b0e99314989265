"""Settings of what tells how it goes: logs, metrics, reports of errors."""

import sys

from django.core.exceptions import ImproperlyConfigured

from config.env import env
from vertexar import logs

DEBUG = env.bool("DEBUG", False)
# What was built, where whoever built it says so.
COMMIT = env.str("COMMIT", "") or "unknown"

# --- Logs -------------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", "") or "INFO"
LOG_FORMAT = env.str("LOG_FORMAT", "") or logs.usual_format(sys.stderr, debug=DEBUG)
LOG_DIR = env.str("LOG_DIR", "")
if LOG_FORMAT not in logs.FORMATS:
    raise ImproperlyConfigured(f"LOG_FORMAT is {LOG_FORMAT!r}: it must be json or pretty.")
logs.configure()

_FILES = {"file": "vertexar.log", "errors": "errors.log"} if LOG_DIR else {}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "vertexar.logs.StructuredFormatter", "log_format": LOG_FORMAT},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
        **{
            name: {
                "class": "vertexar.logs.SharedFile",
                "filename": f"{LOG_DIR}/{file}",
                "formatter": "line",
                "level": "ERROR" if name == "errors" else "NOTSET",
            }
            for name, file in _FILES.items()
        },
    },
    "loggers": {
        "axes": {"level": "ERROR"},  # whom it counts stands in the audit log
        # Said with the request's id by django-structlog.
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
    },
    "root": {"handlers": ["stderr", *_FILES], "level": LOG_LEVEL},
}

# --- Metrics ----------------------------------------------------------------------------------

METRICS_TOKEN = env.str("METRICS_TOKEN", "")
# Without a token, whoever asks from this machine.
METRICS_NETWORKS = env.list(
    "METRICS_NETWORKS", default=[] if METRICS_TOKEN else ["127.0.0.0/8", "::1/128"]
)
METRICS_DIR = env.str("METRICS_DIR", "")
METRICS_BIND = env.str("METRICS_BIND", "127.0.0.1")
METRICS_PORT = env.int("METRICS_PORT", 0)
PROMETHEUS_LATENCY_BUCKETS = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0, float("inf"),
)  # fmt: skip

# Queues that may have no worker: drills are done only where the key for it lies, and the age
# of the last one is watched by itself.
UNATTENDED_QUEUES = {"drill"}
# What /health and `manage.py doctor` look at.
HEALTH_PARTS = "config.observing.PARTS"

# --- Reports of errors ------------------------------------------------------------------------

SENTRY_DSN = env.str("SENTRY_DSN", "")
SENTRY_ENVIRONMENT = env.str("SENTRY_ENVIRONMENT", "") or ("development" if DEBUG else "production")
SENTRY_SAMPLE_RATE = env.float("SENTRY_SAMPLE_RATE", 1.0)
SENTRY_TRACES_SAMPLE_RATE = env.float("SENTRY_TRACES_SAMPLE_RATE", 0.0)
