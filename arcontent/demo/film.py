"""The demo's video: the poster comes alive for seven seconds, again and again without a seam."""

import subprocess
import wave
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from arcontent.demo.scene import SEED, Scene
from arcontent.demo.sound import RATE_HZ, make_sound
from arcontent.video.ffmpeg import FfmpegTrouble, find_ffmpeg

SECONDS = 7.0
FPS = 24
WIDTH_PX = 720
_BT709 = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")


def make_film(path: Path, *, seconds: float = SECONDS, width_px: int = WIDTH_PX) -> Path:
    """Write the film as MP4 (H.264 and AAC) and return its path. Takes some ten seconds.

    Raises:
        FfmpegTrouble: there is no ffmpeg, or it could not write the film.
    """
    scene = Scene(width_px=width_px)
    with TemporaryDirectory(prefix="vertexar-demo-") as folder:
        sound_path = Path(folder) / "sound.wav"
        _write_sound(sound_path, seconds=seconds)
        _encode(
            path, frames=_frames(scene, seconds=seconds), size_px=scene.size_px, sound=sound_path
        )
    return path


def _frames(scene: Scene, *, seconds: float) -> Iterator[bytes]:
    count = round(seconds * FPS)
    for number in range(count):
        yield scene.at(number / count).tobytes()


def _write_sound(path: Path, *, seconds: float) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(make_sound(seconds=seconds, seed=SEED).tobytes())


def _encode(path: Path, *, frames: Iterator[bytes], size_px: tuple[int, int], sound: Path) -> None:
    command = [
        find_ffmpeg(), "-hide_banner", "-loglevel", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", "{}x{}".format(*size_px),
        "-framerate", str(FPS), "-i", "pipe:0", "-i", f"file:{sound}",
        "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "21", *_BT709,
        "-c:a", "aac", "-b:a", "128k", "-map_metadata", "-1", "-fflags", "+bitexact",
        "-movflags", "+faststart", "-f", "mp4", f"file:{path.absolute()}",
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        with suppress(BrokenPipeError):  # ffmpeg gave up; it says why
            for frame in frames:
                process.stdin.write(frame)  # type: ignore[union-attr]
        _nothing, messages = process.communicate()
    if process.returncode:
        raise FfmpegTrouble(f"ffmpeg could not write the film: {messages.decode(errors='replace')}")
