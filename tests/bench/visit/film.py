"""A video that tells to a tenth of a pixel where its corners are on a screenshot.

Coloured patches in its corners say roughly where it lies; between them are crosses, each of two
black and two white squares that meet in a point. That point stays where it is however much
scaling, blending and a codec blur it, which the edge of a patch does not.
"""

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from tests.e2e.clips import Corners, Rgb
from tests.e2e.patches import overlay_corners
from tests.videos import make_video

SIZE: Final = (800, 600)  # width, height, pixels
SECONDS: Final = 8
CROSSES: Final = np.array(
    [(x, y) for x in (200, 400, 600) for y in (40, 560)]
    + [(x, y) for x in (50, 750) for y in (150, 300, 450)],
    np.float64,
)  # (12, 2) x, y of their middles, pixels of the video
_ARM: Final = 24  # half a cross, pixels of the video
_OUTLINE: Final = np.array(
    [(0, 0), (SIZE[0], 0), SIZE, (0, SIZE[1])], np.float64
)  # (4, 2), as clips.py has corners
_FARTHEST_PX: Final = 1.0  # that a cross may be from where the others say


def make_crossed_film(path: Path) -> Path:
    """Write such a video, silent, with a moving test picture in its middle."""
    wide, high = SIZE[0] // 8, SIZE[1] // 8
    bands = [
        (wide, 0, SIZE[0] - 2 * wide, high),
        (wide, SIZE[1] - high, SIZE[0] - 2 * wide, high),
        (0, high, SIZE[0] * 2 // 3, SIZE[1] - 2 * high),  # and bars of the patches' colours
        (SIZE[0] - wide, high, wide, SIZE[1] - 2 * high),
    ]
    boxes = [_box(x, y, w, h, "gray") for x, y, w, h in bands]
    for x, y in CROSSES.astype(int).tolist():
        boxes += [
            _box(x - _ARM, y - _ARM, 2 * _ARM, 2 * _ARM, "white"),
            _box(x - _ARM, y - _ARM, _ARM, _ARM, "black"),
            _box(x, y, _ARM, _ARM, "black"),
        ]
    return make_video(
        path, seconds=SECONDS, size=SIZE, corner_patches=True, extra=("-vf", ",".join(boxes))
    )


def crossed_corners(shot: Rgb) -> Corners | None:
    """Measure where the four corners of such a video are.

    Args:
        shot: (H, W, 3) uint8, a screenshot.

    Returns:
        (4, 2) x, y in pixels of the screenshot, its top left corner being (0, 0): top left, top
        right, bottom right, bottom left. None when it is not seen whole.
    """
    rough = overlay_corners(shot)
    if rough is None:
        return None
    guess = cv2.getPerspectiveTransform(_OUTLINE.astype(np.float32), rough.astype(np.float32))
    expected = _through(guess, CROSSES)
    arms = np.linalg.norm(_through(guess, CROSSES + np.array([_ARM, 0])) - expected, axis=1)
    reach = max(2, int(0.7 * arms.min()))
    grey = cv2.cvtColor(shot, cv2.COLOR_RGB2GRAY)
    # OpenCV counts from the middle of the first pixel.
    places = (expected - 0.5).astype(np.float32).reshape(-1, 1, 2)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 40, 0.001)
    met = cv2.cornerSubPix(grey, places, (reach, reach), (-1, -1), stop).reshape(-1, 2) + 0.5
    matrix, _ = cv2.findHomography(CROSSES, met.astype(np.float64))
    off_px = np.linalg.norm(_through(matrix, CROSSES) - met, axis=1)
    return _through(matrix, _OUTLINE) if off_px.max() < _FARTHEST_PX else None


def _through(matrix: np.ndarray, points: Corners) -> Corners:
    """Where a homography puts (N, 2) points."""
    moved = cv2.perspectiveTransform(points.reshape(-1, 1, 2), matrix.astype(np.float64))
    return np.asarray(moved.reshape(-1, 2), np.float64)


def _box(x: int, y: int, width: int, height: int, colour: str) -> str:
    return f"drawbox=x={x}:y={y}:w={width}:h={height}:t=fill:c={colour}"
