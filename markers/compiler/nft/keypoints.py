"""Where an image has points: extrema of the differences of Gaussians over place and size.

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
# Of the curvatures; below it the vertex is anywhere.
DETERMINANT_MIN: Final = 1e-6
DOGS_PER_OCTAVE: Final = 2
BUCKETS: Final = 10
# A coarser octave has no room for a point and its neighbours.
SIDE_MIN_PX: Final = 16

Sigmas = NDArray[np.float32]
"""(N,), widths of points in pixels of their image, 1 or more."""


@dataclass(frozen=True, slots=True)
class Keypoints:
    """Points of images, in one row order for all arrays.

    Attributes:
        points_px: (N, 2) x, y in pixels of the image.
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


@dataclass(frozen=True, slots=True)
class Extrema:
    """Pixels that stand out, with all that is around them.

    Attributes:
        images: (N,) which of several images they are in.
        numbers: (N,) difference of the pyramid, counted from the finest.
        pixels: (N, 2) x, y in pixels of the difference.
        fields: (3, 3, 3, N) values of the differences: size, row, column.
    """

    images: NDArray[np.int32]
    numbers: NDArray[np.int32]
    pixels: NDArray[np.int32]
    fields: NDArray[np.float32]


def find_extrema(pyramid: Pyramid, *, image: int) -> list[Extrema]:
    """Find the extrema of every difference that has one below and one above it.

    Of the coarsest octaves there are none: a point there is as large as the picture.

    Args:
        pyramid: of the image.
        image: its number.

    Returns:
        By size; in each by row, then column. None for a pyramid of fewer than two octaves.
    """
    last = DOGS_PER_OCTAVE * len(pyramid) - 1
    return [
        _find_in_dog(pyramid, number, image=image)
        for number in range(1, last)
        if min(pyramid[number // DOGS_PER_OCTAVE].dogs[0].shape) >= SIDE_MIN_PX
    ]


def refine_extrema(parts: Sequence[Extrema]) -> tuple[NDArray[np.int32], Keypoints]:
    """Fit a quadric through each field, and keep what is neither an edge nor flat nor far off.

    Returns:
        (N,) image of each point, and the points, both in the order of the parts.
    """
    if not parts:
        parts = [_NOTHING]
    field = np.concatenate([part.fields for part in parts], axis=-1, dtype=np.float64)
    height = field[1, 1, 1]
    xx = field[1, 1, 2] - 2 * height + field[1, 1, 0]
    yy = field[1, 2, 1] - 2 * height + field[1, 0, 1]
    xy = (field[1, 2, 2] + field[1, 0, 0] - field[1, 0, 2] - field[1, 2, 0]) / 4
    curvature = xx * yy - xy * xy
    rows = np.flatnonzero((curvature > 0) & ((xx + yy) ** 2 < EDGE_MAX * curvature))

    field, xx, yy, xy = field[..., rows], xx[rows], yy[rows], xy[rows]
    ss = field[2, 1, 1] - 2 * field[1, 1, 1] + field[0, 1, 1]
    xs = (field[2, 1, 2] + field[0, 1, 0] - field[2, 1, 0] - field[0, 1, 2]) / 4
    ys = (field[2, 2, 1] + field[0, 0, 1] - field[2, 0, 1] - field[0, 2, 1]) / 4
    hessians = np.stack([xx, xy, xs, xy, yy, ys, xs, ys, ss], axis=-1).reshape(-1, 3, 3)
    is_kept = np.abs(np.linalg.det(hessians)) > DETERMINANT_MIN
    slopes = [
        (field[1, 1, 2] - field[1, 1, 0])[is_kept] / 2,
        (field[1, 2, 1] - field[1, 0, 1])[is_kept] / 2,
        (field[2, 1, 1] - field[0, 1, 1])[is_kept] / 2,
    ]
    rows = rows[is_kept]
    offsets = -np.linalg.solve(hessians[is_kept], np.stack(slopes, axis=-1)[..., None])[..., 0]
    is_near = (offsets[:, :2] ** 2).sum(axis=1) <= SHIFT_MAX_PX**2
    rows, offsets = rows[is_near], offsets[is_near]

    numbers = np.concatenate([part.numbers for part in parts])[rows]
    pixels = np.concatenate([part.pixels for part in parts])[rows]
    octaves, blurs = np.divmod(numbers, DOGS_PER_OCTAVE)
    size = np.exp2(octaves)
    sigmas = size * np.exp2(np.clip(blurs + offsets[:, 2], 0, DOGS_PER_OCTAVE) / 2)
    keypoints = Keypoints(
        points_px=((pixels + offsets[:, :2] + 0.5) * size[:, None] - 0.5).astype(np.float32),
        sigmas_px=sigmas.astype(np.float32),
        is_maximum=height[rows] > 0,
        scores=np.abs(height[rows]).astype(np.float32),
    )
    return np.concatenate([part.images for part in parts])[rows], keypoints


def strongest_of_fields(
    keypoints: Keypoints,
    images: NDArray[np.int32],
    *,
    sizes_px: NDArray[np.int32],
    per_bucket: int,
) -> Rows:
    """Choose the strongest points of each of an image's 10x10 fields, so that none is crowded.

    Args:
        keypoints: (N) points.
        images: (N,) image of each.
        sizes_px: (L, 2) width and height of each image.
        per_bucket: how many of a field at most.

    Returns:
        Rows of the chosen points, ascending; of equals, the earlier ones are chosen.
    """
    places = keypoints.points_px * BUCKETS / sizes_px[images]
    column, row = np.clip(places.astype(np.int64), 0, BUCKETS - 1).T
    bucket = (images * BUCKETS + row) * BUCKETS + column
    order = np.lexsort((-keypoints.scores, bucket))
    starts = np.searchsorted(bucket[order], bucket[order], side="left")
    rank = np.arange(len(order)) - starts
    return np.sort(order[rank < per_bucket])


_NOTHING: Final = Extrema(
    np.empty(0, np.int32),
    np.empty(0, np.int32),
    np.empty((0, 2), np.int32),
    np.empty((3, 3, 3, 0), np.float32),
)


def _find_in_dog(pyramid: Pyramid, number: int, *, image: int) -> Extrema:
    levels = _three_levels(pyramid, number)
    width_px = levels[1].shape[1]
    places = np.flatnonzero(_extrema(levels))
    steps = np.array([[-1], [0], [1]]) * width_px + np.array([-1, 0, 1])
    around = places + steps[..., None]
    rows, columns = np.divmod(places, width_px)
    return Extrema(
        np.full(len(places), image, np.int32),
        np.full(len(places), number, np.int32),
        np.stack([columns, rows], axis=1).astype(np.int32),
        np.stack([level.ravel().take(around) for level in levels]),
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
