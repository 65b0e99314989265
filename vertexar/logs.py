"""How log lines are made: JSON for machines, or plain for people, with no personal data in either.

`config.settings.observability` says where they go. Nothing here needs the settings: gunicorn's own
process writes by it too, before there are any.
"""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

from vertexar import request_id
from vertexar.request_id import LineFormatter

FORMATS: tuple[str, ...] = ("json", "pretty")
FILE_MAX_BYTES = 10_000_000
OLD_FILES = 5
# Of what libraries attach to their lines only this is written: the rest holds requests, arguments.
ATTACHED = {"method", "path", "status", "status_code", "duration_ms", "bytes"}


def usual_format(stream: TextIO, *, debug: bool) -> str:
    """Choose one of `FORMATS` where nobody has: for people while they develop, or at a terminal."""
    return "pretty" if debug or stream.isatty() else "json"


def _add_request_id(logger: Any, name: str, event: EventDict) -> EventDict:
    """Name the request a line belongs to, even where it was written on behalf of another thread."""
    event.setdefault("request_id", request_id.current.get() or "-")
    return event


SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    _add_request_id,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    structlog.processors.StackInfoRenderer(),
)


class StructuredFormatter(LineFormatter, structlog.stdlib.ProcessorFormatter):
    """Writes one line of JSON, or of text with what belongs to it; `LineFormatter` cleans both.

    Args:
        log_format: one of `FORMATS`.
    """

    def __init__(self, log_format: str = "json") -> None:
        render: list[Processor]
        if log_format == "pretty":
            # Plain tracebacks: the rich ones show the values of variables.
            render = [
                structlog.dev.ConsoleRenderer(
                    colors=False,
                    pad_event_to=0,
                    timestamp_key="time",
                    exception_formatter=structlog.dev.plain_traceback,
                )
            ]
        else:
            render = [
                structlog.processors.format_exc_info,
                structlog.processors.EventRenamer("message"),
                structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True),
            ]
        structlog.stdlib.ProcessorFormatter.__init__(
            self,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
            foreign_pre_chain=[*SHARED, structlog.stdlib.ExtraAdder(ATTACHED)],
        )


class SharedFile(RotatingFileHandler):
    """A log file that all processes of a machine write to, and that one of them rotates.

    Python's own handler is for one process: of several, each would go on writing to the file that
    another has put aside. Here whoever writes holds a lock, and looks whether the file is the same.
    """

    def __init__(self, filename: str) -> None:
        path = Path(filename)
        self._lock_path = path.with_name(f".{path.name}.lock")
        super().__init__(
            path, maxBytes=FILE_MAX_BYTES, backupCount=OLD_FILES, encoding="utf-8", delay=True
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record while nobody else does."""
        try:
            with self._alone():
                self._follow()
                super().emit(record)
        except OSError:
            self.handleError(record)  # a full disk must not end what is being logged

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._lock_path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock_path.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _follow(self) -> None:
        """Open the file anew if another process has put ours aside."""
        if self.stream is None:  # it is opened late
            return
        try:
            now = Path(self.baseFilename).stat()
        except FileNotFoundError:
            is_ours = False
        else:
            ours = Path(f"/dev/fd/{self.stream.fileno()}").stat()
            is_ours = (now.st_dev, now.st_ino) == (ours.st_dev, ours.st_ino)
        if not is_ours:
            self.stream.close()
            self.stream = self._open()


def configure() -> None:
    """Have loggers of structlog write where those of the standard library do."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def files_in(folder: str, log_format: str) -> list[logging.Handler]:
    """Make the handlers for the two files of a folder: all lines, and those of errors again."""
    handlers: list[logging.Handler] = []
    for name, level in (("vertexar.log", logging.NOTSET), ("errors.log", logging.ERROR)):
        handler = SharedFile(str(Path(folder) / name))
        handler.setLevel(level)
        handler.setFormatter(StructuredFormatter(log_format))
        handlers.append(handler)
    return handlers
