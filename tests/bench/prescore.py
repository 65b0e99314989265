"""Measures what a guess for the upload form costs, with the start of the program that makes it."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from tests.bench.pictures import BenchPicture, Rgb
from tests.pictures import encode_jpeg

PROJECT: Final = Path(__file__).parents[2]
LONG_SIDE_PX: Final = 2048
TWELVE_MEGAPIXELS: Final = 12e6


def measure_prescore(pictures: Iterable[BenchPicture]) -> dict[str, Any]:
    """CPU seconds and guesses, by the size of the JPEG made of each; 0 if unusable.

    The program is started anew for each picture, as by the web process, in the same environment.
    """
    told: dict[str, Any] = {"2048 px": [], "12 megapixels": []}
    for picture in pictures:
        height_px, width_px = picture.pixels.shape[:2]
        factors = {
            "2048 px": LONG_SIDE_PX / max(height_px, width_px),
            "12 megapixels": float(np.sqrt(TWELVE_MEGAPIXELS / (height_px * width_px))),
        }
        for size, factor in factors.items():
            jpeg = encode_jpeg(_enlarged(picture.pixels, factor))
            cpu_s, score = _guess(jpeg)
            told[size].append({"picture": picture.name, "cpu_s": round(cpu_s, 3), "score": score})
    return told


def _enlarged(pixels: Rgb, factor: float) -> Rgb:
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=how), np.uint8)


def _guess(jpeg: bytes) -> tuple[float, int]:
    """CPU seconds of the program, and the score that it tells."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "markers.compiler", "-", "--json", "--quick"],
        input=jpeg,
        env={
            "PATH": os.environ.get("PATH", ""),
            "LC_ALL": "C.UTF-8",
            "OPENBLAS_NUM_THREADS": "1",
            "OPENCV_FOR_THREADS_NUM": "1",
        },
        cwd=PROJECT,
        capture_output=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu_s, json.loads(done.stdout).get("quality_score", 0)
