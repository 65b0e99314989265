"""What progress looks like on a terminal and in a pipe."""

import io

import pytest
from django.core.management.base import OutputWrapper

from markers.management.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def counted(stream: io.StringIO, total: int) -> str:
    with Progress(OutputWrapper(stream)) as progress:
        for done in range(1, total + 1):
            progress.reached(done / total, f"{done} of {total}")
    return stream.getvalue()


def test_a_pipe_gets_a_line_a_tenth() -> None:
    lines = counted(io.StringIO(), 1000).splitlines()

    assert lines == ["1 of 1000", *(f"{n} of 1000" for n in range(100, 1001, 100))]


def test_a_few_things_are_a_line_each() -> None:
    assert counted(io.StringIO(), 3) == "1 of 3\n2 of 3\n3 of 3\n"


def test_a_terminal_has_one_line_that_is_written_over_and_ended() -> None:
    written = counted(Terminal(), 10_000)

    assert written.count("\n") == 1
    assert written.endswith("10000 of 10000\n")
    assert written.count("\r\x1b[K") == 101


def test_what_is_said_in_between_stands_on_a_line_of_its_own() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        with Progress(OutputWrapper(stream)) as progress:
            progress.reached(0.5, "1 of 2")
            progress.said("busy")
            progress.reached(1.0, "2 of 2")

    assert terminal.getvalue() == "\r\x1b[K1 of 2\r\x1b[Kbusy\n1 of 2\r\x1b[K2 of 2\n"
    assert pipe.getvalue() == "1 of 2\nbusy\n2 of 2\n"


def test_a_line_that_broke_off_is_ended_too() -> None:
    terminal = Terminal()

    def work() -> None:
        with Progress(OutputWrapper(terminal)) as progress:
            progress.reached(0.5, "half")
            progress.reached(1 / 0, "all")

    with pytest.raises(ZeroDivisionError):
        work()

    assert terminal.getvalue().endswith("half\n")


def test_progress_that_is_not_wanted_is_not_told_but_what_matters_is() -> None:
    stream = io.StringIO()

    with Progress(OutputWrapper(stream), is_told=False) as progress:
        progress.reached(0.5, "half")
        progress.said("busy")

    assert stream.getvalue() == "busy\n"
