"""What the runtime recognises a picture by: described points of it at several sizes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from markers.compiler.arrays import GrayImage
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


@dataclass(frozen=True, slots=True)
class Keyframe:
    """The picture at one size, with its points.

    Attributes:
        width_px, height_px: its size.
        pyramid: its blurred images.
        keypoints: (N) points.
    """

    width_px: int
    height_px: int
    pyramid: Pyramid
    keypoints: Keypoints


def find_keyframes(base: GrayImage, options: NftOptions) -> list[Keyframe]:
    """Find the points of the picture at every size at which it has enough of them, large to small.

    Args:
        base: (h, w) largest layer.
        options: sizes, and how many points.
    """
    height_px, width_px = base.shape
    scales = falling_scales(
        largest=min(1.0, options.keyframe_long_side_max_px / max(base.shape)),
        smallest=min(1.0, options.keyframe_short_side_min_px / min(base.shape)),
        step=options.keyframe_step,
    )
    frames = (
        _find_keyframe(
            resized(base, width_px=round(width_px * scale), height_px=round(height_px * scale)),
            per_bucket=options.keypoints_per_bucket,
        )
        for scale in scales
    )
    return [frame for frame in frames if len(frame.keypoints) >= MATCHES_MIN]


def describe_keyframes(
    keyframes: Sequence[Keyframe], *, width_mm: float, height_mm: float
) -> PointSet:
    """Describe the points of all keyframes at once.

    Args:
        keyframes: at least one.
        width_mm, height_mm: size of the print.
    """
    keypoints = join_keypoints([frame.keypoints for frame in keyframes])
    layers = np.repeat(
        np.arange(len(keyframes), dtype=np.int32), [len(frame.keypoints) for frame in keyframes]
    )
    stack = Stack([frame.pyramid for frame in keyframes])
    directions = find_directions(stack, layers, keypoints)
    layers, keypoints = layers[directions.rows], keypoints.take(directions.rows)

    sizes_px = np.array([(frame.width_px, frame.height_px) for frame in keyframes], np.float64)
    places = (keypoints.points_px + 0.5) / sizes_px[layers]
    points = np.zeros(len(keypoints), POINT)
    points["place_px"] = keypoints.points_px
    points["place_mm"] = np.stack([places[:, 0] * width_mm, (1 - places[:, 1]) * height_mm], axis=1)
    points["descriptor"][:, :84] = describe(stack, layers, keypoints, directions.angles_rad)
    points["angle_rad"] = directions.angles_rad
    points["sigma_px"] = keypoints.sigmas_px
    points["is_maximum"] = keypoints.is_maximum
    points["page"] = PAGE_NUMBER
    points["image"] = layers
    images = [
        PageImage(frame.width_px, frame.height_px, number) for number, frame in enumerate(keyframes)
    ]
    return PointSet(points, (Page(PAGE_NUMBER, (NO_IMAGE, *images)),))


def _find_keyframe(gray: GrayImage, *, per_bucket: int) -> Keyframe:
    height_px, width_px = gray.shape
    pyramid = build_pyramid(gray)
    keypoints = thin_keypoints(
        find_keypoints(pyramid), width_px=width_px, height_px=height_px, per_bucket=per_bucket
    )
    return Keyframe(width_px, height_px, pyramid, keypoints)
