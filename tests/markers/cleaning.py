"""Cleaning uploads and looking at what came out, for tests."""

import io
from typing import Final

import numpy as np
from PIL import Image

from markers.pictures import Picture, PictureLimits, read_picture
from tests import pictures

LIMITS: Final = PictureLimits()
POSTER: Final = pictures.poster(seed=1, width_px=400, height_px=300)


def read(data: bytes, *, limits: PictureLimits = LIMITS) -> Picture:
    return read_picture(io.BytesIO(data), limits=limits)


def opened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.data))


def pixels(image: Image.Image) -> pictures.RgbPicture:
    return np.asarray(image.convert("RGB"))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def mean_difference(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute difference of two pictures of one size, in grey levels."""
    return float(np.abs(pixels(one).astype(float) - pixels(other).astype(float)).mean())
