"""Measures how often stock MindAR finds pictures: with its own files, and with ours."""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from markers.compiler import LEAN, ROBUST, UnusableImage, compile_target
from tests.bench.frames import frames_of
from tests.bench.pictures import BenchPicture
from tests.bench.runtime import Runtime, stock_runtime

SEED: Final = 31_000
FRAMES_PER_LEVEL: Final = 8
# For the score, the default file alone is looked for in more frames, as single frames change the
# order of pictures that are nearly always found.
MORE_SEED: Final = 32_000
MORE_FRAMES_PER_LEVEL: Final = 16


def measure_detection(
    pictures: Iterable[tuple[int, BenchPicture]], peers: Mapping[str, bytes]
) -> dict[str, Any]:
    """Look for each picture in its frames, with each file there is of it.

    Args:
        pictures: with their numbers, which give the frames' seeds.
        peers: MindAR's own files, by the pictures' names.

    Returns:
        By picture, then by file (``peer``, ``robust``, ``lean``): frames and found by
        level, wrong poses, bytes of the file, milliseconds of matching the first crop of each
        frame, which is tried with every file; the share of frames, these and more, in which the
        default file was found; and our score.
    """
    with tempfile.TemporaryDirectory() as folder, stock_runtime(Path(folder)) as runtime:
        return {
            picture.name: _measure(runtime, number, picture, peers.get(picture.name))
            for number, picture in pictures
        }


def rescore(
    measured: Mapping[str, Any], pictures: Iterable[tuple[int, BenchPicture]]
) -> dict[str, Any]:
    """Put today's scores beside rates that were measured before.

    Raises:
        ValueError: a picture's file is another today than the one that was looked for.
    """
    told = {name: dict(one) for name, one in measured.items()}
    for _, picture in pictures:
        files = told[picture.name]["files"]
        try:
            compiled = compile_target(picture.png, ROBUST)
        except UnusableImage:
            if "robust" in files:
                raise
            continue
        if len(compiled.mind) != files.get("robust", {}).get("bytes"):
            raise ValueError(
                f"{picture.name}: the file has changed, its rate must be measured again"
            )
        told[picture.name]["score"] = compiled.quality_score
    return told


def _measure(
    runtime: Runtime, number: int, picture: BenchPicture, peer: bytes | None
) -> dict[str, Any]:
    minds: dict[str, bytes] = {} if peer is None else {"peer": peer}
    score = 0
    try:
        compiled = compile_target(picture.png, ROBUST)
        score, minds["robust"] = compiled.quality_score, compiled.mind
        if not picture.is_bad:
            minds["lean"] = compile_target(picture.png, LEAN).mind
    except UnusableImage:
        score = 0
    files: dict[str, Any] = {
        name: {"bytes": len(mind), "frames": {}, "found": {}, "wrong": 0, "match_ms": []}
        for name, mind in minds.items()
    }
    if minds:
        runtime.load(list(minds.values()))
        for frame in frames_of(picture.pixels, seed=SEED + number, per_level=FRAMES_PER_LEVEL):
            for told, look in zip(files.values(), runtime.look(frame), strict=True):
                level = frame.level
                told["frames"][level] = told["frames"].get(level, 0) + 1
                told["found"][level] = told["found"].get(level, 0) + look.is_found
                told["wrong"] += look.wrong
                told["match_ms"].append(round(look.match_ms[0], 1))
    return {
        "is_bad": picture.is_bad,
        "is_held_out": picture.is_held_out,
        "score": score,
        "found_share": _found_share(runtime, number, picture, minds, files),
        "files": files,
    }


def _found_share(
    runtime: Runtime,
    number: int,
    picture: BenchPicture,
    minds: Mapping[str, bytes],
    files: Mapping[str, Any],
) -> float:
    """Look for the default file in more frames; share of all frames in which it was found."""
    if "robust" not in minds:
        return 0.0
    runtime.load([minds["robust"]])
    frames = frames_of(picture.pixels, seed=MORE_SEED + number, per_level=MORE_FRAMES_PER_LEVEL)
    found = sum(runtime.look(frame)[0].is_found for frame in frames)
    found += sum(files["robust"]["found"].values())
    count = len(frames) + sum(files["robust"]["frames"].values())
    return float(round(found / count, 4))
