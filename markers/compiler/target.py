"""What a compiled target consists of, before it is bytes."""

from dataclasses import dataclass

from markers.compiler.arrays import (
    Angles,
    Descriptors,
    GrayImage,
    Octaves,
    PixelPoints,
    Points,
)
from markers.compiler.clusters import Cluster


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """The bright or the dark points of one keyframe; they are matched only among their kind.

    Attributes:
        points_px: (N, 2) x, y in pixels of the keyframe.
        sizes: (N,) widths of the octave's pixel, 2, 4 or 8.
        angles_rad: (N,) directions.
        descriptors: (N, 84) bits.
        root: tree over the rows.
    """

    points_px: Points
    sizes: Octaves
    angles_rad: Angles
    descriptors: Descriptors
    root: Cluster

    def __len__(self) -> int:
        return len(self.points_px)


@dataclass(frozen=True, slots=True)
class Keyframe:
    """The picture at one scale, as points with descriptors.

    A point at x is at ``(x + 0.5) / scale`` of the picture.
    """

    scale: float
    width_px: int
    height_px: int
    maxima: FeatureSet
    minima: FeatureSet


@dataclass(frozen=True, slots=True)
class TrackingImage:
    """The picture at one scale, as pixels with places to follow.

    Attributes:
        scale: pixels of this image per pixel of the picture.
        pixels: (h, w) grey.
        points_px: (N, 2) whole pixels x, y of this image, at least 6 from the border.
    """

    scale: float
    pixels: GrayImage
    points_px: PixelPoints


@dataclass(frozen=True, slots=True)
class Target:
    """One picture that can be recognised and followed.

    Attributes:
        width_px, height_px: size of the picture; unit of the AR world.
        tracking: the 256-pixel image, then the 128-pixel image.
        keyframes: the flat picture, large to small; then as it looks from the side.
    """

    width_px: int
    height_px: int
    tracking: tuple[TrackingImage, ...]
    keyframes: tuple[Keyframe, ...]
