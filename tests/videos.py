"""Short videos made by ffmpeg, with or without sound, to upload and to probe."""

import subprocess
from pathlib import Path

from arcontent.video.ffmpeg import find_ffmpeg

# What the corner patches show, by corner: easily told apart after any lossy encoding.
CORNER_COLOURS = {
    "top_left": (255, 0, 0),
    "top_right": (0, 255, 0),
    "bottom_left": (0, 0, 255),
    "bottom_right": (255, 255, 0),
}


def make_video(
    path: Path,
    *,
    seconds: float = 2.0,
    size: tuple[int, int] = (320, 240),
    fps: int = 25,
    audio: bool = False,
    codec: str = "libx264",
    corner_patches: bool = False,
    extra: tuple[str, ...] = (),
) -> Path:
    """Write a moving test picture of ``size`` (width, height) in pixels and return ``path``.

    Args:
        path: its ending chooses the container (.mp4, .mov, .webm, .mkv, .avi, ...).
        seconds: 0 writes a file without a single frame.
        size: width and height, pixels.
        fps: frames a second.
        audio: adds a 440 Hz tone.
        codec: any video encoder of ffmpeg's.
        corner_patches: paints an eighth of each corner in `CORNER_COLOURS`.
        extra: more output options for ffmpeg, before the file name.
    """
    width_px, height_px = size
    picture = f"testsrc2=size={width_px}x{height_px}:rate={fps}"
    if corner_patches:
        picture += "," + _patches(width_px=width_px, height_px=height_px)
    inputs = ["-f", "lavfi", "-i", picture]
    if audio:
        inputs += ["-f", "lavfi", "-i", "sine=frequency=440"]
    is_x264 = codec == "libx264"
    subprocess.run(
        [
            find_ffmpeg(), "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *inputs,
            "-t", str(seconds), "-c:v", codec, "-pix_fmt", "yuv420p", "-threads", "1",
            *(("-preset", "ultrafast") if is_x264 else ()), *extra, str(path),
        ],
        check=True,
        timeout=120,
    )  # fmt: skip
    return path


def _patches(*, width_px: int, height_px: int) -> str:
    wide, high = width_px // 8, height_px // 8
    corners = {
        "top_left": (0, 0),
        "top_right": (width_px - wide, 0),
        "bottom_left": (0, height_px - high),
        "bottom_right": (width_px - wide, height_px - high),
    }
    return ",".join(
        f"drawbox=x={x}:y={y}:w={wide}:h={high}:t=fill:color=0x{bytes(CORNER_COLOURS[name]).hex()}"
        for name, (x, y) in corners.items()
    )
