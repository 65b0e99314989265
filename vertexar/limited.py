"""Runs a program on what strangers sent, bounded in time, memory and disk."""

import contextlib
import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

if sys.platform == "linux":
    import resource


class OutOfTime(Exception):
    """The program ran for longer than it may, and was killed."""


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """What one run may use.

    Attributes:
        time_s: by the clock.
        cpu_s: of all its threads; also ends a program whose parent was killed.
        memory_bytes: of address space.
        file_bytes: of each file it writes.
    """

    time_s: float
    cpu_s: float
    memory_bytes: int
    file_bytes: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended, and what it wrote on its two channels.

    Attributes:
        status: what it ended with; below zero the number of the signal that ended it.
    """

    status: int
    stdout: bytes
    messages: bytes


def run_limited(
    command: Sequence[str],
    *,
    limits: ProcessLimits,
    environment: Mapping[str, str],
    folder: Path | None = None,
    sent: bytes = b"",
) -> Ended:
    """Run a program to its end. It does not outlive this call, whatever happens.

    Args:
        command: program and arguments; no shell reads them.
        limits: what it may use.
        environment: all of its environment.
        folder: where it runs; where we run if None.
        sent: what it reads on its standard input.

    Raises:
        OutOfTime: it took too long.
        OSError: it can't be started.
    """
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment),
        cwd=folder,
    ) as process:
        _confine(process.pid, limits)
        try:
            stdout, messages = process.communicate(sent, timeout=limits.time_s)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise OutOfTime(f"{command[0]} ran for over {limits.time_s:g} s.") from error
        except BaseException:  # we are told to stop: it must not go on alone
            process.kill()
            raise
    return Ended(process.returncode, stdout, messages)


def _confine(pid: int, limits: ProcessLimits) -> None:
    """Limit a running process from outside: a hook between fork and exec is unsafe with threads."""
    if sys.platform == "linux":
        cpu_s = math.ceil(limits.cpu_s)
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            # A little more on the hard limit: at it the signal would not say what ran out.
            resource.prlimit(pid, resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
            for kind, most in (
                (resource.RLIMIT_AS, limits.memory_bytes),
                (resource.RLIMIT_FSIZE, limits.file_bytes),
            ):
                resource.prlimit(pid, kind, (most, most))
