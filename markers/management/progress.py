"""How far a command is: one line that is written over on a terminal, a line a tenth in a pipe."""

from types import TracebackType
from typing import Final, Self

from django.core.management.base import OutputWrapper

STEPS_IN_A_PIPE: Final = 10
STEPS_ON_A_TERMINAL: Final = 100
CLEAR_LINE: Final = "\r\x1b[K"


class Progress:
    """Tells a person or a log how far it is, no more often than either can bear.

    Leave its block, and the line it was written on is ended.
    """

    def __init__(self, stream: OutputWrapper, *, is_told: bool = True) -> None:
        """Write to `stream`; nothing but what is `said` if progress is not wanted."""
        self._stream = stream
        self._is_told = is_told
        self._is_terminal = stream.isatty()
        self._step = -1
        self._line = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._line:
            self._write("", ending="\n")

    def reached(self, share: float, text: str) -> None:
        """Tell the text if `share` (0..1) is a step further than when it was last told."""
        steps = STEPS_ON_A_TERMINAL if self._is_terminal else STEPS_IN_A_PIPE
        step = int(share * steps)
        if not self._is_told or step <= self._step:
            return
        self._step = step
        if self._is_terminal:
            self._line = text
            self._write(CLEAR_LINE + text, ending="")
        else:
            self._write(text, ending="\n")

    def said(self, text: str) -> None:
        """Tell something on a line of its own, whatever the progress."""
        if self._line:
            self._write(f"{CLEAR_LINE}{text}\n{self._line}", ending="")
        else:
            self._write(text, ending="\n")

    def _write(self, text: str, *, ending: str) -> None:
        self._stream.write(text, style_func=str, ending=ending)  # progress is no error: not in red
        self._stream.flush()
