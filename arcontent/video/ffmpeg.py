"""Runs ffmpeg on files that strangers sent: no network, no playlists, bounded in time and memory.

What ffmpeg says of a file (`FfmpegFailed`) is kept apart from what is wrong with this machine
(`FfmpegTrouble`): the first is told to the uploader, the second is retried and reported.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

from arcontent.video.limits import VideoLimits
from vertexar.limited import OutOfTime, ProcessLimits, run_limited

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
    try:
        ended = run_limited(command, limits=_process_limits(limits), environment=environment)
    except OutOfTime as error:
        raise FfmpegOverran(str(error)) from error
    stdout, messages = (
        channel.decode(errors="replace") for channel in (ended.stdout, ended.messages)
    )
    last_words = messages[-2000:].strip()
    if ended.status < 0 or _tells_of_trouble(messages):
        raise FfmpegOverran(f"ffmpeg ended with {ended.status}: {last_words}")
    if ended.status:
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


def _process_limits(limits: VideoLimits) -> ProcessLimits:
    return ProcessLimits(
        time_s=limits.time_limit_s,
        cpu_s=limits.time_limit_s * limits.threads * 2,
        memory_bytes=limits.memory_bytes,
        file_bytes=_MAX_OUTPUT_BYTES,
    )
