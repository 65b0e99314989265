"""The three files for jsartoolkitNFT: parts of a target to bytes, and back, byte for byte.

All numbers are little-endian and of 32 bits.
"""

import struct
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from markers.compiler.nft.target import (
    POINT,
    TRACKED,
    ImageSet,
    Page,
    PageImage,
    PointSet,
    TrackingLayer,
)

COUNT: Final = struct.Struct("<i")
LAYER_HEAD: Final = struct.Struct("<iffi")
PAGE_HEAD: Final = struct.Struct("<ii")
IMAGE: Final = struct.Struct("<iii")
JPEG_START: Final = b"\xff\xd8\xff"
JPEG_END: Final = b"\xff\xd9"


class MalformedTarget(ValueError):
    """Bytes that are not a file of the kind."""


def encode_iset(images: ImageSet) -> bytes:
    """Write the image set."""
    count = COUNT.pack(1 + len(images.dpis))
    return count + images.jpeg + images.dpis.astype("<f4").tobytes()


def parse_iset(data: bytes) -> ImageSet:
    """Read an image set whose largest layer is a JPEG, written by us or by another compiler.

    Raises:
        MalformedTarget: too short, or no JPEG in it.
    """
    reader = _Reader(data)
    (count,) = reader.unpack(COUNT)
    dpis_size = 4 * (count - 1)
    jpeg = reader.take(len(data) - COUNT.size - dpis_size) if count > 0 else b""
    if not (jpeg.startswith(JPEG_START) and jpeg.endswith(JPEG_END)):
        raise MalformedTarget("no JPEG")
    return ImageSet(jpeg, np.frombuffer(reader.take(dpis_size), "<f4"))


def encode_fset(layers: Sequence[TrackingLayer]) -> bytes:
    """Write the places to track."""
    parts = [COUNT.pack(len(layers))]
    for layer in layers:
        head = LAYER_HEAD.pack(layer.layer, layer.dpi_max, layer.dpi_min, len(layer.points))
        parts += [head, layer.points.astype(TRACKED).tobytes()]
    return b"".join(parts)


def parse_fset(data: bytes) -> tuple[TrackingLayer, ...]:
    """Read the places to track.

    Raises:
        MalformedTarget: too short or too long.
    """
    reader = _Reader(data)
    (count,) = reader.unpack(COUNT)
    layers = []
    for _ in range(count):
        layer, dpi_max, dpi_min, points = reader.unpack(LAYER_HEAD)
        layers.append(TrackingLayer(layer, dpi_max, dpi_min, reader.records(TRACKED, points)))
    reader.end()
    return tuple(layers)


def encode_fset3(points: PointSet) -> bytes:
    """Write the points to recognise."""
    parts = [COUNT.pack(len(points.points)), points.points.astype(POINT).tobytes()]
    parts.append(COUNT.pack(len(points.pages)))
    for page in points.pages:
        parts.append(PAGE_HEAD.pack(page.number, len(page.images)))
        parts += [IMAGE.pack(i.width_px, i.height_px, i.number) for i in page.images]
    return b"".join(parts)


def parse_fset3(data: bytes) -> PointSet:
    """Read the points to recognise.

    Raises:
        MalformedTarget: too short or too long.
    """
    reader = _Reader(data)
    points = reader.records(POINT, *reader.unpack(COUNT))
    pages = []
    for _ in range(*reader.unpack(COUNT)):
        number, count = reader.unpack(PAGE_HEAD)
        images = tuple(PageImage(*reader.unpack(IMAGE)) for _ in range(count))
        pages.append(Page(number, images))
    reader.end()
    return PointSet(points, tuple(pages))


class _Reader:
    """Takes bytes from the front, and complains when there are not enough."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, size: int) -> bytes:
        if not 0 <= size <= len(self._data) - self._at:
            raise MalformedTarget(f"{size} bytes wanted at {self._at} of {len(self._data)}")
        self._at += size
        return self._data[self._at - size : self._at]

    def unpack(self, form: struct.Struct) -> tuple[int, ...]:
        return form.unpack(self.take(form.size))

    def records(self, kind: np.dtype[np.void], count: int) -> NDArray[np.void]:
        return np.frombuffer(self.take(count * kind.itemsize), kind)

    def end(self) -> None:
        if self._at != len(self._data):
            raise MalformedTarget(f"{len(self._data) - self._at} bytes too many")
