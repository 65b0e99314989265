"""The picture as it looks from several distances and sides: what points are looked for in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import GrayImage
from markers.compiler.nft.layers import falling_scales, resized
from markers.compiler.nft.options import NftOptions

# Deviation of the blur of what is squeezed, of the root of what its pixels' area grows by.
SQUEEZE_BLUR: Final = 0.8

# What a view is made from has at least so many times its size, or is the largest layer.
SOURCE_MIN: Final = 2

Affine = NDArray[np.float64]
"""(2, 3), from pixels of an image to pixels of another; a pixel's centre is an integer."""


@dataclass(frozen=True, slots=True)
class View:
    """The picture as it looks from one distance and side.

    Attributes:
        gray: (h, w) what is seen.
        to_base: from its pixels to pixels of the largest layer.
    """

    gray: GrayImage
    to_base: Affine


def make_views(base: GrayImage, options: NftOptions) -> list[View]:
    """Look at the picture from the front, large to small, and then from the sides.

    Args:
        base: (h, w) largest layer.
        options: sizes and sides.
    """
    front = _scales(
        base,
        long_side_max_px=options.keyframe_long_side_max_px,
        short_side_min_px=options.keyframe_short_side_min_px,
        step=options.keyframe_step,
    )
    sides = _scales(
        base,
        long_side_max_px=options.tilt_long_side_max_px,
        short_side_min_px=options.keyframe_short_side_min_px,
        step=options.tilt_step,
    )
    views = list(_from_the_front(base, front))
    for view in _from_the_front(base, sides if options.tilt_directions else []):
        views += _from_the_sides(view, options)
    return views


def carried(maps: Affine, points_px: NDArray[np.floating]) -> NDArray[np.float64]:
    """Carry points (N, 2), all by one map or each by its own."""
    return np.asarray((maps[..., :2] @ points_px[..., None])[..., 0] + maps[..., 2])


def _scales(
    base: GrayImage, *, long_side_max_px: int, short_side_min_px: int, step: float
) -> list[float]:
    return falling_scales(
        largest=min(1.0, long_side_max_px / max(base.shape)),
        smallest=min(1.0, short_side_min_px / min(base.shape)),
        step=step,
    )


def _from_the_front(base: GrayImage, scales: list[float]) -> Iterator[View]:
    """Make the picture smaller, each time from a larger one that has pixels enough."""
    height_px, width_px = base.shape
    source = base
    larger: list[GrayImage] = []
    for scale in scales:
        size_px = max(1, round(width_px * scale)), max(1, round(height_px * scale))
        while larger and min(larger[0].shape) >= SOURCE_MIN * min(size_px):
            source = larger.pop(0)
        gray = resized(source, width_px=size_px[0], height_px=size_px[1])
        larger.append(gray)
        grow = np.diag([width_px / size_px[0], height_px / size_px[1]])
        yield View(gray, _about_edges(grow, np.zeros(2)))


def _from_the_sides(view: View, options: NftOptions) -> Iterator[View]:
    """Squeeze a view in several directions.

    It is blurred first, as much as the squeezed pixels are long, and in all directions, as a camera
    blurs: sharper ones are found again less often.
    """
    squeeze, count = options.tilt_squeeze, options.tilt_directions
    sigma_px = SQUEEZE_BLUR * np.sqrt(1 / squeeze**2 - 1)
    blurred = cv2.GaussianBlur(view.gray, (0, 0), sigma_px)
    height_px, width_px = view.gray.shape
    corners = np.array([[0, 0], [width_px, 0], [width_px, height_px], [0, height_px]])
    for direction_rad in np.pi * np.arange(count) / count:
        cos, sin = np.cos(direction_rad), np.sin(direction_rad)
        turn = np.array([[cos, -sin], [sin, cos]])
        matrix = turn @ np.diag([squeeze, 1]) @ turn.T
        seen = corners @ matrix.T
        least = seen.min(axis=0)
        forth = _about_edges(matrix, -least)
        gray = cv2.warpAffine(
            blurred,
            forth,
            np.ceil(seen.max(axis=0) - least).astype(int).tolist(),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        back = np.asarray(cv2.invertAffineTransform(forth), np.float64)
        linear = view.to_base[:, :2]
        to_base = np.column_stack([linear @ back[:, :2], carried(view.to_base, back[:, 2])])
        yield View(np.asarray(gray, np.uint8), to_base)


def _about_edges(matrix: NDArray[np.float64], shift: NDArray[np.float64]) -> Affine:
    """Turn a map of places, where pixels begin at integers, into one of pixel numbers."""
    half = np.full(2, 0.5)
    return np.column_stack([matrix, matrix @ half + shift - half])
