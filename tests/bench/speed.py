"""Measures what compiling costs: CPU time and memory, ours and that of MindAR's OfflineCompiler."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from markers.compiler import ROBUST, compile_target
from markers.compiler.compile import build_target
from markers.compiler.decode import decode_picture, to_gray
from markers.compiler.encode import encode_mind
from tests.bench.pictures import BenchPicture, Rgb
from tests.pictures import encode_jpeg, encode_png

HERE: Final = Path(__file__).parent
REPEATS: Final = 3
TWELVE_MEGAPIXELS: Final = (4000, 3000)


def compile_with_mindar(pixels: Rgb) -> tuple[bytes, dict[str, float]]:
    """Compile a picture with MindAR in Node; its file, CPU seconds and peak memory in MB."""
    height_px, width_px = pixels.shape[:2]
    opaque = np.full((height_px, width_px, 1), 255, np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        raw, target = Path(folder, "pixels.rgba"), Path(folder, "target.mind")
        raw.write_bytes(np.concatenate([pixels, opaque], axis=2).tobytes())
        command: list[str | Path] = [
            "node",
            str(HERE / "peer.mjs"),
            str(width_px),
            str(height_px),
            raw,
            target,
        ]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return target.read_bytes(), json.loads(done.stdout.splitlines()[-1])


def seconds_of_target(png: bytes) -> float:
    """CPU seconds from a picture's bytes to the bytes of its `.mind`; the median of three."""
    taken = []
    for _ in range(REPEATS):
        began = time.process_time()
        picture = decode_picture(png)
        encode_mind([build_target(to_gray(picture.colour), picture, ROBUST)])
        taken.append(time.process_time() - began)
    return float(np.median(taken))


def measure_speed(pictures: Sequence[BenchPicture]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Compile pictures with both compilers.

    Returns:
        CPU seconds of both by picture, and MindAR's files by picture.
    """
    costs: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    for picture in pictures:
        files[picture.name], peer = compile_with_mindar(picture.pixels)
        height_px, width_px = picture.pixels.shape[:2]
        ours_s = seconds_of_target(picture.png)
        costs[picture.name] = {
            "megapixels": round(width_px * height_px / 1e6, 2),
            "peer_s": round(peer["cpu_s"], 2),
            "ours_s": round(ours_s, 3),
            "ratio": round(peer["cpu_s"] / ours_s, 1),
        }
    return costs, files


def measure_whole(pictures: Iterable[BenchPicture]) -> list[float]:
    """CPU seconds of target, score and heat map together, of pictures enlarged to 2048 px."""
    taken = []
    for picture in pictures:
        factor = 2048 / max(picture.pixels.shape)
        large = cv2.resize(picture.pixels, None, fx=factor, fy=factor)
        jpeg = encode_jpeg(np.asarray(large, np.uint8))
        began = time.process_time()
        compile_target(jpeg)
        taken.append(round(time.process_time() - began, 3))
    return taken


def peak_memory_mb(picture: Rgb) -> float:
    """Peak memory of the command that compiles a picture of 12 megapixels."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "picture.png")
        path.write_bytes(encode_png(np.asarray(cv2.resize(picture, TWELVE_MEGAPIXELS), np.uint8)))
        # The peak since the program began: what getrusage tells holds its parent's, too.
        program = (
            "import pathlib, sys; from markers.compiler.__main__ import main; "
            f"main([{str(path)!r}, '--out', {folder!r}]); "
            "lines = pathlib.Path('/proc/self/status').read_text().splitlines(); "
            "print(*[line for line in lines if line.startswith('VmHWM')], file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True
        )
    return round(int(done.stderr.split()[-2]) / 1024, 1)
