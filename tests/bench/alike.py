"""Measures how alike targets of different pictures are, and those of one picture altered."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, Final

import cv2
import numpy as np

from markers.compiler import ROBUST, Likeness, compare, compile_target, likeness_of
from tests.bench.pictures import BenchPicture, Rgb
from tests.pictures import encode_png, poster

UNSCORED: Final = replace(ROBUST, quality_views=0, enhance=False)


def _half_replaced(picture: Rgb) -> Rgb:
    height_px, width_px = picture.shape[:2]
    altered = picture.copy()
    half = poster(seed=901, width_px=width_px - width_px // 2, height_px=height_px)
    altered[:, width_px // 2 :] = half
    return altered


ALTERED: Final[dict[str, Callable[[Rgb], Rgb]]] = {
    "an eighth cut off two sides": lambda p: p[p.shape[0] // 8 :, p.shape[1] // 8 :].copy(),
    "paler": lambda p: np.rint(p * 0.7 + 20).astype(np.uint8),
    "blurred by 1.2 px": lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), 1.2), np.uint8),
    "right half replaced": _half_replaced,
}


def measure_likeness(pictures: Sequence[BenchPicture]) -> dict[str, Any]:
    """Compare pictures with each other, and each with versions of itself.

    Returns:
        Likeness of the pairs, without pictures that show others, of each kind of alteration, and
        CPU milliseconds of reading a file and of comparing a pair.
    """
    minds = [compile_target(picture.png, UNSCORED).mind for picture in pictures]
    began = time.process_time()
    likenesses = [likeness_of(mind) for mind in minds]
    read_ms = 1000 * (time.process_time() - began) / len(minds)
    apart = [known for known, p in zip(likenesses, pictures, strict=True) if not p.is_composed]
    began = time.process_time()
    different = [compare(one, other) for one, other in combinations(apart, 2)]
    compared_ms = 1000 * (time.process_time() - began) / len(different)
    return {
        "different": [round(share, 3) for share in different],
        "altered": {
            name: [
                round(compare(known, _likeness(alter(picture.pixels))), 3)
                for known, picture in zip(likenesses, pictures, strict=True)
            ]
            for name, alter in ALTERED.items()
        },
        "read_ms": round(read_ms, 1),
        "compared_ms": round(compared_ms, 2),
    }


def _likeness(pixels: Rgb) -> Likeness:
    return likeness_of(compile_target(encode_png(pixels), UNSCORED).mind)
