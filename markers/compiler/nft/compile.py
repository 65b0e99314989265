"""The steps in order: a picture's bytes in, the three files for jsartoolkitNFT out."""

import struct
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from markers.compiler.arrays import GrayImage
from markers.compiler.decode import Picture, decode_picture
from markers.compiler.errors import UnusableImage
from markers.compiler.nft.encode import encode_fset, encode_fset3, encode_iset
from markers.compiler.nft.layers import MM_PER_INCH, DpiSource, choose_dpi, largest_layer
from markers.compiler.nft.options import NftOptions
from markers.compiler.nft.recognition import describe_keyframes, find_keyframes
from markers.compiler.nft.target import ImageSet
from markers.compiler.nft.tracking import make_tracking_layers, tracking_dpis

JPEG_QUALITY: Final = 80
JFIF: Final = b"JFIF\0"
# Its name is followed by a version of two bytes, then a unit and the densities across and down.
DENSITY_OFFSET: Final = len(JFIF) + 2
DENSITY: Final = struct.Struct(">BHH")
DOTS_PER_INCH: Final = 1


@dataclass(frozen=True, slots=True)
class NftTarget:
    """A target for AR.js and jsartoolkitNFT: three files of one name.

    Attributes:
        iset, fset, fset3: the files.
        width_px, height_px: size of the largest layer; the runtime takes it for the picture's.
        dpi: pixels of the largest layer per inch of the print, a whole number.
        dpi_source: whether that follows from the print's width, or is an assumption.
        tracking_layers: places to track in each layer, large to small.
        keyframes: points to recognise in each image; from the front first, large to small.
    """

    iset: bytes
    fset: bytes
    fset3: bytes
    width_px: int
    height_px: int
    dpi: int
    dpi_source: DpiSource
    tracking_layers: tuple[int, ...]
    keyframes: tuple[int, ...]

    @property
    def width_mm(self) -> float:
        """Width of the print that the runtime assumes."""
        return self.width_px / self.dpi * MM_PER_INCH

    @property
    def height_mm(self) -> float:
        """Height of the print that the runtime assumes."""
        return self.height_px / self.dpi * MM_PER_INCH


DEFAULTS: Final = NftOptions()


def compile_nft(image: bytes, options: NftOptions = DEFAULTS) -> NftTarget:
    """Compile a picture file into a target for jsartoolkitNFT.

    Same bytes and options give the same result, byte for byte.

    Args:
        image: a JPEG, PNG or WebP file; its size was checked by the caller.
        options: width of the print, sizes of the layers.

    Raises:
        UnusableImage: ``undecodable_image``, ``picture_too_small``, ``aspect_too_extreme`` or
            ``too_few_features``.
    """
    return compile_nft_picture(decode_picture(image), options)


def compile_nft_picture(picture: Picture, options: NftOptions = DEFAULTS) -> NftTarget:
    """Compile a decoded picture; see ``compile_nft``.

    Raises:
        UnusableImage: ``too_few_features``.
    """
    dpi, scale, dpi_source = choose_dpi(picture, options)
    base = largest_layer(picture, scale=scale)
    height_px, width_px = base.shape
    keyframes = find_keyframes(base, options)
    if max(keyframes.counts, default=0) < options.keypoints_min:
        raise UnusableImage("too_few_features")
    points = describe_keyframes(
        keyframes,
        mm_per_px=MM_PER_INCH / dpi,
        height_px=height_px,
    )
    dpis = tracking_dpis(base, dpi=dpi, options=options)
    layers = make_tracking_layers(base, dpis, count_max=options.tracking_points_max)
    return NftTarget(
        iset=encode_iset(ImageSet(_jpeg(base, dpi=dpi), np.array(dpis[1:], "<f4"))),
        fset=encode_fset(layers),
        fset3=encode_fset3(points),
        width_px=width_px,
        height_px=height_px,
        dpi=dpi,
        dpi_source=dpi_source,
        tracking_layers=tuple(len(layer.points) for layer in layers),
        keyframes=keyframes.counts,
    )


def _jpeg(gray: GrayImage, *, dpi: int) -> bytes:
    """Encode a layer as a JFIF file that says its resolution, which the runtime reads there."""
    flags = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    done, encoded = cv2.imencode(".jpg", gray, flags)
    if not done:
        raise RuntimeError("OpenCV does not encode JPEG")
    jpeg = encoded.tobytes()
    start = jpeg.index(JFIF) + DENSITY_OFFSET
    density = DENSITY.pack(DOTS_PER_INCH, dpi, dpi)
    return jpeg[:start] + density + jpeg[start + len(density) :]
