"""Places of the tracking image that can be found again in the next frame.

The runtime compares a 13x13 template at each of them with the frame, so a place must look like
nothing else nearby, and still like itself when it is one pixel off.
"""

from typing import Final

import cv2
import numpy as np

from markers.compiler.arrays import FloatImage, GrayImage, Mask, PixelPoints, Rows, Scores

TEMPLATE_HALF_PX: Final = 6
SEARCH_RADIUS_PX: Final = 10
SELF_RADIUS_PX: Final = 2
# Share of the image's pixels that are looked at: those with the strongest gradient.
CANDIDATES_SHARE: Final = 0.06
DEVIATION_MIN: Final = 5.0
# As like as this to a place nearby is too like, unless there are few others.
ALIKE_MAX: Final = 0.95
POINTS_WANTED: Final = 24
# As unlike as this when two pixels off is almost too fine to be followed: such come last.
STEADY_MIN: Final = 0.0
UNSTEADY: Final = 1.0
# As like as this when two pixels off is a line, along which it would slide.
SLIDING_MAX: Final = 0.995
# Least distance between two chosen places, as a share of the image's short side.
SPACING_SHARE: Final = 0.08


def select_tracking_points(image: GrayImage) -> PixelPoints:
    """Choose places to track, the most distinct first.

    Args:
        image: (h, w) tracking image.

    Returns:
        (N, 2) int32 x, y; each at least 8 px from the border and 8 % of the short side from every
        other. None if nothing in the picture stands out.
    """
    pixels = image.astype(np.float32)
    rows, columns = _candidates(pixels)
    alikeness = np.array(
        [_alikeness(pixels, int(y), int(x)) for y, x in zip(rows, columns, strict=True)],
        np.float32,
    )
    points = np.stack([columns, rows], axis=1).astype(np.int32)
    spacing_px = SPACING_SHARE * min(image.shape)
    kept = _spread(points, alikeness, spacing_px=spacing_px)
    return points[kept]


def _candidates(pixels: FloatImage) -> tuple[Rows, Rows]:
    """Rows and columns of the strongest gradient maxima, in reading order."""
    across = np.array([[-1, 0, 1]] * 3, np.float32)
    gradient = np.hypot(
        cv2.filter2D(pixels, cv2.CV_32F, across, borderType=cv2.BORDER_REPLICATE),
        cv2.filter2D(pixels, cv2.CV_32F, across.T, borderType=cv2.BORDER_REPLICATE),
    )
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    floor = np.quantile(gradient, 1 - CANDIDATES_SHARE)
    is_candidate: Mask = (gradient >= cv2.dilate(gradient, cross)) & (gradient >= floor)
    is_candidate &= _deviation(pixels) >= DEVIATION_MIN
    # The search around the place must lie in the image with its template.
    edge = TEMPLATE_HALF_PX + SELF_RADIUS_PX
    inside = np.zeros_like(is_candidate)
    inside[edge:-edge, edge:-edge] = True
    rows, columns = np.nonzero(is_candidate & inside)
    return rows, columns


def _deviation(pixels: FloatImage) -> FloatImage:
    """Standard deviation of the template around each pixel."""
    size = (2 * TEMPLATE_HALF_PX + 1,) * 2
    mean = cv2.blur(pixels, size, borderType=cv2.BORDER_REPLICATE)
    mean_square = cv2.blur(pixels * pixels, size, borderType=cv2.BORDER_REPLICATE)
    return np.sqrt(np.maximum(mean_square - mean * mean, 0)).astype(np.float32, copy=False)


def _alikeness(pixels: FloatImage, row: int, column: int) -> float:
    """Tell how like the place is to the likest one nearby; infinity if it would slide."""
    half, height_px, width_px = TEMPLATE_HALF_PX, *pixels.shape
    template = pixels[row - half : row + half + 1, column - half : column + half + 1]
    top, left = max(row - SEARCH_RADIUS_PX, half), max(column - SEARCH_RADIUS_PX, half)
    bottom = min(row + SEARCH_RADIUS_PX, height_px - 1 - half)
    right = min(column + SEARCH_RADIUS_PX, width_px - 1 - half)
    window = pixels[top - half : bottom + half + 1, left - half : right + half + 1]
    likeness = cv2.matchTemplate(window, template, cv2.TM_CCOEFF_NORMED)
    y, x, reach = row - top, column - left, SELF_RADIUS_PX
    own = likeness[y - reach : y + reach + 1, x - reach : x + reach + 1]
    rim = np.concatenate([own[0], own[-1], own[1:-1, 0], own[1:-1, -1]])
    if rim.max() > SLIDING_MAX:
        return float("inf")
    elsewhere = likeness.copy()
    elsewhere[y - reach : y + reach + 1, x - reach : x + reach + 1] = -1
    return float(elsewhere.max()) + (UNSTEADY if rim.min() < STEADY_MIN else 0)


def _spread(points: PixelPoints, alikeness: Scores, *, spacing_px: float) -> Rows:
    """Keep the least alike points that none kept before is too near to; ties keep input order.

    Points that are too like a neighbour, or too fine, are kept only while there are fewer than
    wanted.
    """
    kept: list[int] = []
    for row in np.argsort(alikeness, kind="stable"):
        limit = ALIKE_MAX if len(kept) >= POINTS_WANTED else 1 + UNSTEADY
        if alikeness[row] > limit:
            break
        gaps_px = np.linalg.norm(points[kept] - points[row], axis=1)
        if np.all(gaps_px >= spacing_px):
            kept.append(int(row))
    return np.asarray(kept, np.int64)
