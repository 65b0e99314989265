"""From the bytes of a picture file to its pixels; nothing else of the compiler sees a file.

The caller has checked weight and declared size: a decompression bomb does not get here.
"""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import ColourImage, GrayImage
from markers.compiler.errors import UnusableImage

SHORT_SIDE_MIN_PX: Final = 100
ASPECT_MAX: Final = 4.0
# Everything that is compiled is far smaller; a larger picture is reduced once, not once a keyframe.
WORKING_LONG_SIDE_PX: Final = 1600

ROWS_AT_ONCE: Final = 128

PNG_START: Final = b"\x89PNG\r\n\x1a\n"
# Colour types, the byte at 25: grey or colour with an alpha channel.
PNG_WITH_ALPHA: Final = (b"\x04", b"\x06")


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture, reduced to what the compiler needs.

    Attributes:
        colour: (h, w, 3), at most 1600 px on the long side.
        width_px, height_px: size of the picture as given, after its EXIF rotation.
    """

    colour: ColourImage
    width_px: int
    height_px: int


def decode_picture(data: bytes) -> Picture:
    """Decode a picture file, turned as its EXIF says, on white where it is transparent.

    Raises:
        UnusableImage: ``undecodable_image``, ``picture_too_small`` or ``aspect_too_extreme``.
    """
    colour = _decode_colour(data)
    height_px, width_px = colour.shape[:2]
    short_px, long_px = sorted((width_px, height_px))
    if short_px < SHORT_SIDE_MIN_PX:
        raise UnusableImage("picture_too_small")
    if long_px > ASPECT_MAX * short_px:
        raise UnusableImage("aspect_too_extreme")
    return Picture(reduce_to(colour, long_side_px=WORKING_LONG_SIDE_PX), width_px, height_px)


def reduce_to(colour: ColourImage, *, long_side_px: int) -> ColourImage:
    """Shrink a picture to at most ``long_side_px`` on its long side; a smaller one stays."""
    height_px, width_px = colour.shape[:2]
    factor = long_side_px / max(height_px, width_px)
    if factor >= 1:
        return colour
    size = (max(1, round(width_px * factor)), max(1, round(height_px * factor)))
    return cv2.resize(colour, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def to_gray(colour: ColourImage) -> GrayImage:
    """Grey as 0.299 red, 0.587 green, 0.114 blue (ITU-R BT.601).

    It is the brightness that a camera delivers, and how runtimes weigh the colours of its frames.
    """
    return cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)


def _decode_colour(data: bytes) -> ColourImage:
    if not data:
        raise UnusableImage("undecodable_image")
    encoded = np.frombuffer(data, np.uint8)
    try:
        colour = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
        raw = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED) if _may_be_transparent(data) else None
    except cv2.error as error:
        raise UnusableImage("undecodable_image") from error
    if colour is None:
        raise UnusableImage("undecodable_image")
    pixels = colour.astype(np.uint8, copy=False)
    if raw is not None and raw.ndim == 3 and raw.shape == (*pixels.shape[:2], 4):
        return _on_white(pixels, raw[..., 3])
    return pixels


def _may_be_transparent(data: bytes) -> bool:
    """Tell from a file's head whether a second decoding, with opacity, can show anything."""
    if data.startswith(PNG_START):
        before_pixels = data[: data.find(b"IDAT")]
        return data[25:26] in PNG_WITH_ALPHA or b"tRNS" in before_pixels
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _on_white(colour: ColourImage, opacity: NDArray[Any]) -> ColourImage:
    """Put a picture on white, some rows at a time: as floats, all of it would weigh sixteenfold."""
    full = np.float32(np.iinfo(opacity.dtype).max)
    shown = np.empty_like(colour)
    for top in range(0, len(colour), ROWS_AT_ONCE):
        rows = slice(top, top + ROWS_AT_ONCE)
        share = (opacity[rows].astype(np.float32) / full)[..., None]
        shown[rows] = np.rint(colour[rows] * share + 255 * (1 - share))
    return shown
