"""The picture as it looks from the side: squeezed in one direction, its points mapped back.

A point's looks change when the picture is tilted, so that of a flat picture few are found again
beyond 40 degrees. Points that were described in a squeezed picture are, and a keyframe of them is
to the runtime like any other: their places are those in the flat picture.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import FloatImage, GrayImage, Points
from markers.compiler.features import Features, describe_image
from markers.compiler.keyframes import keyframe_of
from markers.compiler.options import CompileOptions
from markers.compiler.pyramid import AreaSampler
from markers.compiler.target import Keyframe

# Nearer to the border than this, a squeezed picture shows what is not in the picture.
BORDER_PX: Final = 4.0
# Blur that a camera's pixel brings, in pixels; along the squeeze it covers more of the picture.
PIXEL_SIGMA_PX: Final = 0.5
BLUR_RADIUS_PX: Final = 4

Affine = NDArray[np.float64]
"""(2, 3), pixels of one image to pixels of another."""


def tilt_scales(*, width_px: int, height_px: int, options: CompileOptions) -> list[float]:
    """List the scales of the squeezed keyframes, one for each direction; alternately two sizes."""
    short_px, long_px = sorted((width_px, height_px))
    enlarged = max(1.0, options.keyframe_enlarged_to_px / long_px)
    most = min(enlarged, options.keyframe_long_side_max_px / long_px)
    sizes_px = options.tilt_short_sides_px
    return [
        min(sizes_px[number % len(sizes_px)] / short_px, most)
        for number in range(options.tilt_directions)
    ]


def make_tilt_keyframes(
    sampler: AreaSampler, *, width_px: int, height_px: int, options: CompileOptions
) -> list[Keyframe]:
    """Describe the picture squeezed in as many directions as the options ask for."""
    scales = tilt_scales(width_px=width_px, height_px=height_px, options=options)
    return [
        _make_tilt_keyframe(
            sampler.at(scale),
            scale=scale,
            direction_rad=np.pi * number / options.tilt_directions,
            options=options,
        )
        for number, scale in enumerate(scales)
    ]


def squeeze(gray: GrayImage, *, direction_rad: float, factor: float) -> tuple[GrayImage, Affine]:
    """Squeeze an image in one direction, about what a camera sees from the side.

    Args:
        gray: (h, w) image.
        direction_rad: of the squeeze, from x towards y.
        factor: what becomes of a length in that direction, 0..1.

    Returns:
        The squeezed image, large enough for all of it, and where each pixel of ``gray`` is in it.
        Around it, the border pixels go on.
    """
    height_px, width_px = gray.shape
    along = np.array([np.cos(direction_rad), np.sin(direction_rad)])
    linear = np.eye(2) - (1 - factor) * np.outer(along, along)
    edges = np.array([[0, 0], [width_px, 0], [width_px, height_px], [0, height_px]]) @ linear.T
    low, high = edges.min(axis=0), edges.max(axis=0)
    columns, rows = np.ceil(high - low).astype(int).tolist()
    # Places are continuous here: a pixel's centre is half a pixel from its edge.
    shift = (np.array([columns, rows]) - low - high) / 2
    to_squeezed = np.column_stack([linear, linear @ (0.5, 0.5) + shift - 0.5])
    squeezed = cv2.warpAffine(
        _blur_along(gray, along, factor=factor),
        to_squeezed,
        (columns, rows),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.rint(np.clip(squeezed, 0, 255)).astype(np.uint8), to_squeezed


def _blur_along(gray: GrayImage, along: NDArray[np.float64], *, factor: float) -> FloatImage:
    """Blur in the direction of the squeeze as much as the squeezed pixels cover more of it."""
    variance = PIXEL_SIGMA_PX**2 * (1 / factor**2 - 1)
    steps = np.arange(-BLUR_RADIUS_PX, BLUR_RADIUS_PX + 1)
    x, y = np.meshgrid(steps, steps)
    ahead, aside = x * along[0] + y * along[1], y * along[0] - x * along[1]
    # Across the direction it is narrow: a share of a pixel.
    weights = np.exp(-(ahead**2) / (2 * variance) - aside**2 / (2 * 0.2**2))
    kernel = (weights / weights.sum()).astype(np.float32)
    blurred = cv2.filter2D(gray, cv2.CV_32F, kernel, borderType=cv2.BORDER_REPLICATE)
    return blurred.astype(np.float32, copy=False)


def _make_tilt_keyframe(
    gray: GrayImage, *, scale: float, direction_rad: float, options: CompileOptions
) -> Keyframe:
    height_px, width_px = gray.shape
    squeezed, to_squeezed = squeeze(gray, direction_rad=direction_rad, factor=options.tilt_squeeze)
    features = describe_image(squeezed, per_bucket=options.keypoints_per_bucket)
    back = cv2.invertAffineTransform(to_squeezed)
    places = (features.points_px @ back[:, :2].T + back[:, 2]).astype(np.float32)
    inside = _inside(places, width_px=width_px, height_px=height_px)
    return keyframe_of(
        Features(
            points_px=places[inside],
            sizes=features.sizes[inside],
            is_maximum=features.is_maximum[inside],
            scores=features.scores[inside],
            angles_rad=features.angles_rad[inside],
            descriptors=features.descriptors[inside],
        ),
        scale=scale,
        width_px=width_px,
        height_px=height_px,
        options=options,
    )


def _inside(places: Points, *, width_px: int, height_px: int) -> NDArray[np.bool_]:
    most = np.array([width_px, height_px]) - 1 - BORDER_PX
    return np.asarray(((places >= BORDER_PX) & (places <= most)).all(axis=1))
