"""What the runtime recognises a picture by: described points of it at several sizes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import GrayImage, Points
from markers.compiler.freak import DESCRIPTOR_BYTES
from markers.compiler.nft.freak import describe, find_directions
from markers.compiler.nft.keypoints import (
    Keypoints,
    find_keypoints,
    join_keypoints,
    thin_keypoints,
)
from markers.compiler.nft.layers import falling_scales, resized
from markers.compiler.nft.options import NftOptions
from markers.compiler.nft.pyramid import Pyramid, Stack, build_pyramid
from markers.compiler.nft.target import POINT, Page, PageImage, PointSet

PAGE_NUMBER: Final = 1
# The runtime takes every match with the first image of a page for none, so that the first one is
# one that no point belongs to.
NO_IMAGE: Final = PageImage(0, 0, -1)
# An image with fewer points than a pose asks for is never found, only searched.
MATCHES_MIN: Final = 8
# Deviation of the blur, of the square root of what a pixel's area grows by in one direction.
SQUEEZE_BLUR: Final = 0.8

Affine = NDArray[np.float64]
"""(2, 3), from pixels of an image to pixels of another; a pixel's centre is an integer."""


@dataclass(frozen=True, slots=True)
class Keyframe:
    """The picture as it looks from one distance and side, with its points.

    Attributes:
        width_px, height_px: size of the image.
        to_base: from pixels of the image to pixels of the largest layer.
        pyramid: its blurred images.
        keypoints: (N) points, all in the picture.
    """

    width_px: int
    height_px: int
    to_base: Affine
    pyramid: Pyramid
    keypoints: Keypoints


def find_keyframes(base: GrayImage, options: NftOptions) -> list[Keyframe]:
    """Find the points of the picture at every size at which it has enough of them, large to small.

    From the front first, then squeezed, as it looks from the sides.

    Args:
        base: (h, w) largest layer.
        options: sizes, sides, and how many points.
    """
    views = [
        (scale, 0.0, 1.0)
        for scale in _scales(
            base,
            long_side_max_px=options.keyframe_long_side_max_px,
            short_side_min_px=options.keyframe_short_side_min_px,
            step=options.keyframe_step,
        )
    ]
    views += [
        (scale, np.pi * number / options.tilt_directions, options.tilt_squeeze)
        for scale in _scales(
            base,
            long_side_max_px=options.tilt_long_side_max_px,
            short_side_min_px=options.keyframe_short_side_min_px,
            step=options.tilt_step,
        )
        for number in range(options.tilt_directions)
    ]
    frames = (
        _find_keyframe(*_seen(base, *view), size_px=base.shape[::-1], options=options)
        for view in views
    )
    return [frame for frame in frames if len(frame.keypoints) >= MATCHES_MIN]


def describe_keyframes(
    keyframes: Sequence[Keyframe], *, mm_per_px: float, height_px: int
) -> PointSet:
    """Describe the points of all keyframes at once.

    Args:
        keyframes: at least one.
        mm_per_px: size of a pixel of the largest layer on the print.
        height_px: of the largest layer.
    """
    keypoints = join_keypoints([frame.keypoints for frame in keyframes])
    numbers = np.repeat(
        np.arange(len(keyframes), dtype=np.int32), [len(frame.keypoints) for frame in keyframes]
    )
    stack = Stack([frame.pyramid for frame in keyframes])
    directions = find_directions(stack, numbers, keypoints)
    numbers, keypoints = numbers[directions.rows], keypoints.take(directions.rows)

    to_base = np.stack([frame.to_base for frame in keyframes])[numbers]
    base_px = _moved(to_base, keypoints.points_px) + 0.5
    points = np.zeros(len(keypoints), POINT)
    points["place_px"] = keypoints.points_px
    points["place_mm"][:, 0] = base_px[:, 0] * mm_per_px
    points["place_mm"][:, 1] = (height_px - base_px[:, 1]) * mm_per_px
    points["descriptor"][:, :DESCRIPTOR_BYTES] = describe(
        stack, numbers, keypoints, directions.angles_rad
    )
    points["angle_rad"] = directions.angles_rad
    points["sigma_px"] = keypoints.sigmas_px
    points["is_maximum"] = keypoints.is_maximum
    points["page"] = PAGE_NUMBER
    points["image"] = numbers
    images = [
        PageImage(frame.width_px, frame.height_px, number) for number, frame in enumerate(keyframes)
    ]
    return PointSet(points, (Page(PAGE_NUMBER, (NO_IMAGE, *images)),))


def _scales(
    base: GrayImage, *, long_side_max_px: int, short_side_min_px: int, step: float
) -> list[float]:
    return falling_scales(
        largest=min(1.0, long_side_max_px / max(base.shape)),
        smallest=min(1.0, short_side_min_px / min(base.shape)),
        step=step,
    )


def _seen(
    base: GrayImage, scale: float, direction_rad: float, squeeze: float
) -> tuple[GrayImage, Affine]:
    """Return the picture smaller, and in one direction smaller still; and the way back.

    What is squeezed is blurred first, as much as its pixels are long, and in all directions, as a
    camera blurs: sharper ones are found again less often.
    """
    height_px, width_px = base.shape
    size_px = np.array([max(1, round(width_px * scale)), max(1, round(height_px * scale))])
    small = resized(base, width_px=int(size_px[0]), height_px=int(size_px[1]))
    grow = np.diag(np.array([width_px, height_px]) / size_px)
    if squeeze == 1:
        return small, _about_edges(grow, np.zeros(2))
    cos, sin = np.cos(direction_rad), np.sin(direction_rad)
    turn = np.array([[cos, -sin], [sin, cos]])
    matrix = turn @ np.diag([squeeze, 1]) @ turn.T
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * size_px @ matrix.T
    least = corners.min(axis=0)
    seen = cv2.warpAffine(
        cv2.GaussianBlur(small, (0, 0), SQUEEZE_BLUR * np.sqrt(1 / squeeze**2 - 1)),
        _about_edges(matrix, -least),
        np.ceil(corners.max(axis=0) - least).astype(int).tolist(),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    back = grow @ np.linalg.inv(matrix)
    return np.asarray(seen, np.uint8), _about_edges(back, back @ least)


def _about_edges(matrix: NDArray[np.float64], shift: NDArray[np.float64]) -> Affine:
    """Turn a map of places, where pixels begin at integers, into one of pixel numbers."""
    half = np.full(2, 0.5)
    return np.column_stack([matrix, matrix @ half + shift - half])


def _moved(maps: Affine, points_px: Points) -> NDArray[np.float64]:
    """Carry points (N, 2), all by one map or each by its own."""
    return np.asarray((maps[..., :2] @ points_px[..., None])[..., 0] + maps[..., 2])


def _find_keyframe(
    gray: GrayImage, to_base: Affine, *, size_px: tuple[int, ...], options: NftOptions
) -> Keyframe:
    height_px, width_px = gray.shape
    pyramid = build_pyramid(gray)
    keypoints = find_keypoints(pyramid)
    places = _moved(to_base, keypoints.points_px)
    inside = np.all((places >= 0) & (places <= np.array(size_px) - 1), axis=1)
    keypoints = thin_keypoints(
        keypoints.take(np.flatnonzero(inside)),
        width_px=width_px,
        height_px=height_px,
        per_bucket=options.keypoints_per_bucket,
    )
    return Keyframe(width_px, height_px, to_base, pyramid, keypoints)
