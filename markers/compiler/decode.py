"""From the bytes of a picture file to its pixels; nothing else of the compiler sees a file.

The caller has checked weight and declared size: a decompression bomb does not get here.
"""

import struct
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

JPEG_START: Final = b"\xff\xd8"
# Frame headers of all ways to code; between them are tables (0xC4, 0xCC) and an extension (0xC8).
JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# By what a JPEG may be divided while it is decoded, and how OpenCV is asked for it.
DRAFTS: Final = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
)

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
    return _reduced(_decode_colour(data), long_side_px=WORKING_LONG_SIDE_PX)


def decode_roughly(data: bytes, *, long_side_px: int) -> Picture:
    """Decode a picture file as ``decode_picture`` does, at most ``long_side_px`` on its long side.

    A JPEG is made a half, a quarter or an eighth of its size while it is decoded, as long as enough
    is left of it. That takes a fraction of the time and the memory, and gives other pixels.

    Raises:
        UnusableImage: as ``decode_picture``.
    """
    size_px = jpeg_size(data)
    for parts, flag in DRAFTS:
        if size_px is not None and max(size_px) >= parts * long_side_px:
            colour = _decode_as(data, flag)
            declared = [(-(-side_px // parts)) for side_px in size_px]
            seen = list(colour.shape[1::-1])
            if declared == seen:
                return _reduced(colour, long_side_px=long_side_px, size_px=size_px)
            if declared == seen[::-1]:  # turned as its EXIF says
                return _reduced(colour, long_side_px=long_side_px, size_px=size_px[::-1])
            break
    return _reduced(_decode_colour(data), long_side_px=long_side_px)


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Read width and height in a JPEG's frame header (ITU-T T.81, B.2.2), as stored: not turned.

    Returns:
        None for what is no JPEG, or has no such header where it should be.
    """
    if not data.startswith(JPEG_START):
        return None
    at = len(JPEG_START)
    while data[at : at + 1] == b"\xff" and at + 9 <= len(data):
        marker = data[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif marker in JPEG_FRAMES:
            height_px, width_px = struct.unpack_from(">HH", data, at + 5)
            return (width_px, height_px) if width_px and height_px else None
        else:
            (length,) = struct.unpack_from(">H", data, at + 2)
            at += 2 + length
    return None


def _reduced(
    colour: ColourImage, *, long_side_px: int, size_px: tuple[int, int] | None = None
) -> Picture:
    """Check the size of a picture and reduce it; ``size_px`` is its size if it was reduced."""
    height_px, width_px = colour.shape[:2]
    if size_px is not None:
        width_px, height_px = size_px
    short_px, long_px = sorted((width_px, height_px))
    if short_px < SHORT_SIDE_MIN_PX:
        raise UnusableImage("picture_too_small")
    if long_px > ASPECT_MAX * short_px:
        raise UnusableImage("aspect_too_extreme")
    return Picture(reduce_to(colour, long_side_px=long_side_px), width_px, height_px)


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
    pixels = _decode_as(data, cv2.IMREAD_COLOR)
    raw = _decode_any(data, cv2.IMREAD_UNCHANGED) if _may_be_transparent(data) else None
    if raw is not None and raw.ndim == 3 and raw.shape == (*pixels.shape[:2], 4):
        return _on_white(pixels, raw[..., 3])
    return pixels


def _decode_as(data: bytes, flag: int) -> ColourImage:
    """Decode to 8 bits of blue, green and red each; ``flag`` is one of OpenCV's that do so.

    Raises:
        UnusableImage: ``undecodable_image``.
    """
    colour = _decode_any(data, flag)
    if colour is None:
        raise UnusableImage("undecodable_image")
    return colour.astype(np.uint8, copy=False)


def _decode_any(data: bytes, flag: int) -> NDArray[Any] | None:
    if not data:
        raise UnusableImage("undecodable_image")
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error as error:
        raise UnusableImage("undecodable_image") from error


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
