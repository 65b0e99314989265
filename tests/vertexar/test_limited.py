"""Programs that are bounded in time, memory and disk."""

import signal
import sys
from pathlib import Path

import pytest

from vertexar.limited import Ended, OutOfTime, ProcessLimits, run_limited

LIMITS = ProcessLimits(time_s=30, cpu_s=10, memory_bytes=2 * 1024**3, file_bytes=1_000_000)
SMALL = ProcessLimits(time_s=30, cpu_s=1, memory_bytes=200_000_000, file_bytes=1000)
AT_ONCE = ProcessLimits(time_s=0.2, cpu_s=10, memory_bytes=2 * 1024**3, file_bytes=1000)
# Limits are put on the running program: it must not be done before.
WAIT = "import sys; sys.stdin.read()\n"


def python(code: str, *, limits: ProcessLimits = LIMITS, sent: bytes = b"") -> Ended:
    command = [sys.executable, "-c", code]
    return run_limited(command, limits=limits, environment={}, sent=sent)


def test_a_program_reads_what_is_sent_and_is_heard_on_both_channels() -> None:
    ended = python("import sys; sys.stderr.write('b'); print(sys.stdin.read())", sent=b"a")

    assert ended == Ended(status=0, stdout=b"a\n", messages=b"b")


def test_a_program_sees_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hidden")

    assert b"hidden" not in python("import os; print(dict(os.environ))").stdout


def test_a_program_that_takes_too_long_is_stopped() -> None:
    with pytest.raises(OutOfTime):
        python("import threading; threading.Event().wait()", limits=AT_ONCE)


def test_a_program_that_computes_too_long_is_stopped_without_us() -> None:
    ended = python(WAIT + "while True: pass", limits=SMALL)

    assert ended.status == -signal.SIGXCPU


def test_a_program_gets_no_more_memory_than_it_may_have() -> None:
    ended = python(WAIT + "b = bytearray(300_000_000)", limits=SMALL)

    assert ended.status == 1
    assert b"MemoryError" in ended.messages


def test_a_program_writes_no_more_than_it_may(tmp_path: Path) -> None:
    path = tmp_path / "out"

    python(WAIT + f"open({str(path)!r}, 'wb', 0).write(bytes(5000))", limits=SMALL)

    assert path.stat().st_size == SMALL.file_bytes
