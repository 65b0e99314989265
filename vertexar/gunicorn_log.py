"""How gunicorn writes: its lines as ours are, and one for each request with how long it took.

A request's line has no address, no query and no browser: they are about people.
"""

import logging
import os
from datetime import timedelta
from typing import Any

from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.glogging import Logger as PlainLogger  # type: ignore[import-untyped]

from vertexar.logs import SharedFile, StructuredFormatter, files_in
from vertexar.request_id import HEADER, current


class Logger(PlainLogger):  # type: ignore[misc]  # untyped
    """Gunicorn's own, to be named to it as `--logger-class`: its lines are cleaned as ours are."""

    def setup(self, cfg: Config) -> None:
        """Set the handlers up, each with the formatter that hides links of mails."""
        super().setup(cfg)
        log_format, folder = os.environ.get("LOG_FORMAT") or "json", os.environ.get("LOG_DIR")
        for log in (self.access_log, self.error_log):
            log.handlers = [one for one in log.handlers if not isinstance(one, SharedFile)]
            _clean(log, log_format)
            for handler in files_in(folder, log_format) if folder else []:
                log.addHandler(handler)

    def access(self, resp: Any, req: Any, wsgi: dict[str, Any], request_time: timedelta) -> None:
        """Write the line of a request that was answered."""
        if not self.access_log_enabled:
            return
        method, path = wsgi["REQUEST_METHOD"], wsgi["RAW_URI"].partition("?")[0]
        status = str(resp.status).partition(" ")[0]
        names = [value for name, value in resp.headers if name.lower() == HEADER.lower()]
        token = current.set(names[0] if names else "")
        try:
            self.access_log.info(
                "%s %s %s",
                method,
                path,
                status,
                extra={
                    "method": method,
                    "path": path,
                    "status": int(status),
                    "duration_ms": round(request_time.total_seconds() * 1000, 1),
                    "bytes": getattr(resp, "sent", None),
                },
            )
        finally:
            current.reset(token)


def _clean(log: logging.Logger, log_format: str) -> None:
    for handler in log.handlers:
        handler.setFormatter(StructuredFormatter(log_format))
