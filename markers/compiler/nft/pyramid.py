"""The blur pyramids of the runtime: three images an octave, and their differences.

Unlike in ``.mind``, a point's size is continuous, and each ring of its descriptor is read from the
image that is blurred for it. Hence all images of all layers lie one after the other in one array:
any number of samples of any of them is one look-up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import FloatImage, GrayImage
from markers.compiler.pyramid import SIDE_MIN_PX, blur, halve

IMAGES_PER_OCTAVE: Final = 3
# The logarithm of how much wider the blur is from one image of an octave to the next.
STEP_LOG2: Final = 1 / (IMAGES_PER_OCTAVE - 1)

Levels = NDArray[np.int32]
"""Numbers of images in a ``Stack``."""

Samples = NDArray[np.float32]
"""Grey values, 0..255, between pixels."""


@dataclass(frozen=True, slots=True)
class Octave:
    """One octave.

    Attributes:
        images: three (h, w) images, each blurred more than the one before.
        dogs: two (h, w) differences of one image and the next.
    """

    images: tuple[FloatImage, FloatImage, FloatImage]
    dogs: tuple[FloatImage, FloatImage]


Pyramid = Sequence[Octave]


def build_pyramid(gray: GrayImage) -> Pyramid:
    """Blur and halve an image while its sides have 8 pixels; a smaller one has no octave."""
    octaves: list[Octave] = []
    image = gray.astype(np.float32)
    while min(image.shape) >= SIDE_MIN_PX:
        first = image if octaves else blur(image)
        second = blur(first)
        third = blur(blur(second))
        octaves.append(Octave((first, second, third), (first - second, second - third)))
        image = halve(third)
    return tuple(octaves)


class Stack:
    """All images of several pyramids, to be read at any places of any of them at once."""

    def __init__(self, pyramids: Sequence[Pyramid]) -> None:
        images = [image for pyramid in pyramids for octave in pyramid for image in octave.images]
        self.octaves = np.array([len(pyramid) for pyramid in pyramids], np.int32)
        """(L,) octaves of each pyramid."""
        self._first_level = np.cumsum([0, *self.octaves[:-1]]).astype(np.int32) * IMAGES_PER_OCTAVE
        self._pixels = np.concatenate([image.ravel() for image in images])
        self._starts = np.cumsum([0, *(image.size for image in images[:-1])]).astype(np.int32)
        sizes = np.array([image.shape for image in images], np.int32)
        self._heights_px, self._widths_px = sizes[:, 0], sizes[:, 1]
        # The last place with a pixel to its right, and below it.
        self._last_x = (self._widths_px - 2).astype(np.float32)
        self._last_y = (self._heights_px - 2).astype(np.float32)

    def locate(
        self, layers: NDArray[np.int32], sigmas_px: NDArray[np.float32]
    ) -> tuple[Levels, NDArray[np.int32]]:
        """Choose the image that is blurred as a sample of some width wants it.

        Args:
            layers: (...) pyramid of each sample.
            sigmas_px: (...) width in pixels of the layer.

        Returns:
            (...) level, and the octave that it belongs to.
        """
        width_log2 = np.log2(sigmas_px)
        octaves = np.floor(width_log2).astype(np.int32)
        images = np.rint((width_log2 - octaves) / STEP_LOG2).astype(np.int32)
        # The last image of an octave is the first of the next.
        is_next = images == IMAGES_PER_OCTAVE - 1
        octaves = np.where(is_next, octaves + 1, octaves)
        images = np.where(is_next | (octaves < 0), 0, images)
        is_beyond = octaves >= self.octaves[layers]
        images = np.where(is_beyond, IMAGES_PER_OCTAVE - 1, images)
        octaves = np.clip(octaves, 0, self.octaves[layers] - 1)
        return self._first_level[layers] + IMAGES_PER_OCTAVE * octaves + images, octaves

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

    def gradients(
        self, levels: Levels, x_px: NDArray[np.int32], y_px: NDArray[np.int32]
    ) -> tuple[Samples, Samples]:
        """Take the differences of the two neighbours of pixels, across and down.

        Args:
            levels, x_px, y_px: (...) image, and pixel in it; beyond its border the border goes on.
        """
        widths_px, heights_px = self._widths_px[levels], self._heights_px[levels]
        place = self._starts[levels] + y_px * widths_px + x_px
        right, left = (x_px < widths_px - 1).astype(np.int32), (x_px > 0).astype(np.int32)
        below, above = widths_px * (y_px < heights_px - 1), widths_px * (y_px > 0)
        take = self._pixels.take
        return take(place + right) - take(place - left), take(place + below) - take(place - above)

    def _mix(self, left: NDArray[np.int32], share: Samples) -> Samples:
        first = self._pixels.take(left)
        mixed = self._pixels.take(left + 1)
        mixed -= first
        mixed *= share
        mixed += first
        return mixed
