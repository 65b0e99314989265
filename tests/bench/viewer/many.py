"""A search among twenty targets in one file beside a search for one: what it costs, what it finds.

Both are given the first frame of each harder clip, and one look at it as a whole, one after the
other in one process.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from markers.compiler import compile_target
from markers.sets import merge_targets
from tests.bench.pictures import bench_pictures
from tests.bench.viewer.batches import PICTURES, Batch
from tests.bench.viewer.conditions import HARDER
from tests.bench.viewer.engines import Ours, Stored, Told
from tests.bench.viewer.figures import mean_length, wrong_from_px

MANY: Final = (*PICTURES, "cameraman", "hubble", "rocket", "tissue", "coins", "texture")
# Of two pictures in view each may be told, if both are in the file.
_LOOKED_AT: Final = frozenset(shot.name for shot in HARDER if not shot.has_rival)


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of one look.

    Attributes:
        is_found: the picture was told where it is.
        is_mistaken: something else was told: another picture, or another place.
        ms: of CPU.
    """

    is_found: bool
    is_mistaken: bool
    ms: float


@dataclass(frozen=True, slots=True)
class Pair:
    """The same frame, looked at for its picture alone, and for twenty."""

    alone: Looked
    among: Looked


def merged_file(path: Path) -> Path:
    """Write the file of twenty targets, in the order of `MANY`."""
    pictures = {picture.name: picture for picture in bench_pictures()}
    path.write_bytes(merge_targets([compile_target(pictures[name].png).mind for name in MANY]))
    return path


def looked_at(engine: Ours, batch: Batch, clips: Sequence[Stored], merged: Path) -> list[Pair]:
    """Look at the first frame of each harder clip, for one picture and for twenty."""
    firsts = [
        replace(clip, frames=1, places=clip.places[:1])
        for clip in clips
        if clip.shot in _LOOKED_AT and clip.places is not None
    ]
    alone = engine.watch(batch.mind, firsts, is_fresh=True)
    among = engine.watch(merged, firsts, is_fresh=True)
    number = MANY.index(batch.picture)
    return [
        Pair(judged(clip, one, wanted=0), judged(clip, many, wanted=number))
        for clip, one, many in zip(firsts, alone, among, strict=True)
    ]


def judged(clip: Stored, told: Told, *, wanted: int) -> Looked:
    """Say whether a clip's first frame was understood.

    Args:
        clip: with the truth.
        told: what the engine told of it.
        wanted: number of the picture in the file.
    """
    assert clip.places is not None
    pose, truth = told.shown[0], clip.places[0]
    is_right = (
        pose is not None
        and told.targets[0] == wanted
        and mean_length(pose - truth) <= wrong_from_px(truth)
    )
    return Looked(is_right, pose is not None and not is_right, told.ms[0])


def many_lines(pairs: Sequence[Pair]) -> list[str]:
    """Tell of both as a table; of nothing, nothing."""
    if not pairs:
        return []
    columns = [[pair.alone for pair in pairs], [pair.among for pair in pairs]]
    ms = [np.percentile([one.ms for one in column], [50, 90]) for column in columns]
    found = [f"{sum(one.is_found for one in column)} of {len(pairs)}" for column in columns]
    mistaken = [str(sum(one.is_mistaken for one in column)) for column in columns]
    times = [f"{median:.1f} / {slow:.1f}" for median, slow in ms]
    return [
        "",
        "One look at the first frame of each harder clip, for its picture alone and for twenty in"
        " one file, ours alone:",
        "",
        f"| what | one picture | {len(MANY)} pictures | wanted of {len(MANY)} |",
        "| --- | --- | --- | --- |",
        f"| found | {found[0]} | {found[1]} | as many |",
        f"| another picture or place told | {mistaken[0]} | {mistaken[1]} | 0 |",
        f"| CPU of a look, median / p90, ms | {times[0]} | {times[1]} | |",
        f"| the same over one picture's, medians | | {ms[1][0] / ms[0][0]:.2f}x | < 2x |",
        *fewer_lines(*(sum(one.is_found for one in column) for column in columns)),
    ]


def fewer_lines(alone: int, among: int) -> list[str]:
    """Tell what twenty pictures cost in finds; where they cost none, nothing.

    Args:
        alone: how often a picture was found that is alone in its file.
        among: how often the same were found among twenty.
    """
    if among >= alone:
        return []
    return [
        "",
        "What is not met, and what was tried:",
        "",
        f"* Among twenty, {1 - among / alone:.0%} fewer are found at one look; the next look is 55"
        " ms later. One index of all twenty",
        "  passed over what its overfilled buckets held, and found 174 in 252 hard frames where one"
        " picture's found 190; a rough",
        "  look that chooses three for a close one found 181. What choosing more would cost and"
        " find has not been measured.",
    ]
