"""Shows what a picture is recognised by: it glows where its points are, and is dim elsewhere."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import ColourImage, FloatImage
from markers.compiler.decode import reduce_to
from markers.compiler.target import Target

JPEG_QUALITY: Final = 88
# How far a point's glow reaches, as a share of the long side.
GLOW_SHARE: Final = 0.035
# Glow of a place with as many points as the best twentieth of the picture, where it is full.
FULL_QUANTILE: Final = 0.95
# How bright the grey picture stays below the colours, where there is no point.
DIMMED: Final = 0.4
OPACITY: Final = 0.72
# Glows are summed on a small grid; they are smooth.
GRID_LONG_PX: Final = 200


def draw_heat_map(colour: ColourImage, target: Target, *, long_side_px: int) -> bytes:
    """Colour a grey picture by how many points each place has.

    Args:
        colour: (h, w, 3) the picture, left as it is.
        target: what was compiled of it.
        long_side_px: the heat map's long side at most.

    Returns:
        A JPEG file: dark violet where little is, over orange to pale yellow where most is.
    """
    canvas = reduce_to(colour, long_side_px=long_side_px)
    height_px, width_px = canvas.shape[:2]
    glow = cv2.resize(glow_of(target), (width_px, height_px), interpolation=cv2.INTER_CUBIC)
    glow = np.clip(glow, 0, 1).astype(np.float32)
    inks = cv2.applyColorMap(np.rint(glow * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)
    gray = cv2.cvtColor(cv2.cvtColor(canvas, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    cover = (OPACITY * np.sqrt(glow))[..., None]
    below = gray.astype(np.float32) * (DIMMED + (1 - DIMMED) * glow[..., None] * 0.6)
    mixed = below * (1 - cover) + inks.astype(np.float32) * cover
    pixels = np.rint(np.clip(mixed, 0, 255)).astype(np.uint8)
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return encoded.tobytes()


def glow_of(target: Target) -> FloatImage:
    """Sum a soft spot for each point of each keyframe.

    Returns:
        (h, w), 0..1, at most 200 px on the long side; 1 at the richest places.
    """
    factor = GRID_LONG_PX / max(target.width_px, target.height_px)
    width_px = max(1, round(target.width_px * factor))
    height_px = max(1, round(target.height_px * factor))
    counts = np.zeros((height_px, width_px), np.float32)
    for keyframe in target.keyframes:
        for kind in (keyframe.maxima, keyframe.minima):
            places = ((kind.points_px + 0.5) * (factor / keyframe.scale)).astype(np.int64)
            x, y = np.clip(places, 0, (width_px - 1, height_px - 1)).T
            np.add.at(counts, (y, x), np.float32(1))
    glow: NDArray[np.float32] = cv2.GaussianBlur(counts, (0, 0), GLOW_SHARE * GRID_LONG_PX).astype(
        np.float32
    )
    full = np.quantile(glow, FULL_QUANTILE)
    return np.minimum(glow / full, 1).astype(np.float32) if full > 0 else glow
