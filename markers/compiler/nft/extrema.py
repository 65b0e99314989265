"""Where pixels stand out: extrema of the differences of Gaussians over place and size.

A difference has one neighbour in size of its own octave, and one that is coarser or finer. The
latter is only worked out around the few pixels that stand out among all others.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import Mask, Rows
from markers.compiler.nft.pyramid import IMAGES_PER_OCTAVE, Octave, Stack

CONTRAST_MIN: Final = 3.0
# (edge + 1)^2 / edge for a ratio of curvatures of 4.
EDGE_MAX: Final = 6.25
DOGS_PER_OCTAVE: Final = IMAGES_PER_OCTAVE - 1
# A coarser octave has no room for a point and its neighbours.
SIDE_MIN_PX: Final = 16

# Pixels that are confirmed at once, so that what is read around them stays in the cache.
AT_ONCE: Final = 2048

BOX: Final = np.ones((3, 3), np.uint8)
AROUND: Final = np.array([-1, 0, 1])
# A pixel lies in a coarse one of twice its size. Shares of that one and its two neighbours (second
# axis) in the pixel and its two neighbours (first axis), for an even pixel and an odd one (third).
SHARES: Final = np.array(
    [
        [[0.75, 0.25], [0.25, 0.75], [0, 0]],
        [[0.25, 0], [0.75, 0.75], [0, 0.25]],
        [[0, 0], [0.75, 0.25], [0.25, 0.75]],
    ],
    np.float32,
)

OCTAVE: Final = np.dtype(
    [("picture", "i4"), ("number", "i4"), ("start", "i8"), ("height_px", "i8"), ("width_px", "i8")]
)
"""An octave of a ``Stack``, as in ``Octave``."""

Values = NDArray[np.float32]
"""Greys less greys."""

Curve = NDArray[np.float64]
"""(N,), second derivatives of greys."""


@dataclass(frozen=True, slots=True)
class Extrema:
    """Pixels that stand out, with all that is around them.

    Attributes:
        pictures: (N,) which of the stack's pictures they are in.
        numbers: (N,) difference of the pyramid, counted from the finest.
        pixels: (N, 2) x, y in pixels of the difference.
        fields: (3, 3, 3, N) values of the differences: size, row, column.
    """

    pictures: NDArray[np.int32]
    numbers: NDArray[np.int32]
    pixels: NDArray[np.int32]
    fields: Values


def find_extrema(stack: Stack) -> Extrema:
    """Find the extrema of every difference that has one below and one above it, but no edges.

    Of the coarsest octaves there are none: a point there is as large as the picture.

    Returns:
        By picture, then size, then row, then column.
    """
    found = [_standing_out(stack, octave) for octave in stack.octaves]
    places = np.concatenate([np.empty(0, np.int64), *found])
    rows = np.repeat(np.arange(len(found)), [len(one) for one in found])
    octaves = np.array(
        [(o.picture, o.number, o.start, o.height_px, o.width_px) for o in stack.octaves], OCTAVE
    )
    parts = [
        _confirmed(stack, octaves, places[start : start + AT_ONCE], rows[start : start + AT_ONCE])
        for start in range(0, len(places), AT_ONCE)
    ]
    return Extrema(
        pictures=np.concatenate([np.empty(0, np.int32), *(part.pictures for part in parts)]),
        numbers=np.concatenate([np.empty(0, np.int32), *(part.numbers for part in parts)]),
        pixels=np.concatenate([np.empty((0, 2), np.int32), *(part.pixels for part in parts)]),
        fields=np.concatenate(
            [np.empty((3, 3, 3, 0), np.float32), *(part.fields for part in parts)], axis=-1
        ),
    )


def _standing_out(stack: Stack, octave: Octave) -> Rows:
    """Find the pixels that exceed their neighbours in both differences of an octave.

    Returns:
        (N,) places in the stack, of the finer of a difference's two images; none on a border, and
        none of a difference that has none below, or none above.
    """
    height_px, width_px = octave.height_px, octave.width_px
    is_last = octave.number == stack.counts[octave.picture] - 1
    first, end = int(octave.number == 0), DOGS_PER_OCTAVE - int(is_last)
    if first >= end or min(height_px, width_px) < SIDE_MIN_PX:
        return np.empty(0, np.int64)
    images = stack.images(octave)
    dogs = images[:-1] - images[1:]
    highest = np.maximum(cv2.dilate(np.maximum(*dogs), BOX), CONTRAST_MIN)
    lowest = np.minimum(cv2.erode(np.minimum(*dogs), BOX), -CONTRAST_MIN)
    marked: Mask = dogs[first:end] >= highest
    marked |= dogs[first:end] <= lowest
    marked[:, [0, -1]] = False
    marked[:, :, [0, -1]] = False
    return np.flatnonzero(marked) + octave.start + first * octave.size


def _confirmed(stack: Stack, octaves: NDArray[np.void], places: Rows, rows: Rows) -> Extrema:
    """Keep the pixels that are no edges, and exceed what is around them in the octave next to it.

    Args:
        stack: the pyramids.
        octaves: records of ``OCTAVE``, all of the stack.
        places: (N,) places in the stack.
        rows: (N,) octave of each.
    """
    of = octaves[rows]
    widths_px, sizes = of["width_px"], of["height_px"] * of["width_px"]
    here = _differences(stack, _around(places, widths_px), sizes)
    kept = np.flatnonzero(_is_spot(here))
    places, of, widths_px, sizes, here = (
        *(places[kept], of[kept], widths_px[kept], sizes[kept], here[..., kept]),
    )
    dogs, inside = np.divmod(places - of["start"], sizes)
    y_px, x_px = np.divmod(inside, widths_px)
    other = np.empty_like(here)
    for dog, read, step in ((0, _from_finer, -1), (1, _from_coarser, 1)):
        ones = np.flatnonzero(dogs == dog)
        beside = octaves[rows[kept[ones]] + step]
        other[..., ones] = read(stack, beside, x_px[ones], y_px[ones])

    kept = np.flatnonzero(_exceeds(here, other))
    of, widths_px, sizes, dogs, here, other = (
        *(of[kept], widths_px[kept], sizes[kept], dogs[kept], here[..., kept], other[..., kept]),
    )
    places = places[kept] + np.where(dogs, -sizes, sizes)
    sibling = _differences(stack, _around(places, widths_px), sizes)
    is_first = dogs == 0
    below, above = np.where(is_first, other, sibling), np.where(is_first, sibling, other)
    return Extrema(
        pictures=of["picture"],
        numbers=(DOGS_PER_OCTAVE * of["number"] + dogs).astype(np.int32),
        pixels=np.stack([x_px[kept], y_px[kept]], axis=1).astype(np.int32),
        fields=np.stack([below, here, above]),
    )


def _is_spot(field: Values) -> Mask:
    """Tell where (3, 3, N) values are curved alike in both directions, as no edge is."""
    curves = field.astype(np.float64)
    xx, xy, yy = second_derivatives(curves)
    determinant = xx * yy - xy * xy
    return np.asarray((determinant > 0) & ((xx + yy) ** 2 < EDGE_MAX * determinant))


def second_derivatives(field: NDArray[np.float64]) -> tuple[Curve, Curve, Curve]:
    """Return the second derivatives, xx, xy and yy, of (3, 3, N) values, (N,) each."""
    twice = 2 * field[1, 1]
    xx = field[1, 2] - twice + field[1, 0]
    yy = field[2, 1] - twice + field[0, 1]
    xy = (field[2, 2] + field[0, 0] - field[0, 2] - field[2, 0]) / 4
    return xx, xy, yy


def _exceeds(here: Values, there: Values) -> Mask:
    """Tell whose (3, 3, N) middle exceeds all that is around another pixel."""
    middle = here[1, 1]
    is_highest = middle >= there.max(axis=(0, 1))
    is_lowest = middle <= there.min(axis=(0, 1))
    return np.asarray(np.where(middle > 0, is_highest, is_lowest), np.bool_)


def _around(places: Rows, widths_px: Rows) -> Rows:
    """(3, 3, N) places of pixels and their neighbours."""
    return np.asarray(places + AROUND[:, None, None] * widths_px + AROUND[:, None])


def _differences(stack: Stack, places: Rows, sizes: Rows) -> Values:
    """Take each pixel of an image less that of the next image, ``sizes`` places on."""
    return np.asarray(stack.pixels.take(places) - stack.pixels.take(places + sizes), np.float32)


def _from_finer(stack: Stack, finer: NDArray[np.void], x_px: Rows, y_px: Rows) -> Values:
    """Work out (3, 3, N) values from the last difference of octaves that are twice as fine."""
    width_px, size = finer["width_px"], finer["height_px"] * finer["width_px"]
    corner = finer["start"] + size + 2 * (y_px * width_px + x_px)
    corners = corner + 2 * AROUND[:, None, None] * width_px + 2 * AROUND[:, None]
    total = _differences(stack, corners, size)
    for place in (corners + 1, corners + width_px, corners + width_px + 1):
        total += _differences(stack, place, size)
    return total / np.float32(4)


def _from_coarser(stack: Stack, coarser: NDArray[np.void], x_px: Rows, y_px: Rows) -> Values:
    """Work out (3, 3, N) values from the first difference of octaves that are half as fine.

    Pixel i lies at i / 2 - 1/4; beyond the border the border goes on.
    """
    width_px, height_px = coarser["width_px"], coarser["height_px"]
    columns = np.clip(x_px // 2 + AROUND[:, None], 0, width_px - 1)
    lines = np.clip(y_px // 2 + AROUND[:, None], 0, height_px - 1)
    places = coarser["start"] + lines[:, None] * width_px + columns
    values = _differences(stack, places, height_px * width_px)
    across = np.einsum("xkn,ykn->yxn", SHARES[:, :, x_px % 2], values)
    return np.asarray(np.einsum("ykn,kxn->yxn", SHARES[:, :, y_px % 2], across), np.float32)
