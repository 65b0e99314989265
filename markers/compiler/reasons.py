"""What keeps a picture from being recognised well, as codes and as advice to who made it."""

import math
from collections.abc import Mapping
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import ColourImage, GrayImage, Points
from markers.compiler.decode import Picture, reduce_to, to_gray
from markers.compiler.target import Keyframe, Target

REASONS: Final = {
    "low_contrast": "The picture is pale: use stronger differences of light and dark.",
    "blurred": "The picture is out of focus or was enlarged: use a sharper original.",
    "too_small": "The file is small: use a picture of at least 256 pixels on its short side.",
    "elongated": "It is long and narrow: crop it to less than 2.5 times as long as wide.",
    "few_points": "There is little to hold on to: add detail, texture or sharp-edged shapes.",
    "clustered": "All detail is in few places: spread it over the picture, or crop to it.",
    "few_details_upper_half": "Add detail to the upper half.",
    "few_details_lower_half": "Add detail to the lower half.",
    "few_details_left_half": "Add detail to the left half.",
    "few_details_right_half": "Add detail to the right half.",
    "repetitive": "A pattern repeats: its places can't be told apart; add something unique.",
    "mostly_text": "It is mostly small text: letters look alike; add a picture.",
    "few_tracking_points": "Once found, it is hard to follow: add corners and strong edges.",
    "lost_when_small": "It is not recognised from afar: add larger shapes.",
    "lost_when_tilted": "It is not recognised from the side: add larger, stronger shapes.",
}
"""Stable codes, and what to do, in the order in which they are worth doing."""

KEYPOINTS_FEW: Final = 120
COVERAGE_LOW: Final = 0.4
CONTRAST_LOW: Final = 25.0
DISTINCT_LOW: Final = 0.165
TRACKING_POINTS_FEW: Final = 6
HOLD_RATE_LOW: Final = 0.8
DETECT_RATE_LOW: Final = 0.5
SHORT_SIDE_SMALL_PX: Final = 256
# Long side over short side. Five pictures that scored 91 on average at 2 scored 85 at 2.5, and 77
# at 3.
ASPECT_LONG: Final = 2.5
CELLS: Final = 8
TRACKING_POINTS_FULL: Final = 16
TRACKING_SPREAD_FULL: Final = 0.5
# A half with less than this share of the points is nearly empty.
HALF_FEW: Final = 0.15
# Of a sharp picture, fine detail is at least about this strong beside detail four times as large.
SHARPNESS_LOW: Final = 0.25
SHARPNESS_LONG_SIDE_PX: Final = 640
# Letters: this many dark or bright spots of nearly one height, over much of the picture.
LETTERS_MANY: Final = 150
LETTER_HEIGHT_PX: Final = (4, 40)
LETTER_HEIGHTS_SPREAD: Final = 0.5
LETTER_WIDTHS_SPREAD: Final = 0.3
LETTER_ROWS_SHARE: Final = 0.5
LETTERS_IN_LINES: Final = 0.6
LETTERS_NEARBY: Final = 5
TEXT_LONG_SIDE_PX: Final = 1000


def find_reasons(report: Mapping[str, Any], target: Target, picture: Picture) -> list[str]:
    """List what is wrong with a picture, as codes of ``REASONS`` in their order.

    Args:
        report: what was measured of it.
        target: what was compiled of it.
        picture: the picture.
    """
    gray = to_gray(picture.colour)
    upper, left = shares_of_halves(target)
    many = report["keypoints"] >= KEYPOINTS_FEW
    holds = {
        "low_contrast": report["contrast"] < CONTRAST_LOW,
        "blurred": sharpness_of(picture.colour) < SHARPNESS_LOW,
        "too_small": min(picture.width_px, picture.height_px) < SHORT_SIDE_SMALL_PX,
        "elongated": max(picture.width_px, picture.height_px)
        >= ASPECT_LONG * min(picture.width_px, picture.height_px),
        "few_points": not many,
        "clustered": report["coverage"] < COVERAGE_LOW,
        "few_details_upper_half": upper < HALF_FEW,
        "few_details_lower_half": upper > 1 - HALF_FEW,
        "few_details_left_half": left < HALF_FEW,
        "few_details_right_half": left > 1 - HALF_FEW,
        "repetitive": many and report["distinct"] < DISTINCT_LOW,
        "mostly_text": is_mostly_text(gray),
        "few_tracking_points": report["tracking_points"] < TRACKING_POINTS_FEW
        or report["hold_rate"] < HOLD_RATE_LOW,
        "lost_when_small": report["detect_rate_small"] < DETECT_RATE_LOW,
        "lost_when_tilted": report["detect_rate_tilted"] < DETECT_RATE_LOW,
    }
    return [code for code in REASONS if holds[code]]


