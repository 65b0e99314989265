"""Points of pictures: where exactly they are, how large, and which of them are kept.

The thresholds are those of the runtime's own detector, since it must find the same points again in
a camera frame.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import Mask, Points, Rows, Scores
from markers.compiler.keypoints import strongest_of_each
from markers.compiler.nft.extrema import DOGS_PER_OCTAVE, Extrema, second_derivatives
from markers.compiler.rowwise import Rowwise

# A vertex of the fitted parabola that is farther off belongs to another pixel.
SHIFT_MAX_PX: Final = 3.0
# Of the curvatures; below it the vertex is anywhere.
DETERMINANT_MIN: Final = 1e-6
BUCKETS: Final = 10

Sigmas = NDArray[np.float32]
"""(N,), widths of points in pixels of their picture, 1 or more."""


@dataclass(frozen=True, slots=True)
class Keypoints(Rowwise):
    """Points of pictures, in one row order for all arrays.

    Attributes:
        points_px: (N, 2) x, y in pixels of the picture.
        sigmas_px: (N,) widths.
        is_maximum: (N,) brighter than around it, else darker.
        scores: (N,) absolute difference of Gaussians, 3 or more.
    """

    points_px: Points
    sigmas_px: Sigmas
    is_maximum: Mask
    scores: Scores


def refine_extrema(extrema: Extrema) -> tuple[NDArray[np.int32], Keypoints]:
    """Fit a quadric through each field, and keep what is neither flat nor far off.

    Returns:
        (N,) picture of each point, and the points, both in the order of the extrema.
    """
    field = extrema.fields.astype(np.float64)
    xx, xy, yy = second_derivatives(field[1])
    ss = field[2, 1, 1] - 2 * field[1, 1, 1] + field[0, 1, 1]
    xs = (field[2, 1, 2] + field[0, 1, 0] - field[2, 1, 0] - field[0, 1, 2]) / 4
    ys = (field[2, 2, 1] + field[0, 0, 1] - field[2, 0, 1] - field[0, 2, 1]) / 4
    hessians = np.stack([xx, xy, xs, xy, yy, ys, xs, ys, ss], axis=-1).reshape(-1, 3, 3)
    slopes = [
        (field[1, 1, 2] - field[1, 1, 0]) / 2,
        (field[1, 2, 1] - field[1, 0, 1]) / 2,
        (field[2, 1, 1] - field[0, 1, 1]) / 2,
    ]
    rows = np.flatnonzero(np.abs(np.linalg.det(hessians)) > DETERMINANT_MIN)
    offsets = -np.linalg.solve(hessians[rows], np.stack(slopes, axis=-1)[rows, :, None])[..., 0]
    is_near = (offsets[:, :2] ** 2).sum(axis=1) <= SHIFT_MAX_PX**2
    rows, offsets = rows[is_near], offsets[is_near]

    height = field[1, 1, 1, rows]
    octaves, blurs = np.divmod(extrema.numbers[rows], DOGS_PER_OCTAVE)
    size = np.exp2(octaves)
    sigmas = size * np.exp2(np.clip(blurs + offsets[:, 2], 0, DOGS_PER_OCTAVE) / 2)
    keypoints = Keypoints(
        points_px=((extrema.pixels[rows] + offsets[:, :2] + 0.5) * size[:, None] - 0.5).astype(
            np.float32
        ),
        sigmas_px=sigmas.astype(np.float32),
        is_maximum=height > 0,
        scores=np.abs(height).astype(np.float32),
    )
    return extrema.pictures[rows], keypoints


def strongest_of_fields(
    keypoints: Keypoints,
    pictures: NDArray[np.int32],
    *,
    sizes_px: NDArray[np.int32],
    per_bucket: int,
) -> Rows:
    """Choose the strongest points of each of a picture's 10x10 fields, so that none is crowded.

    Args:
        keypoints: (N) points.
        pictures: (N,) picture of each.
        sizes_px: (L, 2) width and height of each picture.
        per_bucket: how many of a field at most.

    Returns:
        Rows of the chosen points, ascending; of equals, the earlier ones are chosen.
    """
    places = keypoints.points_px * BUCKETS / sizes_px[pictures]
    column, row = np.clip(places.astype(np.int64), 0, BUCKETS - 1).T
    bucket = (pictures * BUCKETS + row) * BUCKETS + column
    return strongest_of_each(bucket, keypoints.scores, count_max=per_bucket)
