"""Where a layer has points: extrema of the differences of Gaussians over place and size.

The thresholds are those of the runtime's own detector, since it must find the same points again in
a camera frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import FloatImage, Mask, Points, Rows, Scores
from markers.compiler.nft.pyramid import Pyramid
from markers.compiler.pyramid import double, halve

CONTRAST_MIN: Final = 3.0
# (edge + 1)^2 / edge for a ratio of curvatures of 4.
EDGE_MAX: Final = 6.25
# A vertex of the fitted parabola that is farther off belongs to another pixel.
SHIFT_MAX_PX: Final = 3.0
DOGS_PER_OCTAVE: Final = 2
BUCKETS: Final = 10

Sigmas = NDArray[np.float32]
"""(N,), widths of points in pixels of their layer, 1 or more."""


@dataclass(frozen=True, slots=True)
class Keypoints:
    """Points of one layer, in one row order for all arrays.

    Attributes:
        points_px: (N, 2) x, y in pixels of the layer.
        sigmas_px: (N,) widths.
        is_maximum: (N,) brighter than around it, else darker.
        scores: (N,) absolute difference of Gaussians, 3 or more.
    """

    points_px: Points
    sigmas_px: Sigmas
    is_maximum: Mask
    scores: Scores

    def __len__(self) -> int:
        return len(self.points_px)

    def take(self, rows: Rows) -> "Keypoints":
        """Return some of the points, in the order of ``rows``."""
        return Keypoints(
            self.points_px[rows], self.sigmas_px[rows], self.is_maximum[rows], self.scores[rows]
        )


def join_keypoints(parts: Sequence[Keypoints]) -> Keypoints:
    """Put the points of all parts into one, in the order given; no parts give no points."""
    return Keypoints(
        np.concatenate([np.empty((0, 2), np.float32), *(part.points_px for part in parts)]),
        np.concatenate([np.empty(0, np.float32), *(part.sigmas_px for part in parts)]),
        np.concatenate([np.empty(0, np.bool_), *(part.is_maximum for part in parts)]),
        np.concatenate([np.empty(0, np.float32), *(part.scores for part in parts)]),
    )


def find_keypoints(pyramid: Pyramid) -> Keypoints:
    """Find the extrema of every difference that has one below and one above it.

    Returns:
        Points by size, then row, then column; none for a pyramid of fewer than two octaves.
    """
    last = DOGS_PER_OCTAVE * len(pyramid) - 1
    return join_keypoints([_find_in_dog(pyramid, number) for number in range(1, last)])


def thin_keypoints(
    keypoints: Keypoints, *, width_px: int, height_px: int, per_bucket: int
) -> Keypoints:
    """Keep the strongest points of each of the layer's 10x10 equal fields, so that none is crowded.

    Returns:
        The kept points in their input order; of equals, the earlier ones are kept.
    """
    size_px = np.array([width_px, height_px], np.float32)
    fields = np.clip((keypoints.points_px * BUCKETS / size_px).astype(np.int64), 0, BUCKETS - 1)
    bucket = fields[:, 1] * BUCKETS + fields[:, 0]
    order = np.lexsort((-keypoints.scores, bucket))
    starts = np.searchsorted(bucket[order], bucket[order], side="left")
    rank = np.arange(len(order)) - starts
    return keypoints.take(np.sort(order[rank < per_bucket]))


def _find_in_dog(pyramid: Pyramid, number: int) -> Keypoints:
    octave, image = divmod(number, DOGS_PER_OCTAVE)
    levels = _three_levels(pyramid, number)
    rows, columns = np.nonzero(_extrema(levels))
    offsets, is_sharp = _refine(levels, rows, columns)
    rows, columns, offsets = rows[is_sharp], columns[is_sharp], offsets[is_sharp]
    size = np.float32(2**octave)
    places = np.stack([columns, rows], axis=1).astype(np.float32) + offsets[:, :2]
    heights = levels[1][rows, columns]
    return Keypoints(
        points_px=places * size + (size / 2 - np.float32(0.5)),
        sigmas_px=size * np.exp2(np.clip(image + offsets[:, 2], 0, DOGS_PER_OCTAVE) / 2),
        is_maximum=heights > 0,
        scores=np.abs(heights),
    )


def _three_levels(pyramid: Pyramid, number: int) -> tuple[FloatImage, FloatImage, FloatImage]:
    """Return a difference with the ones below and above it, all at its own resolution."""
    octave, image = divmod(number, DOGS_PER_OCTAVE)
    dogs = pyramid[octave].dogs
    if image == 0:
        return halve(pyramid[octave - 1].dogs[1]), dogs[0], dogs[1]
    height_px, width_px = dogs[1].shape
    above = double(pyramid[octave + 1].dogs[0], height_px=height_px, width_px=width_px)
    return dogs[0], dogs[1], above


def _extrema(levels: tuple[FloatImage, FloatImage, FloatImage]) -> Mask:
    """Mark the pixels inside the border that exceed their neighbours on all three levels."""
    below, here, above = levels
    box = np.ones((3, 3), np.uint8)
    highest = cv2.dilate(np.maximum(np.maximum(below, above), here), box)
    lowest = cv2.erode(np.minimum(np.minimum(below, above), here), box)
    marked: Mask = (here >= CONTRAST_MIN) & (here >= highest)
    marked |= (here <= -CONTRAST_MIN) & (here <= lowest)
    marked[[0, -1]] = False
    marked[:, [0, -1]] = False
    return marked


def _refine(
    levels: tuple[FloatImage, FloatImage, FloatImage], rows: Rows, columns: Rows
) -> tuple[NDArray[np.float32], Mask]:
    """Fit a quadric through each 3x3x3 field.

    Returns:
        (N, 3) offsets of the vertex from the pixel, x, y and size, and (N,) whether the point is
        kept: not on an edge, not flat, vertex near the pixel.
    """
    below, here, above = levels
    around = {
        (level, dy, dx): image[rows + dy, columns + dx]
        for level, image in ((-1, below), (0, here), (1, above))
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
        if abs(level) + abs(dy) + abs(dx) < 3
    }

    def slope(axis: int) -> NDArray[np.float32]:
        step = np.eye(3, dtype=int)[axis]
        return np.asarray((around[tuple(step)] - around[tuple(-step)]) / 2)

    def bend(axis: int, other: int) -> NDArray[np.float32]:
        unit = np.eye(3, dtype=int)
        if axis == other:
            return np.asarray(
                around[tuple(unit[axis])] - 2 * around[0, 0, 0] + around[tuple(-unit[axis])]
            )
        both, against = unit[axis] + unit[other], unit[axis] - unit[other]
        return (
            np.asarray(
                (around[tuple(both)] + around[tuple(-both)])
                - (around[tuple(against)] + around[tuple(-against)])
            )
            / 4
        )

    axes = (2, 1, 0)  # x, y, size
    hessians = np.stack(
        [np.stack([bend(i, j) for j in axes], axis=-1) for i in axes], axis=-2
    ).astype(np.float64)
    slopes = np.stack([slope(i) for i in axes], axis=-1).astype(np.float64)
    trace = hessians[:, 0, 0] + hessians[:, 1, 1]
    flat = hessians[:, 0, 0] * hessians[:, 1, 1] - hessians[:, 0, 1] ** 2
    is_kept = (flat > 0) & (trace**2 < EDGE_MAX * flat)
    is_kept &= np.abs(np.linalg.det(hessians)) > 1e-6
    solvable = np.where(is_kept[:, None, None], hessians, np.eye(3))
    offsets = -np.linalg.solve(solvable, slopes[..., None])[..., 0]
    is_kept &= (offsets[:, :2] ** 2).sum(axis=1) <= SHIFT_MAX_PX**2
    return offsets.astype(np.float32), is_kept
