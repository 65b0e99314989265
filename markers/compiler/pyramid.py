"""Images at other scales: exact area samples of the picture, and the blur pyramid of one image."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import FloatImage, GrayImage

OCTAVES_MAX: Final = 5
SIDE_MIN_PX: Final = 8
# One row of the 5x5 binomial filter: [1 4 6 4 1] / 16.
BINOMIAL: Final = np.array([1, 4, 6, 4, 1], np.float32) / 16


class AreaSampler:
    """A picture that can be had at any scale, each sample the exact mean of the area it stands for.

    Pixel ``i`` of an image at ``scale`` covers ``[i / scale, (i + 1) / scale)`` of the picture on
    both axes, though its size is a rounded number of pixels: a point at x in the image is at
    ``(x + 0.5) / scale`` of the picture, without the drift that rounding would bring.

    Args:
        gray: (h, w) pixels of the picture, or of a reduction of it.
        width_px, height_px: size of the picture; scales refer to it.
    """

    def __init__(self, gray: GrayImage, *, width_px: int, height_px: int) -> None:
        self._gray = gray
        self._sums = cv2.integral(gray).astype(np.float64)
        self._width_px, self._height_px = width_px, height_px
        self._ratio_x, self._ratio_y = gray.shape[1] / width_px, gray.shape[0] / height_px

    def at(self, scale: float) -> GrayImage:
        """Return the picture at ``scale`` (> 0; 1 is the size as given), rounded to whole greys."""
        width_px = max(1, round(self._width_px * scale))
        height_px = max(1, round(self._height_px * scale))
        step_x, step_y = self._ratio_x / scale, self._ratio_y / scale
        if min(step_x, step_y) < 1:
            return self._interpolated((width_px, height_px), step_x, step_y)
        columns = _bounds(width_px, step_x, self._gray.shape[1])
        rows = _bounds(height_px, step_y, self._gray.shape[0])
        sums = np.diff(_between(_between(self._sums, rows, 0), columns, 1), axis=0)
        areas = np.diff(rows)[:, None] * np.diff(columns)[None, :]
        return np.rint(np.diff(sums, axis=1) / areas).astype(np.uint8)

    def _interpolated(self, size: tuple[int, int], step_x: float, step_y: float) -> GrayImage:
        """Enlarge bilinearly, with the same rule for where a pixel's centre is."""
        to_source = np.array(
            [[step_x, 0, 0.5 * step_x - 0.5], [0, step_y, 0.5 * step_y - 0.5]], np.float64
        )
        return cv2.warpAffine(
            self._gray,
            to_source,
            size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.uint8, copy=False)


def _bounds(count: int, step: float, end: int) -> NDArray[np.float64]:
    """Edges of ``count`` pixels of width ``step``; the last one is cut where the picture ends."""
    return np.asarray(np.minimum(np.arange(count + 1) * step, end))


def _between(sums: NDArray[np.float64], at: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Read cumulative sums at fractional places: linear between whole ones, which is exact."""
    below = np.minimum(at.astype(np.int64), sums.shape[axis] - 2)
    share = (at - below)[:, None] if axis == 0 else at - below
    low, high = np.take(sums, below, axis=axis), np.take(sums, below + 1, axis=axis)
    return np.asarray(low + (high - low) * share)


@dataclass(frozen=True, slots=True)
class Octave:
    """One octave of the blur pyramid.

    Attributes:
        once: (h, w) first image of the octave.
        twice: (h, w) the first, blurred once more; descriptors are read from it.
        dog: (h, w) their difference, ``once - twice``.
    """

    once: FloatImage
    twice: FloatImage
    dog: FloatImage


def build_pyramid(gray: GrayImage) -> tuple[Octave, ...]:
    """Blur and halve an image, at most five octaves, down to sides of 8 pixels.

    The first octave begins with a blurred image, each other with the 2x2 means of the last image of
    the octave before.
    """
    octaves: list[Octave] = []
    height_px, width_px = gray.shape
    image = gray.astype(np.float32)
    while len(octaves) < OCTAVES_MAX and min(height_px, width_px) >= SIDE_MIN_PX:
        once = blur(image) if not octaves else image
        twice = blur(once)
        octaves.append(Octave(once, twice, once - twice))
        image = halve(twice)
        height_px, width_px = image.shape
    return tuple(octaves)


def blur(image: FloatImage) -> FloatImage:
    """Filter with the 5x5 binomial; beyond the border the border pixel goes on."""
    blurred = cv2.sepFilter2D(
        image, cv2.CV_32F, BINOMIAL, BINOMIAL, borderType=cv2.BORDER_REPLICATE
    )
    return blurred.astype(np.float32, copy=False)


def halve(image: FloatImage) -> FloatImage:
    """Take 2x2 means; an odd last row or column is left out."""
    rows, columns = image.shape[0] // 2, image.shape[1] // 2
    even = image[: 2 * rows, : 2 * columns]
    total = even[0::2, 0::2] + even[0::2, 1::2] + even[1::2, 0::2] + even[1::2, 1::2]
    return (total * np.float32(0.25)).astype(np.float32, copy=False)


def double(image: FloatImage, *, height_px: int, width_px: int) -> FloatImage:
    """Enlarge twice, pixel ``i`` read at ``0.5 i - 0.25``; an odd last line is repeated."""
    doubled = cv2.resize(
        image, (2 * image.shape[1], 2 * image.shape[0]), interpolation=cv2.INTER_LINEAR
    )
    rows, columns = height_px - doubled.shape[0], width_px - doubled.shape[1]
    if rows or columns:
        doubled = cv2.copyMakeBorder(doubled, 0, rows, 0, columns, cv2.BORDER_REPLICATE)
    return doubled.astype(np.float32, copy=False)
