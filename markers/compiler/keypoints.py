"""Where an image has points worth recognising: extrema of the difference of Gaussians.

The thresholds are those of the runtime's own detector, since it must find the same points again in
a camera frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from markers.compiler.arrays import FloatImage, Mask, Octaves, Points, Rows, Scores
from markers.compiler.pyramid import Octave, double, halve
from markers.compiler.rowwise import Rowwise

CONTRAST_MIN: Final = 3.0
# (edge + 1)^2 / edge for a ratio of curvatures of 4.
EDGE_MAX: Final = 6.25
DETERMINANT_MIN: Final = 1e-4
BORDER_PX: Final = 7
# A vertex of the fitted parabola that is farther off belongs to another pixel, or to none.
SHIFT_MAX_PX: Final = 1.0
BUCKETS: Final = 10


@dataclass(frozen=True, slots=True)
class Keypoints(Rowwise):
    """Points of one image, in one row order for all arrays.

    Attributes:
        points_px: (N, 2) x, y in pixels of the image.
        octaves: (N,) octave in which the point was found, 1 or more.
        is_maximum: (N,) brighter than around it, else darker.
        scores: (N,) absolute difference of Gaussians, 3 or more.
    """

    points_px: Points
    octaves: Octaves
    is_maximum: Mask
    scores: Scores


def find_keypoints(pyramid: Sequence[Octave]) -> Keypoints:
    """Find the extrema of every octave that has one below and one above it.

    Returns:
        Points by octave, then row, then column; none for a pyramid of fewer than three octaves.
    """
    found = [_find_in_octave(pyramid, number) for number in range(1, len(pyramid) - 1)]
    return join_keypoints(found)


def join_keypoints(parts: Sequence[Keypoints]) -> Keypoints:
    """Put the points of all parts into one, in the order given; no parts give no points."""
    return Keypoints(
        np.concatenate([np.empty((0, 2), np.float32), *(part.points_px for part in parts)]),
        np.concatenate([np.empty(0, np.int32), *(part.octaves for part in parts)]),
        np.concatenate([np.empty(0, np.bool_), *(part.is_maximum for part in parts)]),
        np.concatenate([np.empty(0, np.float32), *(part.scores for part in parts)]),
    )


def thin_keypoints(
    keypoints: Keypoints, *, width_px: int, height_px: int, per_bucket: int
) -> Keypoints:
    """Keep the strongest points of each of the image's 10x10 equal fields, so that none is crowded.

    Returns:
        The kept points in their input order; of equals, the earlier ones are kept.
    """
    if not len(keypoints):
        return keypoints
    size_px = np.array([width_px, height_px], np.float32)
    column, row = np.clip(
        (keypoints.points_px * BUCKETS / size_px).astype(np.int64), 0, BUCKETS - 1
    ).T
    bucket = row * BUCKETS + column
    return keypoints.take(strongest_of_each(bucket, keypoints.scores, count_max=per_bucket))


def strongest_of_each(buckets: Rows, scores: Scores, *, count_max: int) -> Rows:
    """Choose the highest scores of each bucket.

    Args:
        buckets: (N,) number of the bucket of each score.
        scores: (N,) scores.
        count_max: how many of a bucket.

    Returns:
        Rows of the chosen, ascending; of equals, the earlier ones are chosen.
    """
    order = np.lexsort((-scores, buckets))
    starts = np.searchsorted(buckets[order], buckets[order], side="left")
    rank = np.arange(len(order)) - starts
    return np.sort(order[rank < count_max])


def octave_to_image(points_px: Points, octaves: Octaves) -> Points:
    """Carry points of their octaves' pixels to pixels of the image."""
    size = np.exp2(octaves.astype(np.float32))[:, None]
    return (points_px * size + (0.5 * size - 0.5)).astype(np.float32, copy=False)


def image_to_octave(points_px: Points, octaves: Octaves) -> Points:
    """Carry points of the image to pixels of their octaves."""
    size = np.exp2(octaves.astype(np.float32))[:, None]
    return ((points_px - (0.5 * size - 0.5)) / size).astype(np.float32, copy=False)


def _find_in_octave(pyramid: Sequence[Octave], number: int) -> Keypoints:
    dog = pyramid[number].dog
    rows, columns = np.nonzero(_extrema(pyramid, number))
    offsets_px, is_sharp = _refine(dog, rows, columns)
    rows, columns, offsets_px = rows[is_sharp], columns[is_sharp], offsets_px[is_sharp]
    octaves = np.full(len(rows), number, np.int32)
    places = np.stack([columns, rows], axis=1).astype(np.float32) + offsets_px
    heights = dog[rows, columns]
    return Keypoints(octave_to_image(places, octaves), octaves, heights > 0, np.abs(heights))


def _extrema(pyramid: Sequence[Octave], number: int) -> Mask:
    """Mark the pixels that none of their 26 neighbours, in three octaves, exceeds."""
    dog = pyramid[number].dog
    height_px, width_px = dog.shape
    levels = (
        halve(pyramid[number - 1].dog),
        dog,
        double(pyramid[number + 1].dog, height_px=height_px, width_px=width_px),
    )
    box = np.ones((3, 3), np.uint8)
    highest = np.maximum.reduce([cv2.dilate(level, box) for level in levels])
    lowest = np.minimum.reduce([cv2.erode(level, box) for level in levels])
    marked: Mask = ((dog >= CONTRAST_MIN) & (dog >= highest)) | (
        (dog <= -CONTRAST_MIN) & (dog <= lowest)
    )
    inside = np.zeros_like(marked)
    edge = BORDER_PX
    inside[edge : height_px - edge, edge : width_px - edge] = True
    return marked & inside


def _refine(dog: FloatImage, rows: Rows, columns: Rows) -> tuple[Points, Mask]:
    """Fit a quadric through each 3x3 field.

    Returns:
        (N, 2) offsets of the vertex from the pixel, x then y, and (N,) whether the point is kept:
        not on an edge, not flat, vertex near the pixel.
    """
    centre = dog[rows, columns]
    left, right = dog[rows, columns - 1], dog[rows, columns + 1]
    above, below = dog[rows - 1, columns], dog[rows + 1, columns]
    dx, dy = (right - left) / 2, (below - above) / 2
    dxx, dyy = right + left - 2 * centre, below + above - 2 * centre
    dxy = (
        dog[rows - 1, columns - 1]
        + dog[rows + 1, columns + 1]
        - dog[rows - 1, columns + 1]
        - dog[rows + 1, columns - 1]
    ) / 4
    determinant = dxx * dyy - dxy * dxy
    is_round = determinant >= DETERMINANT_MIN
    safe = np.where(is_round, determinant, 1)
    offsets = np.stack([(dxy * dy - dyy * dx) / safe, (dxy * dx - dxx * dy) / safe], axis=1)
    is_round &= (dxx + dyy) ** 2 / safe < EDGE_MAX
    is_near = np.all(np.abs(offsets) <= SHIFT_MAX_PX, axis=1)
    return offsets.astype(np.float32, copy=False), is_round & is_near
