"""Runs ffmpeg on files that strangers sent: no network, no playlists, bounded in time and memory.

What ffmpeg says of a file (`FfmpegFailed`) is kept apart from what is wrong with this machine
(`FfmpegTrouble`): the first is told to the uploader, the second is retried and reported.
"""

import contextlib
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

from arcontent.video.limits import VideoLimits

if sys.platform == "linux":
    import resource

_MAX_OUTPUT_BYTES = 1_000_000_000  # of any file written: stops a run that fills the disk
_SIGNS_OF_TROUBLE = (
    "Cannot allocate memory",
    "Out of memory",
    "pthread_create() failed",
    "No space left on device",
    "File too large",
)


class FfmpegTrouble(RuntimeError):
    """This machine could not do it; the video may be sound."""


class FfmpegMissing(FfmpegTrouble):
    """There is no ffmpeg here."""


class FfmpegOverran(FfmpegTrouble):
    """ffmpeg needed more time, memory or disk than it is given."""


class FfmpegFailed(Exception):
    """ffmpeg can't make sense of its input."""


@dataclass(frozen=True, slots=True)
class FfmpegOutput:
    """What a run wrote on its two channels."""

    stdout: str
    messages: str


def find_ffmpeg() -> str:
    """Return the path of the ffmpeg on the PATH, else of the one in the imageio-ffmpeg wheel.

    Raises:
        FfmpegMissing: neither is there.
    """
    if found := shutil.which("ffmpeg"):
        return found
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise FfmpegMissing("Install ffmpeg, or the imageio-ffmpeg wheel.") from error


def input_arguments(source: Path, *, demuxer: str, limits: VideoLimits) -> list[str]:
    """Arguments that open ``source`` as what it is and nothing else.

    The demuxer is given, so that a playlist can't pass for a video, and only the ``file`` protocol
    is open, so that nothing is fetched from elsewhere.
    """
    return [
        "-threads", str(limits.threads),
        "-max_pixels", str(limits.max_pixels),
        "-protocol_whitelist", "file",
        "-f", demuxer,
        "-i", f"file:{source.absolute()}",
    ]  # fmt: skip


def run_ffmpeg(
    arguments: Sequence[str], *, limits: VideoLimits, log_level: str = "error"
) -> FfmpegOutput:
    """Run ffmpeg to its end.

    Raises:
        FfmpegFailed: it ended with an error, which its input caused.
        FfmpegMissing: there is none.
        FfmpegOverran: it took too long, or more memory or disk than it may.
    """
    command = [
        find_ffmpeg(), "-hide_banner", "-nostdin", "-nostats", "-y",
        "-loglevel", log_level,
        "-filter_threads", "1",
        *arguments,
    ]  # fmt: skip
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "AV_LOG_FORCE_NOCOLOR": "1"}
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        encoding="utf-8",
        errors="replace",
    ) as process:
        _confine(process.pid, limits=limits)
        try:
            stdout, messages = process.communicate(timeout=limits.time_limit_s)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise FfmpegOverran(f"ffmpeg ran for over {limits.time_limit_s:g} s.") from error
        except BaseException:  # the worker is told to stop: its ffmpeg must not outlive it
            process.kill()
            raise
    last_words = messages[-2000:].strip()
    if process.returncode < 0 or _tells_of_trouble(messages):
        raise FfmpegOverran(f"ffmpeg ended with {process.returncode}: {last_words}")
    if process.returncode:
        raise FfmpegFailed(last_words)
    return FfmpegOutput(stdout=stdout, messages=messages)


def _tells_of_trouble(messages: str) -> bool:
    """Whether memory or disk ran out: ffmpeg may end with 0 then, its work half done.

    Indented lines are left out: they repeat what the file says of itself.
    """
    return any(
        sign in line
        for line in messages.splitlines()
        if not line.startswith(" ")
        for sign in _SIGNS_OF_TROUBLE
    )


def _confine(pid: int, *, limits: VideoLimits) -> None:
    """Limit a running process from outside: a hook between fork and exec is unsafe with threads.

    The limit on CPU time also ends an ffmpeg whose worker was killed.
    """
    if sys.platform == "linux":
        cpu_s = math.ceil(limits.time_limit_s) * limits.threads * 2
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            resource.prlimit(pid, resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
            resource.prlimit(pid, resource.RLIMIT_CPU, (cpu_s, cpu_s))
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (_MAX_OUTPUT_BYTES, _MAX_OUTPUT_BYTES))
