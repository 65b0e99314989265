"""What the runtime recognises a picture by: described points of it as it looks from many places."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import GrayImage
from markers.compiler.freak import DESCRIPTOR_BYTES
from markers.compiler.nft.extrema import find_extrema
from markers.compiler.nft.freak import describe, find_directions
from markers.compiler.nft.keypoints import Keypoints, refine_extrema, strongest_of_fields
from markers.compiler.nft.options import NftOptions
from markers.compiler.nft.pyramid import Stack
from markers.compiler.nft.target import POINT, Page, PageImage, PointSet
from markers.compiler.nft.views import View, carried, make_views

PAGE_NUMBER: Final = 1
# The runtime takes every match with the first image of a page for none, so that the first one is
# one that no point belongs to.
NO_IMAGE: Final = PageImage(0, 0, -1)
# An image with fewer points than a pose asks for is never found, only searched.
MATCHES_MIN: Final = 8


@dataclass(frozen=True, slots=True)
class Keyframes:
    """Views of the picture, with their points.

    Attributes:
        views: what is seen, those with too few points among them.
        stack: their blurred images.
        numbers: (L,) number of each view in the file, -1 if it has too few points.
        seen_in: (N,) view of each point.
        keypoints: (N) points, all in the picture.
    """

    views: Sequence[View]
    stack: Stack
    numbers: NDArray[np.int32]
    seen_in: NDArray[np.int32]
    keypoints: Keypoints

    @property
    def counts(self) -> tuple[int, ...]:
        """Points of each view in the file."""
        return tuple(np.bincount(self.numbers[self.seen_in]).tolist())


def find_keyframes(base: GrayImage, options: NftOptions) -> Keyframes:
    """Find the points of the picture in every view in which it has enough of them.

    Args:
        base: (h, w) largest layer.
        options: sizes, sides, and how many points.
    """
    views = make_views(base, options)
    stack = Stack([view.gray for view in views])
    seen_in, keypoints = refine_extrema(find_extrema(stack))

    places = carried(_maps(views)[seen_in], keypoints.points_px)
    is_inside = np.all((places >= 0) & (places <= np.array(base.shape[::-1]) - 1), axis=1)
    rows = np.flatnonzero(is_inside)
    seen_in, keypoints = seen_in[rows], keypoints.take(rows)
    rows = strongest_of_fields(
        keypoints,
        seen_in,
        sizes_px=np.array([view.gray.shape[::-1] for view in views], np.int32),
        per_bucket=options.keypoints_per_bucket,
    )
    seen_in, keypoints = seen_in[rows], keypoints.take(rows)

    is_kept = np.bincount(seen_in, minlength=len(views)) >= MATCHES_MIN
    rows = np.flatnonzero(is_kept[seen_in])
    numbers = np.where(is_kept, np.cumsum(is_kept) - 1, -1).astype(np.int32)
    return Keyframes(views, stack, numbers, seen_in[rows], keypoints.take(rows))


def describe_keyframes(keyframes: Keyframes, *, mm_per_px: float, height_px: int) -> PointSet:
    """Describe all points at once.

    Args:
        keyframes: with at least one view.
        mm_per_px: size of a pixel of the largest layer on the print.
        height_px: of the largest layer.
    """
    stack = keyframes.stack
    directions = find_directions(stack, keyframes.seen_in, keyframes.keypoints)
    seen_in = keyframes.seen_in[directions.rows]
    keypoints = keyframes.keypoints.take(directions.rows)

    base_px = carried(_maps(keyframes.views)[seen_in], keypoints.points_px) + 0.5
    points = np.zeros(len(keypoints), POINT)
    points["place_px"] = keypoints.points_px
    points["place_mm"][:, 0] = base_px[:, 0] * mm_per_px
    points["place_mm"][:, 1] = (height_px - base_px[:, 1]) * mm_per_px
    points["descriptor"][:, :DESCRIPTOR_BYTES] = describe(
        stack, seen_in, keypoints, directions.angles_rad
    )
    points["angle_rad"] = directions.angles_rad
    points["sigma_px"] = keypoints.sigmas_px
    points["is_maximum"] = keypoints.is_maximum
    points["page"] = PAGE_NUMBER
    points["image"] = keyframes.numbers[seen_in]
    pages = [
        PageImage(view.gray.shape[1], view.gray.shape[0], number)
        for view, number in zip(keyframes.views, keyframes.numbers.tolist(), strict=True)
        if number >= 0
    ]
    return PointSet(points, (Page(PAGE_NUMBER, (NO_IMAGE, *pages)),))


def _maps(views: Sequence[View]) -> NDArray[np.float64]:
    """(L, 2, 3) maps from the pixels of each view to those of the largest layer."""
    return np.stack([view.to_base for view in views])
