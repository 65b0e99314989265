"""What the runtime recognises a picture by: described points of it as it looks from many places."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import GrayImage
from markers.compiler.freak import DESCRIPTOR_BYTES
from markers.compiler.nft.freak import describe, find_directions
from markers.compiler.nft.keypoints import (
    Keypoints,
    find_extrema,
    refine_extrema,
    strongest_of_fields,
)
from markers.compiler.nft.options import NftOptions
from markers.compiler.nft.pyramid import Pyramid, Stack, build_pyramid
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
        views: what is seen; none if it has too few points anywhere.
        pyramids: their blurred images.
        images: (N,) view of each point.
        keypoints: (N) points, all in the picture.
    """

    views: Sequence[View]
    pyramids: Sequence[Pyramid]
    images: NDArray[np.int32]
    keypoints: Keypoints

    @property
    def counts(self) -> tuple[int, ...]:
        """Points of each view."""
        return tuple(np.bincount(self.images, minlength=len(self.views)).tolist())


def find_keyframes(base: GrayImage, options: NftOptions) -> Keyframes:
    """Find the points of the picture in every view in which it has enough of them.

    Args:
        base: (h, w) largest layer.
        options: sizes, sides, and how many points.
    """
    views = make_views(base, options)
    pyramids = [build_pyramid(view.gray) for view in views]
    extrema = [
        found
        for image, pyramid in enumerate(pyramids)
        for found in find_extrema(pyramid, image=image)
    ]
    images, keypoints = refine_extrema(extrema)

    places = carried(_maps(views)[images], keypoints.points_px)
    is_inside = np.all((places >= 0) & (places <= np.array(base.shape[::-1]) - 1), axis=1)
    rows = np.flatnonzero(is_inside)
    images, keypoints = images[rows], keypoints.take(rows)
    rows = strongest_of_fields(
        keypoints,
        images,
        sizes_px=np.array([view.gray.shape[::-1] for view in views], np.int32),
        per_bucket=options.keypoints_per_bucket,
    )
    images, keypoints = images[rows], keypoints.take(rows)

    is_kept = np.bincount(images, minlength=len(views)) >= MATCHES_MIN
    rows = np.flatnonzero(is_kept[images])
    numbers = (np.cumsum(is_kept) - 1).astype(np.int32)
    kept = np.flatnonzero(is_kept).tolist()
    return Keyframes(
        views=[views[image] for image in kept],
        pyramids=[pyramids[image] for image in kept],
        images=numbers[images[rows]],
        keypoints=keypoints.take(rows),
    )


def describe_keyframes(keyframes: Keyframes, *, mm_per_px: float, height_px: int) -> PointSet:
    """Describe all points at once.

    Args:
        keyframes: with at least one view.
        mm_per_px: size of a pixel of the largest layer on the print.
        height_px: of the largest layer.
    """
    stack = Stack(keyframes.pyramids)
    directions = find_directions(stack, keyframes.images, keyframes.keypoints)
    images = keyframes.images[directions.rows]
    keypoints = keyframes.keypoints.take(directions.rows)

    base_px = carried(_maps(keyframes.views)[images], keypoints.points_px) + 0.5
    points = np.zeros(len(keypoints), POINT)
    points["place_px"] = keypoints.points_px
    points["place_mm"][:, 0] = base_px[:, 0] * mm_per_px
    points["place_mm"][:, 1] = (height_px - base_px[:, 1]) * mm_per_px
    points["descriptor"][:, :DESCRIPTOR_BYTES] = describe(
        stack, images, keypoints, directions.angles_rad
    )
    points["angle_rad"] = directions.angles_rad
    points["sigma_px"] = keypoints.sigmas_px
    points["is_maximum"] = keypoints.is_maximum
    points["page"] = PAGE_NUMBER
    points["image"] = images
    pages = [
        PageImage(view.gray.shape[1], view.gray.shape[0], number)
        for number, view in enumerate(keyframes.views)
    ]
    return PointSet(points, (Page(PAGE_NUMBER, (NO_IMAGE, *pages)),))


def _maps(views: Sequence[View]) -> NDArray[np.float64]:
    """(L, 2, 3) maps from the pixels of each view to those of the largest layer."""
    return np.stack([view.to_base for view in views])
