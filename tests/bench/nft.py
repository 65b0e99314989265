"""Measures NFT files of ours beside the wheel's: what they cost, and how often they are found.

Both compile the same pictures, and stock jsartoolkitNFT looks at the same seeded frames with either
one's files, each frame on its own: found means that it reports the target, with its corners within
10 px or 6 % of the diagonal.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from tests.bench.frames import LEVELS, frames_of
from tests.bench.nft_compilers import (
    Made,
    make_with_ours,
    make_with_wheel,
    peak_memory_mb,
    wheel_python,
)
from tests.bench.pictures import BenchPicture
from tests.interop.jsartoolkit import StockJsartoolkit, stock_jsartoolkit
from tests.pictures import encode_png

SEED: Final = 20_250_307
FRAMES_PER_LEVEL: Final = 8
TWELVE_MEGAPIXELS: Final = (4000, 3000)
# Of many kinds, and none of which the wheel takes more than a minute; held-out ones among them.
PICTURES: Final = (
    *("astronaut", "coffee", "cat", "motorcycle", "rocket", "tissue", "gravel", "sale sign"),
    *("card", "text", "logo", "poster", "coins", "page"),
)


def measure_nft(
    pictures: Sequence[BenchPicture], *, per_level: int = FRAMES_PER_LEVEL
) -> dict[str, Any]:
    """Compile and look.

    Args:
        pictures: which; their places give the frames' seeds.
        per_level: frames of each level, of each picture.

    Returns:
        ``pictures``, by name: ``is_held_out``, and by compiler, ``ours`` and ``wheel`` where it is
        installed: ``cpu_s``, ``bytes``, ``found`` by level, ``wrong`` poses and ``took_ms`` of each
        frame. And ``peak_mb`` of ours at 12 megapixels.
    """
    python = wheel_python()
    measured = {}
    with tempfile.TemporaryDirectory() as name, stock_jsartoolkit(Path(name)) as runtime:
        for number, picture in enumerate(pictures):
            made = {"ours": make_with_ours(picture.png)}
            if python is not None:
                made["wheel"] = make_with_wheel(python, picture.png)
            measured[picture.name] = {
                "is_held_out": picture.is_held_out,
                **_look(runtime, made, picture, seed=SEED + number, per_level=per_level),
            }
    large = cv2.resize(pictures[0].pixels, TWELVE_MEGAPIXELS).astype(np.uint8)
    return {"pictures": measured, "peak_mb": peak_memory_mb(encode_png(large))}


def _look(
    runtime: StockJsartoolkit,
    made: Mapping[str, Made],
    picture: BenchPicture,
    *,
    seed: int,
    per_level: int,
) -> dict[str, Any]:
    frames = frames_of(picture.pixels, seed=seed, per_level=per_level)
    told = {}
    for compiler, files in made.items():
        runtime.load(*files.files)
        found: dict[str, list[bool]] = {level: [] for level in LEVELS}
        wrong, took_ms = 0, []
        for frame in frames:
            sighting = runtime.show(encode_png(frame.pixels))
            is_there = sighting.corners is not None and frame.is_there(sighting.corners)
            found[frame.level].append(is_there)
            wrong += sighting.corners is not None and not is_there
            took_ms.append(round(sighting.took_ms, 1))
        told[compiler] = {
            "cpu_s": round(files.cpu_s, 4),
            "bytes": sum(map(len, files.files)),
            "found": found,
            "wrong": wrong,
            "took_ms": took_ms,
        }
    return told
