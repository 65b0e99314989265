"""How gunicorn writes of requests: without what would open an account."""

import logging

from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.glogging import Logger as PlainLogger  # type: ignore[import-untyped]

from vertexar.request_id import LineFormatter


class Logger(PlainLogger):  # type: ignore[misc]  # untyped
    """Gunicorn's own, to be named to it as `--logger-class`: its lines are cleaned as ours are."""

    def setup(self, cfg: Config) -> None:
        """Set the handlers up, each with the formatter that hides links of mails."""
        super().setup(cfg)
        _clean(self.access_log, LineFormatter(self.access_fmt))
        _clean(self.error_log, LineFormatter(self.error_fmt, self.datefmt))


def _clean(log: logging.Logger, formatter: LineFormatter) -> None:
    for handler in log.handlers:
        handler.setFormatter(formatter)
