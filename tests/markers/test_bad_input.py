"""Pictures and options that people send, good, odd and hostile: taken, or refused with a reason."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from rest_framework.test import APIClient

from markers import compilation
from markers.models import Marker
from tests import hostile, pictures
from tests.arcontent.uploads import CONTENTS, assert_refused, post

pytestmark = pytest.mark.django_db
POSTER = pictures.poster(seed=61, width_px=480, height_px=360)
PHOTO = Image.fromarray(POSTER)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def size(width_px: int, height_px: int) -> bytes:
    return pictures.encode_png(pictures.poster(seed=62, width_px=width_px, height_px=height_px))


def half_transparent(mode: str) -> bytes:
    image = PHOTO.convert(mode)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return saved(image, "PNG")


def palette_with_transparency() -> bytes:
    return saved(PHOTO.quantize(64), "PNG", transparency=3)


def sixteen_bit_colour() -> bytes:
    done, png = cv2.imencode(".png", POSTER[..., ::-1].astype(np.uint16) * 257)
    assert done
    return png.tobytes()


def sixteen_bit_grey() -> bytes:
    return saved(Image.fromarray(np.asarray(PHOTO.convert("L")).astype(np.uint16) * 257), "PNG")


def png_with_archive_behind() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("page.html", "<script>alert(1)</script>")
    return pictures.encode_png(POSTER) + buffer.getvalue()


def with_scans(count: int) -> bytes:
    """A progressive JPEG whose last pass is repeated until there are so many."""
    whole = saved(PHOTO, "JPEG", progressive=True)
    last, end = whole.rindex(b"\xff\xda"), whole.rindex(b"\xff\xd9")
    more = count - whole.count(b"\xff\xda")
    return whole[:end] + whole[last:end] * more + whole[end:]


def quarters_of(make: Callable[[], bytes]) -> list[Callable[[], bytes]]:
    def cut(quarter: int) -> Callable[[], bytes]:
        return lambda: (whole := make())[: len(whole) * quarter // 4]

    return [cut(quarter) for quarter in (1, 2, 3)]


@pytest.mark.parametrize(
    "make",
    [
        lambda: size(100, 100),
        lambda: size(400, 100),
        lambda: half_transparent("RGBA"),
        lambda: half_transparent("LA"),
        palette_with_transparency,
        sixteen_bit_colour,
        sixteen_bit_grey,
        lambda: saved(PHOTO.convert("L"), "PNG"),
        lambda: saved(PHOTO.convert("L"), "JPEG"),
        lambda: saved(PHOTO.convert("1"), "PNG"),
        lambda: saved(PHOTO.quantize(256), "PNG"),
        hostile.cmyk_jpeg,
        hostile.sideways_jpeg,
        lambda: saved(PHOTO, "HEIF"),
        lambda: saved(PHOTO, "WEBP"),
        lambda: saved(PHOTO, "JPEG", progressive=True),
        lambda: with_scans(30),
        hostile.polyglot_jpeg,
        png_with_archive_behind,
    ],
    ids=[
        "100 px", "four times as long", "RGBA", "grey with alpha", "palette with alpha",
        "16-bit colour", "16-bit grey", "grey", "grey JPEG", "bitmap", "palette", "CMYK",
        "sideways", "HEIC", "WebP", "progressive", "thirty scans", "JPEG and HTML", "PNG and zip",
    ],
)  # fmt: skip
def test_any_sound_picture_is_taken_and_kept_as_plain_8_bit_rgb(
    api: APIClient, video: bytes, media: Path, make: Callable[[], bytes]
) -> None:
    response = post(api, make(), video)

    assert response.status_code == 202, response.json()
    kept = (media / Marker.objects.get().picture).read_bytes()
    assert b"script" not in kept
    with Image.open(io.BytesIO(kept)) as image:
        assert image.mode == "RGB"
        assert image.format in {"PNG", "JPEG"}
        assert not image.getexif()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (hostile.empty, "empty_file"),
        (hostile.text_named_jpg, "picture_unreadable"),
        (hostile.one_pixel_png, "picture_too_small"),
        (lambda: size(300, 99), "picture_too_small"),
        (lambda: size(405, 100), "aspect_too_extreme"),
        (lambda: size(100, 405), "aspect_too_extreme"),
        (hostile.animated_gif, "picture_animated"),
        (hostile.animated_webp, "picture_animated"),
        (lambda: saved(PHOTO, "GIF"), "picture_wrong_format"),
        (lambda: saved(PHOTO, "TIFF"), "picture_wrong_format"),
        (hostile.bomb_png, "picture_too_large"),
        (lambda: with_scans(3000), "too_many_scans"),
        (lambda: b"\xff\xd8\xff\xe0\x00\x02" + b"\xff\xfe\x00\x02" * 100_000, "picture_truncated"),
        (lambda: b"\xff\xd8" + b"\xff" * 100_000, "picture_truncated"),
        *[(cut, "picture_truncated") for cut in quarters_of(lambda: saved(PHOTO, "JPEG"))],
        *[
            (cut, "picture_truncated")
            for cut in quarters_of(lambda: saved(PHOTO, "JPEG", progressive=True))
        ],
        *[(cut, "picture_truncated") for cut in quarters_of(lambda: saved(PHOTO, "PNG"))],
        *[(cut, "picture_truncated") for cut in quarters_of(lambda: saved(PHOTO, "WEBP"))],
        *[(cut, "picture_truncated") for cut in quarters_of(lambda: saved(PHOTO, "HEIF"))],
    ],
)
def test_a_bad_picture_is_refused_with_a_code_and_a_hint_and_nothing_is_kept(
    api: APIClient, video: bytes, media: Path, make: Callable[[], bytes], code: str
) -> None:
    response = post(api, make(), video)

    assert_refused(response, code, media)
    assert response.json()["hint"]


def in_a_corner() -> bytes:
    canvas = pictures.flat(width_px=800, height_px=600, colour=(205, 205, 200))
    canvas[20:180, 20:233] = pictures.poster(seed=205, width_px=213, height_px=160)
    return pictures.encode_png(canvas)


def test_a_picture_with_too_few_features_fails_with_a_code_and_a_hint(
    api: APIClient, video: bytes
) -> None:
    content = post(api, hostile.featureless_png(), video).json()

    compilation.compile_marker(content["marker"]["id"])

    body = api.get(f"/api/v1/markers/{content['marker']['id']}").json()
    assert (body["status"], body["failure"]["code"]) == ("failed", "too_few_features")
    assert body["failure"]["hint"]
    assert body["target_url"] is None


def test_a_picture_with_all_its_features_in_a_corner_is_made_and_says_so(
    api: APIClient, video: bytes
) -> None:
    content = post(api, in_a_corner(), video).json()

    compilation.compile_marker(content["marker"]["id"])

    body = api.get(f"/api/v1/markers/{content['marker']['id']}").json()
    assert body["status"] == "ready"
    assert "clustered" in body["reasons"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ('{"profile": NaN}', "unusable_options"),
        ('{"profile": "best"}', "unusable_options"),
        ('{"profile": ["lean"]}', "unusable_options"),
        ('{"profile": {"lean": 1}}', "unusable_options"),
        ('{"profile": null}', "unusable_options"),
        ('{"enhance": "yes"}', "unusable_options"),
        ('{"enhance": 1}', "unusable_options"),
        ('{"physical_width_mm": NaN}', "unusable_options"),
        ('{"physical_width_mm": Infinity}', "unusable_options"),
        ('{"physical_width_mm": 1e999}', "unusable_options"),
        ('{"physical_width_mm": true}', "unusable_options"),
        ('{"physical_width_mm": "210"}', "unusable_options"),
        ('{"physical_width_mm": -1}', "option_out_of_range"),
        ('{"physical_width_mm": 0}', "option_out_of_range"),
        ('{"physical_width_mm": 1e300}', "option_out_of_range"),
        ('{"physical_width_mm": ' + "9" * 400 + "}", "option_out_of_range"),
        ('{"nonsense": 1}', "unusable_options"),
        ('{"": 1}', "unusable_options"),
        ("[]", "unusable_options"),
        ("null", "unusable_options"),
        ("7", "unusable_options"),
        ('"lean"', "unusable_options"),
        ("{", "unusable_options"),
        ("[" * 100_000, "unusable_options"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_options_that_make_no_sense_are_refused_before_anything_is_kept(
    api: APIClient, picture: bytes, video: bytes, media: Path, options: str, code: str
) -> None:
    response = post(api, picture, video, options=options)

    assert_refused(response, code, media)
    assert response.json()["hint"]


def test_a_preset_that_is_unknown_is_said_before_anything_is_kept(
    api: APIClient, picture: bytes, video: bytes, media: Path
) -> None:
    response = post(api, picture, video, preset="Museum")

    assert_refused(response, "preset_unknown", media, status=404)
    assert response.json()["hint"]


def test_a_picture_that_is_no_file_is_a_missing_field(api: APIClient) -> None:
    fields: dict[str, Any] = {"title": "A", "image": "picture.png", "video": ""}

    response = api.post(CONTENTS, fields, format="multipart")

    pointers = {error["pointer"] for error in response.json()["errors"]}
    assert response.status_code == 400
    assert pointers == {"/image", "/video"}
