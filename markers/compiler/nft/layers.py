"""The picture at the sizes that it is recognised and tracked in."""

from enum import StrEnum
from typing import Final

import cv2
import numpy as np

from markers.compiler.arrays import ColourImage, GrayImage
from markers.compiler.decode import Picture
from markers.compiler.nft.options import NftOptions

MM_PER_INCH: Final = 25.4
# Shares of the channels blue, green and red in the runtime's grey, of 8.
GRAY_SHARES: Final = np.array([[1, 4, 3]], np.float32) / 8


class DpiSource(StrEnum):
    """Where the size of the print comes from."""

    PHYSICAL_WIDTH = "physical_width"
    DEFAULT = "default"


def choose_dpi(picture: Picture, options: NftOptions) -> tuple[int, float, DpiSource]:
    """Choose how many pixels per inch of the print the largest layer has.

    The runtime wants a whole number, so the layer is given the size that makes it one.

    Returns:
        Pixels per inch; pixels of the layer per pixel of the picture, nearly 1 at most; and where
        the size of the print comes from.
    """
    if options.physical_width_mm is None:
        source, picture_dpi = DpiSource.DEFAULT, options.default_dpi
    else:
        source = DpiSource.PHYSICAL_WIDTH
        picture_dpi = picture.width_px / (options.physical_width_mm / MM_PER_INCH)
    shrink = min(1.0, options.long_side_max_px / max(picture.width_px, picture.height_px))
    dpi = max(1, round(picture_dpi * shrink))
    return dpi, dpi / picture_dpi, source


def largest_layer(picture: Picture, *, scale: float) -> GrayImage:
    """Return the picture in the runtime's grey, ``scale`` times its size."""
    colour = resized(
        picture.colour,
        width_px=max(1, round(picture.width_px * scale)),
        height_px=max(1, round(picture.height_px * scale)),
    )
    return to_runtime_gray(colour)


def to_runtime_gray(colour: ColourImage) -> GrayImage:
    """Grey as jsartoolkitNFT takes it from a camera frame."""
    return np.asarray(cv2.transform(colour, GRAY_SHARES), np.uint8)


def resized(image: GrayImage, *, width_px: int, height_px: int) -> GrayImage:
    """Return an image at another size; each pixel is the mean of the area that it stands for."""
    if (height_px, width_px) == image.shape[:2]:
        return image
    is_smaller = width_px * height_px < image.shape[0] * image.shape[1]
    interpolation = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width_px, height_px), interpolation=interpolation))


def falling_scales(*, largest: float, smallest: float, step: float) -> list[float]:
    """List scales from the largest down, each ``step`` times the next; at least one."""
    count = 1 + max(0, int(np.floor(np.log(largest / smallest) / np.log(step) + 1e-9)))
    return [largest / step**number for number in range(count)]
