"""Whether two targets would be taken for each other, told from their files."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import Descriptors, Mask, Points
from markers.compiler.encode import parse_mind
from markers.compiler.target import Keyframe, Target

# Short side of the keyframes that are compared; one above and one below are compared with it.
SHORT_SIDE_PX: Final = 160
NEIGHBOURS: Final = 1.7
RATIO_MAX: Final = 0.75
INLIER_PX: Final = 4.0
# With fewer clear matches than this nothing is worked out: pictures that differ have hardly any.
MATCHES_MIN: Final = 8
CONFUSABLE: Final = 0.2
"""From this likeness on, a camera may take one picture for the other; see docs/benchmarks.md."""


@dataclass(frozen=True, slots=True)
class _Sight:
    """One keyframe's points of both kinds."""

    short_side_px: int
    points_px: tuple[Points, Points]
    descriptors: tuple[Descriptors, Descriptors]

    def __len__(self) -> int:
        return sum(len(points) for points in self.points_px)


@dataclass(frozen=True, slots=True)
class Likeness:
    """What is kept of a target to compare it with others: its flat keyframes of middle sizes."""

    sights: tuple[_Sight, ...]


def confusable(target_a: bytes, target_b: bytes) -> float:
    """Tell how alike two `.mind` files of one target each are to the runtime.

    Returns:
        0..1, the share of the points of the poorer one that lie in the other as one plane would
        show them; from ``CONFUSABLE`` on, a camera may take one for the other. The order does not
        matter.

    Raises:
        MalformedTarget: a file is no `.mind` file.
    """
    return compare(likeness_of(target_a), likeness_of(target_b))


def likeness_of(mind: bytes) -> Likeness:
    """Read what is compared, once, from a file that is compared with many.

    Raises:
        MalformedTarget: it is no `.mind` file.
    """
    return Likeness(tuple(sight for target in parse_mind(mind) for sight in _sights(target)))


def compare(first: Likeness, second: Likeness) -> float:
    """Compare two targets; as ``confusable``."""
    shares = [
        _share(one, other)
        for one in first.sights
        for other in second.sights
        if max(one.short_side_px, other.short_side_px)
        <= NEIGHBOURS * min(one.short_side_px, other.short_side_px)
    ]
    return max(shares, default=0.0)


def _sights(target: Target) -> Iterator[_Sight]:
    """The flat keyframes from 100 to 260 px; those of the picture from the side come last."""
    largest_first = [target.keyframes[0]] if target.keyframes else []
    for keyframe in target.keyframes[1:]:
        if keyframe.scale >= largest_first[-1].scale:
            break
        largest_first.append(keyframe)
    near = [frame for frame in largest_first if _is_near(frame)] or largest_first[-1:]
    for keyframe in near:
        kinds = (keyframe.maxima, keyframe.minima)
        yield _Sight(
            min(keyframe.width_px, keyframe.height_px),
            (kinds[0].points_px, kinds[1].points_px),
            (kinds[0].descriptors, kinds[1].descriptors),
        )


def _is_near(keyframe: Keyframe) -> bool:
    short_px = min(keyframe.width_px, keyframe.height_px)
    return SHORT_SIDE_PX / NEIGHBOURS <= short_px <= SHORT_SIDE_PX * NEIGHBOURS


def _share(one: _Sight, other: _Sight) -> float:
    """Match one way; the way back adds nothing but time, as inliers must lie in one plane."""
    if len(one) > len(other):
        one, other = other, one
    places: list[Points] = []
    seen: list[Points] = []
    for kind in (0, 1):
        if len(one.descriptors[kind]) == 0 or len(other.descriptors[kind]) < 2:
            continue
        bits, nearest = cv2.batchDistance(
            one.descriptors[kind],
            other.descriptors[kind],
            cv2.CV_32S,
            normType=cv2.NORM_HAMMING,
            K=2,
        )
        rows = np.flatnonzero(bits[:, 0] < RATIO_MAX * bits[:, 1])
        places.append(one.points_px[kind][rows])
        seen.append(other.points_px[kind][nearest[rows, 0]])
    if sum(map(len, places)) < MATCHES_MIN:
        return 0.0
    fit: tuple[NDArray[np.float64] | None, Mask] = cv2.findHomography(  # type: ignore[assignment]
        np.concatenate(places),
        np.concatenate(seen),
        cv2.RANSAC,
        INLIER_PX,
        maxIters=500,
        confidence=0.99,
    )
    found, is_inlier = fit
    if found is None:  # all in a line: OpenCV's stubs know no None
        return 0.0
    inliers = int(is_inlier.sum())
    return inliers / len(one) if inliers >= MATCHES_MIN else 0.0
