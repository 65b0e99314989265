"""What the three files for jsartoolkitNFT consist of, before they are bytes."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

POINT: Final = np.dtype(
    [
        ("place_px", "<f4", 2),
        ("place_mm", "<f4", 2),
        ("descriptor", "u1", 96),
        ("angle_rad", "<f4"),
        ("sigma_px", "<f4"),
        ("is_maximum", "<i4"),
        ("page", "<i4"),
        ("image", "<i4"),
    ]
)
"""One point to recognise, as it lies in the file.

``place_px`` is x, y in pixels of its image, a pixel's centre being an integer. ``place_mm`` is
where that is on the print, from its lower left corner, y up. Of the descriptor 84 bytes are used.
"""

TRACKED: Final = np.dtype([("place_px", "<i4", 2), ("place_mm", "<f4", 2), ("similarity", "<f4")])
"""One place to track, as it lies in the file; ``similarity`` is to the likest place nearby,
where somebody measured it; ours is 0."""


@dataclass(frozen=True, slots=True)
class ImageSet:
    """The picture to track on, ``.iset``.

    Attributes:
        jpeg: the largest layer, one grey channel.
        dpis: (L - 1,) pixels per inch of the other layers, which the runtime makes of the first.
    """

    jpeg: bytes
    dpis: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TrackingLayer:
    """Places to track in one layer, a part of ``.fset``.

    Attributes:
        layer: number of the layer in the image set.
        dpi_max, dpi_min: the layer is used where the frame shows so many pixels per inch.
        points: (N,) records of ``TRACKED``.
    """

    layer: int
    dpi_max: float
    dpi_min: float
    points: NDArray[np.void]


@dataclass(frozen=True, slots=True)
class PageImage:
    """An image in which points were found.

    Attributes:
        width_px, height_px: its size; 0 of the one that stands in for number 0.
        number: what its points name it by.
    """

    width_px: int
    height_px: int
    number: int


@dataclass(frozen=True, slots=True)
class Page:
    """A picture, as the images in which its points were found."""

    number: int
    images: tuple[PageImage, ...]


@dataclass(frozen=True, slots=True)
class PointSet:
    """The points to recognise, ``.fset3``.

    Attributes:
        points: (N,) records of ``POINT``.
        pages: one for each picture.
    """

    points: NDArray[np.void]
    pages: tuple[Page, ...]
