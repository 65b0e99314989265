"""The picture at several scales, each described point by point."""

from typing import Final

import numpy as np

from markers.compiler.arrays import GrayImage, Rows
from markers.compiler.clusters import build_clusters
from markers.compiler.features import Features, describe_image
from markers.compiler.options import CompileOptions
from markers.compiler.target import FeatureSet, Keyframe

# A scale nearer to 1 than this is replaced by 1.
NEAR_FULL: Final = 0.95


def keyframe_scales(*, width_px: int, height_px: int, options: CompileOptions) -> list[float]:
    """List the scales at which a picture is described, large to small; at least one.

    From the smallest useful size up in equal steps, and the full size if that is allowed. A picture
    of few pixels is enlarged as well: before the camera it has as many as any other.
    """
    short_px, long_px = sorted((width_px, height_px))
    scale = options.keyframe_short_side_min_px / short_px
    scales: list[float] = []
    while scale < NEAR_FULL:
        scales.append(scale)
        scale *= options.keyframe_step
    scales.append(1.0)
    while scales[-1] * options.keyframe_step * long_px <= options.keyframe_enlarged_to_px:
        scales.append(scales[-1] * options.keyframe_step)
    limit = options.keyframe_long_side_max_px / long_px
    fitting = [scale for scale in scales if scale <= limit]
    return fitting[::-1] or scales[:1]


def make_keyframe(gray: GrayImage, *, scale: float, options: CompileOptions) -> Keyframe:
    """Find and describe the points of the picture at one scale.

    Args:
        gray: (h, w) the picture at that scale.
        scale: pixels of ``gray`` per pixel of the picture.
        options: how many points to keep; seed of the trees.
    """
    height_px, width_px = gray.shape
    features = describe_image(gray, per_bucket=options.keypoints_per_bucket)
    return keyframe_of(
        features, scale=scale, width_px=width_px, height_px=height_px, options=options
    )


def keyframe_of(
    features: Features, *, scale: float, width_px: int, height_px: int, options: CompileOptions
) -> Keyframe:
    """Put described points into a keyframe: bright and dark ones apart, each with their tree.

    Args:
        features: points of the keyframe's image.
        scale: pixels of the keyframe per pixel of the picture.
        width_px, height_px: size of the keyframe.
        options: seed and leaves of the trees.
    """
    bright, dark = np.flatnonzero(features.is_maximum), np.flatnonzero(~features.is_maximum)
    return Keyframe(
        scale,
        width_px,
        height_px,
        maxima=_one_kind(features, bright, options),
        minima=_one_kind(features, dark, options),
    )


def _one_kind(features: Features, rows: Rows, options: CompileOptions) -> FeatureSet:
    descriptors = features.descriptors[rows]
    return FeatureSet(
        points_px=features.points_px[rows],
        sizes=features.sizes[rows],
        angles_rad=features.angles_rad[rows],
        descriptors=descriptors,
        root=build_clusters(descriptors, seed=options.seed, leaf_max=options.cluster_leaf_max),
    )
