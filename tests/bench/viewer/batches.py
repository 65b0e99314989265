"""Renders all clips of a picture and seed to the disk, unless they are there."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from markers.compiler import compile_target
from tests.bench.pictures import BenchPicture, bench_pictures
from tests.bench.viewer.conditions import HARDER, ORDINARY, STEADY
from tests.bench.viewer.engines import Stored
from tests.bench.viewer.scene import Clip, grey_of, render, render_stranger

# Of different kinds: photographs, drawings, type, texture, little and much contrast.
PICTURES: Final = (
    "astronaut", "poster", "coffee", "logo", "cat", "text", "motorcycle", "sale sign",
    "gravel", "card", "comic", "poster upright", "painting", "page",
)  # fmt: skip
SHOTS: Final = (*ORDINARY, *HARDER, *STEADY)


@dataclass(frozen=True, slots=True)
class Batch:
    """All clips of one picture and seed."""

    picture: str
    seed: int
    folder: Path
    strangers: int
    only: str

    @property
    def mind(self) -> Path:
        return self.folder / "target.mind"


def rendered_clips(batch: Batch) -> list[Stored]:
    """Render what is not there yet."""
    cv2.setNumThreads(1)
    batch.folder.mkdir(parents=True, exist_ok=True)
    pictures = _pictures()
    own = pictures[batch.picture]
    if not batch.mind.exists():
        batch.mind.write_bytes(compile_target(own.png).mind)
    picture = grey_of(own.pixels)
    rival = grey_of(pictures[PICTURES[PICTURES.index(batch.picture) - 1]].pixels)
    wanted: dict[str, Callable[[], Clip]] = {}
    for number, shot in enumerate(SHOTS):
        if batch.only in shot.name:
            seed = 1000 * batch.seed + number
            wanted[f"{number:02}"] = partial(render, shot, picture, rival, seed=seed)
    if not batch.only:
        others = [grey_of(one.pixels) for one in pictures.values() if _is_other(one, batch.picture)]
        for number in range(batch.strangers):
            seed = 100_000 * (1 + PICTURES.index(batch.picture)) + 1000 * batch.seed + number
            wanted[f"stranger-{number}"] = partial(render_stranger, others, seed=seed)
    return [_stored(batch.folder / name, make) for name, make in wanted.items()]


@cache
def _pictures() -> dict[str, BenchPicture]:
    return {picture.name: picture for picture in bench_pictures()}


def _is_other(picture: BenchPicture, name: str) -> bool:
    """Whether nothing of the named picture is in another, not even blurred."""
    return not picture.is_composed and not set(picture.name.split()) & set(name.split())


def _stored(path: Path, make: Callable[[], Clip]) -> Stored:
    """A clip on the disk, made if it is not there."""
    frames, truth = path.with_suffix(".grey"), path.with_suffix(".npz")
    if not truth.exists():
        clip = make()
        frames.write_bytes(clip.frames.tobytes())
        places = np.zeros(0) if clip.places is None else clip.places
        np.savez(truth, shot=clip.name, count=len(clip.frames), points=clip.points, places=places)
    with np.load(truth) as kept:
        has_truth = kept["places"].size > 0
        return Stored(
            shot=str(kept["shot"]),
            path=frames,
            frames=int(kept["count"]),
            points=kept["points"],
            places=kept["places"] if has_truth else None,
        )
