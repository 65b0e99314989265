import struct
from functools import partial

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from markers.compiler.decode import (
    WORKING_LONG_SIDE_PX,
    decode_picture,
    decode_roughly,
    jpeg_size,
    to_gray,
)
from markers.compiler.errors import HINTS, UnusableImage
from tests.pictures import encode_jpeg, encode_png, flat, poster


def encode(extension: str, pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    done, data = cv2.imencode(extension, pixels)
    assert done
    return data.tobytes()


def turned_by_exif(jpeg: bytes, orientation: int) -> bytes:
    """Put an EXIF segment that asks for a rotation at the start of a JPEG."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = b"MM\x00\x2a\x00\x00\x00\x08\x00\x01" + entry + b"\x00\x00\x00\x00"
    segment = b"Exif\x00\x00" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


def code_of(data: bytes) -> str:
    with pytest.raises(UnusableImage) as caught:
        decode_picture(data)
    return caught.value.code


def test_grey_weighs_green_most_and_blue_least() -> None:
    colour = np.array([[[200, 0, 0], [0, 200, 0], [0, 0, 200], [77, 77, 77]]], np.uint8)

    assert to_gray(colour).tolist() == [[23, 117, 60, 77]]


def test_channels_come_in_the_order_blue_green_red() -> None:
    red = flat(width_px=120, height_px=100, colour=(255, 0, 10))

    picture = decode_picture(encode_png(red))

    assert picture.colour[0, 0].tolist() == [10, 0, 255]


def test_what_is_transparent_is_white() -> None:
    pixels = np.zeros((100, 120, 4), np.uint8)
    pixels[:, 60:, 3] = 255

    colour = decode_picture(encode(".png", pixels)).colour

    assert np.all(colour[:, :60] == 255)
    assert np.all(colour[:, 60:] == 0)


def test_transparency_of_16_bits_is_read() -> None:
    pixels = np.zeros((100, 120, 4), np.uint16)
    pixels[..., 3] = 65535 // 2

    colour = decode_picture(encode(".png", pixels)).colour

    assert np.all(np.abs(colour.astype(int) - 128) <= 1)


@pytest.mark.parametrize(("orientation", "size_px"), [(1, (200, 120)), (6, (120, 200))])
def test_a_photo_is_turned_as_its_exif_says(orientation: int, size_px: tuple[int, int]) -> None:
    jpeg = encode_jpeg(poster(seed=1, width_px=200, height_px=120))

    picture = decode_picture(turned_by_exif(jpeg, orientation))

    assert (picture.width_px, picture.height_px) == size_px
    assert picture.colour.shape[:2] == size_px[::-1]


def test_a_large_picture_is_reduced_but_keeps_its_size_on_record() -> None:
    picture = decode_picture(encode_jpeg(flat(width_px=3000, height_px=1000)))

    assert (picture.width_px, picture.height_px) == (3000, 1000)
    assert picture.colour.shape[1] == WORKING_LONG_SIDE_PX


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("size_px", [(600, 400), (1281, 900), (2560, 1700), (4001, 2999)])
def test_a_rough_decoding_shows_the_same_picture_of_the_same_size(
    size_px: tuple[int, int], orientation: int
) -> None:
    jpeg = encode_jpeg(poster(seed=1, width_px=size_px[0], height_px=size_px[1]))
    data = turned_by_exif(jpeg, orientation)

    rough, whole = decode_roughly(data, long_side_px=320), decode_picture(data)

    assert (rough.width_px, rough.height_px) == (whole.width_px, whole.height_px)
    size = (rough.colour.shape[1], rough.colour.shape[0])
    assert max(size) == 320
    expected = cv2.resize(whole.colour, size, interpolation=cv2.INTER_AREA)
    assert np.abs(rough.colour.astype(int) - expected).mean() < 4


@pytest.mark.parametrize("declared_px", [(4000, 3000), (65535, 1), (8000, 65535)])
def test_a_jpeg_that_tells_a_wrong_size_is_taken_for_what_it_is_or_refused(
    declared_px: tuple[int, int],
) -> None:
    jpeg = bytearray(encode_jpeg(poster(seed=1, width_px=400, height_px=300)))
    at = jpeg.index(b"\xff\xc0") + 5
    struct.pack_into(">HH", jpeg, at, declared_px[1], declared_px[0])
    assert jpeg_size(bytes(jpeg)) == declared_px

    for decode in (decode_picture, partial(decode_roughly, long_side_px=320)):
        try:
            picture = decode(bytes(jpeg))
        except UnusableImage:
            continue
        assert (picture.width_px, picture.height_px) == declared_px


@pytest.mark.parametrize("share", [0.01, 0.3, 0.95])
def test_a_jpeg_that_ends_early_is_undecodable_roughly_too(share: float) -> None:
    data = encode_jpeg(poster(seed=1, width_px=2000, height_px=1500))

    with pytest.raises(UnusableImage, match="undecodable_image"):
        decode_roughly(data[: int(len(data) * share)], long_side_px=320)


@given(st.binary(max_size=64))
def test_no_bytes_break_the_reading_of_a_jpeg_s_size(data: bytes) -> None:
    for start in (b"", b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\x00\x04ab\xff"):
        size_px = jpeg_size(start + data)
        assert size_px is None or min(size_px) > 0


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"GIF89a", b"<html></html>", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_picture_is_undecodable(data: bytes) -> None:
    assert code_of(data) == "undecodable_image"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("encoder", [encode_jpeg, encode_png])
def test_a_file_that_ends_early_is_undecodable(encoder: object, share: float) -> None:
    assert callable(encoder)
    data = encoder(poster(seed=1, width_px=200, height_px=150))

    assert code_of(data[: int(len(data) * share)]) == "undecodable_image"


@pytest.mark.parametrize("size_px", [(1, 1), (99, 400), (400, 99)])
def test_a_picture_under_100_px_is_too_small(size_px: tuple[int, int]) -> None:
    width_px, height_px = size_px

    assert code_of(encode_png(flat(width_px=width_px, height_px=height_px))) == "picture_too_small"


@pytest.mark.parametrize("size_px", [(401, 100), (100, 401)])
def test_a_picture_over_4_to_1_is_too_extreme(size_px: tuple[int, int]) -> None:
    width_px, height_px = size_px

    code = code_of(encode_png(flat(width_px=width_px, height_px=height_px)))

    assert code == "aspect_too_extreme"


@pytest.mark.parametrize("size_px", [(100, 100), (400, 100), (100, 400)])
def test_a_picture_at_the_limits_is_accepted(size_px: tuple[int, int]) -> None:
    width_px, height_px = size_px

    picture = decode_picture(encode_png(flat(width_px=width_px, height_px=height_px)))

    assert (picture.width_px, picture.height_px) == size_px


@pytest.mark.parametrize("code", sorted(HINTS))
def test_each_error_says_in_one_sentence_what_to_do(code: str) -> None:
    error = UnusableImage(code)

    assert error.code == code
    assert error.hint.endswith(".")
    assert error.hint in str(error)
