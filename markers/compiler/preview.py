"""The picture with its points drawn in: a studio worker sees at once which parts carry it."""

from typing import Final

import cv2
import numpy as np

from markers.compiler.arrays import ColourImage, Points
from markers.compiler.decode import reduce_to
from markers.compiler.target import Target

JPEG_QUALITY: Final = 85
# Blue, green, red.
BRIGHT: Final = (80, 220, 255)
DARK: Final = (255, 190, 40)
TRACKED: Final = (70, 70, 255)
OUTLINE: Final = (20, 20, 20)
# Fractional bits of the coordinates that OpenCV's drawing takes.
SHIFT: Final = 4


def draw_preview(colour: ColourImage, target: Target, *, long_side_px: int) -> bytes:
    """Draw the points of the richest keyframe as rings, the places that are tracked as squares.

    Args:
        colour: (h, w, 3) the picture, left as it is.
        target: what was compiled of it.
        long_side_px: the preview's long side at most.

    Returns:
        A JPEG file.
    """
    canvas = reduce_to(colour, long_side_px=long_side_px).copy()
    factor = canvas.shape[1] / target.width_px
    richest = max(target.keyframes, key=lambda k: len(k.maxima) + len(k.minima))
    for kind, ink in ((richest.maxima, BRIGHT), (richest.minima, DARK)):
        places = (kind.points_px + 0.5) * (factor / richest.scale) - 0.5
        radii = kind.sizes * (factor / richest.scale)
        _draw_rings(canvas, places, radii, ink)
    for image in target.tracking:
        places = image.points_px.astype(np.float32) * (factor / image.scale)
        _draw_squares(canvas, places, ink=TRACKED)
    _, encoded = cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return encoded.tobytes()


def _draw_rings(
    canvas: ColourImage, places: Points, radii: Points, ink: tuple[int, int, int]
) -> None:
    fixed = np.rint(places * 2**SHIFT).astype(int).tolist()
    sizes = np.rint(np.maximum(radii, 2) * 2**SHIFT).astype(int).tolist()
    for width, colour in ((3, OUTLINE), (1, ink)):
        for centre, size in zip(fixed, sizes, strict=True):
            cv2.circle(canvas, centre, size, colour, width, cv2.LINE_AA, SHIFT)


def _draw_squares(canvas: ColourImage, places: Points, *, ink: tuple[int, int, int]) -> None:
    half = 5
    for x, y in np.rint(places).astype(int).tolist():
        for width, colour in ((4, OUTLINE), (2, ink)):
            corners = (x - half, y - half), (x + half, y + half)
            cv2.rectangle(canvas, *corners, colour, width)
