"""The described points of one image: what is compared between picture and camera frame."""

from dataclasses import dataclass

import numpy as np

from markers.compiler.arrays import Angles, Descriptors, GrayImage, Mask, Octaves, Points, Scores
from markers.compiler.freak import describe, find_directions
from markers.compiler.keypoints import find_keypoints, thin_keypoints
from markers.compiler.pyramid import build_pyramid


@dataclass(frozen=True, slots=True)
class Features:
    """Described points of one image, in one row order for all arrays.

    Attributes:
        points_px: (N, 2) x, y in pixels of the image.
        sizes: (N,) widths of the octave's pixel in image pixels: 2, 4 or 8.
        is_maximum: (N,) brighter than around it, else darker.
        scores: (N,) strengths, 3 or more.
        angles_rad: (N,) directions.
        descriptors: (N, 84) bits.
    """

    points_px: Points
    sizes: Octaves
    is_maximum: Mask
    scores: Scores
    angles_rad: Angles
    descriptors: Descriptors

    def __len__(self) -> int:
        return len(self.points_px)


def describe_image(gray: GrayImage, *, per_bucket: int) -> Features:
    """Find and describe the points of an image, as the runtime does with a camera frame.

    Args:
        gray: (h, w) image.
        per_bucket: points kept in each of its 10x10 equal fields.
    """
    pyramid = build_pyramid(gray)
    height_px, width_px = gray.shape
    keypoints = thin_keypoints(
        find_keypoints(pyramid), width_px=width_px, height_px=height_px, per_bucket=per_bucket
    )
    angles_rad = find_directions(pyramid, keypoints)
    return Features(
        points_px=keypoints.points_px,
        sizes=np.left_shift(np.int32(1), keypoints.octaves),
        is_maximum=keypoints.is_maximum,
        scores=keypoints.scores,
        angles_rad=angles_rad,
        descriptors=describe(pyramid, keypoints, angles_rad),
    )
