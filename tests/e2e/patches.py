"""Where the overlay is on a screenshot: by the coloured patches in the corners of its video."""

from itertools import product
from operator import itemgetter
from pathlib import Path

import cv2
import numpy as np

from tests.e2e.clips import Corners, Rgb
from tests.videos import make_video

FILM_SIZE = (800, 600)  # width, height, pixels
# Clockwise from top left, red, green, blue, in two shades: a browser that composes a page without
# a graphics card reads the older colour space of a small video (BT.601) as the newer one (BT.709).
_PATCH_SHADES = (
    ((254, 0, 0), (250, 37, 0)),
    ((0, 254, 0), (62, 252, 0)),
    ((254, 254, 0), (254, 254, 0)),
    ((0, 0, 254), (26, 35, 254)),
)
_TOLERANCE = 30  # of each channel
_CANDIDATES = 6  # spots of a colour that are looked at, the largest first
_SMALLEST_PX = 60
_MISFIT = 0.02
_UNIT_SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)
_PATCH_MIDDLES = (_UNIT_SQUARE * 14 + 1) / 16  # a patch is an eighth of each side


def make_film(path: Path, *, size: tuple[int, int] = FILM_SIZE) -> Path:
    """Write a video that has such patches, on grey with a moving test picture in it."""
    width, height = size
    wide, high = width // 8, height // 8
    bands = [
        (wide, 0, width - 2 * wide, high),
        (wide, height - high, width - 2 * wide, high),
        (
            0,
            high,
            width * 2 // 3,
            height - 2 * high,
        ),  # and the test picture's bars of these colours
        (width - wide, high, wide, height - 2 * high),
    ]
    frame = ",".join(f"drawbox=x={x}:y={y}:w={w}:h={h}:t=fill:c=gray" for x, y, w, h in bands)
    return make_video(
        path, seconds=4, size=size, audio=True, corner_patches=True, extra=("-vf", frame)
    )


def overlay_corners(shot: Rgb) -> Corners | None:
    """Measure where the overlay's four corners are.

    What lies on the table may have the patches' colours too: of all spots of these colours those
    four are taken that lie and extend in the area they span as the patches do in the video.

    Args:
        shot: (H, W, 3) uint8, a screenshot.

    Returns:
        (4, 2) x, y in pixels of the screenshot, its top left corner being (0, 0): top left, top
        right, bottom right, bottom left of the video. None when a patch is not to be seen.
    """
    spots = [_spots(shot, shades) for shades in _PATCH_SHADES]
    candidates = [(_misfit(patches), _outer_corners(patches)) for patches in product(*spots)]
    misfit, corners = min(candidates, key=itemgetter(0), default=(np.inf, None))
    return corners if misfit < _MISFIT else None


def _spots(shot: Rgb, shades: tuple[tuple[int, int, int], ...]) -> list[Corners]:
    """Quadrangles (4, 2) around the largest spots of a colour in any of its shades."""
    pixels = shot.astype(np.int16)
    far = np.min([np.abs(pixels - shade).max(axis=2) for shade in shades], axis=0)
    mask = (far < _TOLERANCE).astype(np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = sorted(outlines, key=cv2.contourArea, reverse=True)[:_CANDIDATES]
    # Outlines run through the middles of the outermost pixels.
    return [
        cv2.approxPolyN(outline, nsides=4).reshape(4, 2).astype(np.float64) + 0.5
        for outline in largest
        if cv2.contourArea(outline) > _SMALLEST_PX
    ]


def _misfit(patches: tuple[Corners, ...]) -> float:
    """How far the patches' middles are from their places in the video, in sides of the video."""
    corners = _outer_corners(patches).astype(np.float32)
    if not cv2.isContourConvex(corners) or cv2.contourArea(corners, oriented=True) <= 0:
        return float("inf")
    flatten = cv2.getPerspectiveTransform(corners, _UNIT_SQUARE)
    flat = cv2.perspectiveTransform(np.stack(patches).astype(np.float32), flatten)
    return float(np.abs(flat.mean(axis=1) - _PATCH_MIDDLES).max())


def _outer_corners(patches: tuple[Corners, ...]) -> Corners:
    middle = np.mean([patch.mean(axis=0) for patch in patches], axis=0)
    outer = [patch[np.argmax(np.linalg.norm(patch - middle, axis=1))] for patch in patches]
    return np.asarray(outer, dtype=np.float64)