def coverage_of(keyframe: Keyframe) -> float:
    """Share of 8x8 equal fields of the keyframe that have a point."""
    points = _points_of(keyframe)
    size = np.array([keyframe.width_px, keyframe.height_px], np.float32)
    cells = np.clip((points * CELLS / size).astype(np.int64), 0, CELLS - 1)
    return int(np.count_nonzero(np.bincount(cells @ (1, CELLS)))) / CELLS**2


def shares_of_halves(target: Target) -> tuple[float, float]:
    """Shares of all points that are in the upper and in the left half; halves without points."""
    shares = [_points_of(frame) / (frame.width_px, frame.height_px) for frame in target.keyframes]
    places = np.concatenate([*shares, np.empty((0, 2))])
    if not len(places):
        return 0.5, 0.5
    return float((places[:, 1] < 0.5).mean()), float((places[:, 0] < 0.5).mean())


def sharpness_of(colour: ColourImage) -> float:
    """Strength of the finest detail over that of detail four times its size; about 1 if sharp.

    A picture without any detail is as sharp as can be: it lacks something else.
    """
    gray = to_gray(reduce_to(colour, long_side_px=SHARPNESS_LONG_SIDE_PX)).astype(np.float32)
    coarse = cv2.resize(gray, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    fine_detail, coarse_detail = (
        # Smoothed first: the steps of whole greys would count as detail.
        float(cv2.Laplacian(cv2.GaussianBlur(level, (0, 0), 1.0), cv2.CV_32F).std())
        for level in (gray, coarse)
    )
    return fine_detail / coarse_detail if coarse_detail > 0 else 1.0


def is_mostly_text(gray: GrayImage) -> bool:
    """Tell whether lines of spots of a letter's size, of one height, take up much of a picture."""
    factor = min(1.0, TEXT_LONG_SIDE_PX / max(gray.shape))
    size = (round(gray.shape[1] * factor), round(gray.shape[0] * factor))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    ground = cv2.medianBlur(small, 31)
    return any(
        _has_letters(np.asarray(sign * (ground.astype(np.int16) - small) > 40)) for sign in (1, -1)
    )


def _has_letters(ink: NDArray[np.bool_]) -> bool:
    count, _, boxes, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    spots = np.asarray(boxes[1:count], np.int64)
    widths, heights = spots[:, 2], spots[:, 3]
    low, high = LETTER_HEIGHT_PX
    is_letter = (heights >= low) & (heights <= high) & (widths <= 3 * heights)
    if is_letter.sum() < LETTERS_MANY:
        return False
    quarter, median, three_quarters = np.quantile(heights[is_letter], (0.25, 0.5, 0.75))
    narrow, wide = np.quantile(widths[is_letter], (0.1, 0.9))
    middles = spots[is_letter, 1] + heights[is_letter] // 2
    rows = np.bincount(middles, minlength=ink.shape[0])
    # Lines of text: a row is full of letters' middles or empty, unlike one of scattered spots.
    near = np.convolve(rows, np.ones(3, np.int64), mode="same")
    in_lines = np.sort(near)[::-1][: len(near) // 4].sum() / near.sum()
    nearby = np.convolve(rows, np.ones(3 * int(median), np.int64), mode="same")
    return bool(
        three_quarters - quarter <= LETTER_HEIGHTS_SPREAD * median
        and wide - narrow >= LETTER_WIDTHS_SPREAD * median  # letters are not all alike, as dots are
        and in_lines >= LETTERS_IN_LINES
        and (nearby >= LETTERS_NEARBY).mean() >= LETTER_ROWS_SHARE
    )


def grade_tracking(target: Target) -> int:
    """Grade how well a target is followed once it is found, 0..100: places, and how far apart.

    16 places over half of the picture are as good as it gets; no pose follows from fewer than 3.
    """
    image = max(target.tracking, key=lambda image: len(image.points_px))
    if len(image.points_px) < 3:
        return 0
    hull = cv2.convexHull(image.points_px.astype(np.float32))
    spread = float(cv2.contourArea(hull)) / image.pixels.size
    number = min(1.0, len(image.points_px) / TRACKING_POINTS_FULL)
    return round(100 * number * math.sqrt(min(1.0, spread / TRACKING_SPREAD_FULL)))


def _points_of(keyframe: Keyframe) -> Points:
    return np.concatenate([keyframe.maxima.points_px, keyframe.minima.points_px])
