"""The blur pyramids of the runtime: three images an octave, all of all pictures in one array.

Unlike in ``.mind``, a point's size is continuous, and each ring of its descriptor is read from the
image that is blurred for it. So the images lie one after the other: any number of samples of any
of them is one look-up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import FloatImage, GrayImage
from markers.compiler.pyramid import BINOMIAL, SIDE_MIN_PX

IMAGES_PER_OCTAVE: Final = 3
# The logarithm of how much wider the blur is from one image of an octave to the next.
STEP_LOG2: Final = 1 / (IMAGES_PER_OCTAVE - 1)

Levels = NDArray[np.int32]
"""Numbers of images in a ``Stack``."""

Samples = NDArray[np.float32]
"""Grey values, 0..255, between pixels."""


@dataclass(frozen=True, slots=True)
class Octave:
    """Where an octave lies in a ``Stack``.

    Attributes:
        picture: number of the picture that it is of.
        number: 0 for that of the picture's own size, then by halves.
        start: place of the first pixel of its first image.
        height_px, width_px: of each of its three images.
    """

    picture: int
    number: int
    start: int
    height_px: int
    width_px: int

    @property
    def size(self) -> int:
        """Pixels of one image."""
        return self.height_px * self.width_px

    @property
    def end(self) -> int:
        """Place behind the last pixel of its last image."""
        return self.start + IMAGES_PER_OCTAVE * self.size


class Stack:
    """All images of the pyramids of several pictures, to be read at any places at once.

    A picture is blurred and halved while its sides have 8 pixels; a smaller one has no octave.
    """

    def __init__(self, pictures: Sequence[GrayImage]) -> None:
        self.octaves: Final = tuple(_places(pictures))
        """By picture, large to small."""
        self.counts: Final = np.bincount(
            [octave.picture for octave in self.octaves], minlength=len(pictures)
        ).astype(np.int32)
        """(L,) octaves of each picture."""
        end = self.octaves[-1].end if self.octaves else 0
        self.pixels: Final[Samples] = np.empty(end, np.float32)
        """(P,) all images, row by row."""
        finer = np.empty((0, 0), np.float32)
        for octave in self.octaves:
            finer = self._blur(octave, finer if octave.number else pictures[octave.picture])
        self._first_level = (np.cumsum(self.counts) - self.counts) * IMAGES_PER_OCTAVE
        sizes = np.array([(o.start, o.size, o.width_px, o.height_px) for o in self.octaves])
        starts, areas, widths, heights = sizes.reshape(-1, 4).T.astype(np.int32)
        numbers = np.arange(IMAGES_PER_OCTAVE, dtype=np.int32)
        self._starts = (starts[:, None] + areas[:, None] * numbers).ravel()
        self._widths_px = np.repeat(widths, IMAGES_PER_OCTAVE)
        self._heights_px = np.repeat(heights, IMAGES_PER_OCTAVE)
        # The last place with a pixel to its right, and below it.
        self._last_x = (self._widths_px - 2).astype(np.float32)
        self._last_y = (self._heights_px - 2).astype(np.float32)

    def images(self, octave: Octave) -> NDArray[np.float32]:
        """Return the (3, h, w) images of an octave, each blurred more than the one before."""
        pixels = self.pixels[octave.start : octave.end]
        return pixels.reshape(IMAGES_PER_OCTAVE, octave.height_px, octave.width_px)

    def locate(
        self, pictures: NDArray[np.int32], sigmas_px: NDArray[np.float32]
    ) -> tuple[Levels, NDArray[np.int32]]:
        """Choose the image that is blurred as a sample of some width wants it.

        Args:
            pictures: (...) picture of each sample.
            sigmas_px: (...) width in pixels of the picture.

        Returns:
            (...) level, and the number of the octave that it belongs to.
        """
        width_log2 = np.log2(sigmas_px)
        octaves = np.floor(width_log2).astype(np.int32)
        images = np.rint((width_log2 - octaves) / STEP_LOG2).astype(np.int32)
        # The last image of an octave is the first of the next.
        is_next = images == IMAGES_PER_OCTAVE - 1
        octaves = np.where(is_next, octaves + 1, octaves)
        images = np.where(is_next | (octaves < 0), 0, images)
        is_beyond = octaves >= self.counts[pictures]
        images = np.where(is_beyond, IMAGES_PER_OCTAVE - 1, images)
        octaves = np.clip(octaves, 0, self.counts[pictures] - 1)
        levels = self._first_level[pictures] + IMAGES_PER_OCTAVE * octaves + images
        return levels.astype(np.int32), octaves

    def contains_x(self, levels: Levels, x_px: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Tell which columns (...) are in their image."""
        return np.asarray((x_px >= 0) & (x_px < self._widths_px[levels]))

    def contains_y(self, levels: Levels, y_px: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Tell which rows (...) are in their image."""
        return np.asarray((y_px >= 0) & (y_px < self._heights_px[levels]))

    def sample(self, levels: Levels, x_px: Samples, y_px: Samples) -> Samples:
        """Read between pixels.

        Args:
            levels, x_px, y_px: (...) image, and place in pixels of that image; what is beyond the
                last but one pixel is read there, as the runtime does.
        """
        x, y = np.maximum(x_px, 0), np.maximum(y_px, 0)
        np.minimum(x, self._last_x[levels], out=x)
        np.minimum(y, self._last_y[levels], out=y)
        left, top = np.floor(x), np.floor(y)
        widths_px = self._widths_px[levels]
        corner = self._starts[levels] + top.astype(np.int32) * widths_px + left.astype(np.int32)
        x -= left
        upper = self._mix(corner, x)
        lower = self._mix(corner + widths_px, x)
        lower -= upper
        lower *= y - top
        lower += upper
        return lower

    def patches(
        self, levels: Levels, x_px: NDArray[np.int32], y_px: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Read rectangles of pixels.

        Args:
            levels: (N,) image of each rectangle.
            x_px, y_px: (N, K) columns and (N, M) rows; beyond the border the border goes on.

        Returns:
            (N, M, K) values.
        """
        widths_px, heights_px = self._widths_px[levels][:, None], self._heights_px[levels][:, None]
        columns = np.minimum(np.maximum(x_px, 0), widths_px - 1)
        rows = np.minimum(np.maximum(y_px, 0), heights_px - 1) * widths_px
        rows += self._starts[levels][:, None]
        return np.asarray(self.pixels.take(rows[:, :, None] + columns[:, None, :]), np.float32)

    def _mix(self, left: NDArray[np.int32], share: Samples) -> Samples:
        first = self.pixels.take(left)
        mixed = self.pixels.take(left + 1)
        mixed -= first
        mixed *= share
        mixed += first
        return mixed

    def _blur(self, octave: Octave, source: GrayImage | FloatImage) -> FloatImage:
        """Fill in an octave from its picture, or from the last image of the one before."""
        first, second, third = self.images(octave)
        if octave.number:
            even = source[: 2 * octave.height_px, : 2 * octave.width_px]
            size_px = octave.width_px, octave.height_px
            cv2.resize(even, size_px, dst=first, interpolation=cv2.INTER_AREA)
        else:
            _blur(source, into=first)
        _blur(first, into=second)
        _blur(_blur(second, into=np.empty_like(second)), into=third)
        return np.asarray(third, np.float32)


def _places(pictures: Sequence[GrayImage]) -> Iterator[Octave]:
    start = 0
    for picture, gray in enumerate(pictures):
        height_px, width_px = gray.shape
        number = 0
        while min(height_px, width_px) >= SIDE_MIN_PX:
            octave = Octave(picture, number, start, height_px, width_px)
            yield octave
            start = octave.end
            height_px, width_px, number = height_px // 2, width_px // 2, number + 1


def _blur(image: GrayImage | FloatImage, *, into: FloatImage) -> FloatImage:
    """Filter with the 5x5 binomial; beyond the border the border pixel goes on."""
    cv2.sepFilter2D(
        image, cv2.CV_32F, BINOMIAL, BINOMIAL, dst=into, borderType=cv2.BORDER_REPLICATE
    )
    return into
