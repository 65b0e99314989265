"""What a person uploads becomes a clean picture, or an error that says what to do."""

import io
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from markers.pictures import PictureLimits, read_picture
from tests import hostile, pictures
from tests.markers.cleaning import (
    LIMITS,
    POSTER,
    mean_difference,
    opened,
    pixels,
    read,
    saved,
)
from vertexar.errors import UnusableUpload


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (hostile.empty, "empty_file"),
        (hostile.text_named_jpg, "picture_unreadable"),
        (hostile.html_as_video, "picture_unreadable"),
        (hostile.truncated_jpeg, "picture_truncated"),
        (hostile.truncated_png, "picture_truncated"),
        (hostile.one_pixel_png, "picture_too_small"),
        (hostile.animated_gif, "picture_animated"),
        (hostile.animated_webp, "picture_animated"),
        (hostile.bomb_png, "picture_too_large"),
        (hostile.long_narrow_png, "aspect_too_extreme"),
        (lambda: saved(Image.fromarray(POSTER), "GIF"), "picture_wrong_format"),
        (lambda: saved(Image.fromarray(POSTER), "BMP"), "picture_wrong_format"),
        (lambda: saved(Image.fromarray(POSTER), "TIFF"), "picture_wrong_format"),
        (lambda: b"%PDF-1.7\n" + bytes(200), "picture_wrong_format"),
        (lambda: b"\x00\x00\x00\x18ftypmp42" + bytes(200), "picture_wrong_format"),
        (lambda: b"\xff\xd8\xff\xe0" + bytes(20), "picture_truncated"),
        (lambda: b"BM, as they say, is not a picture yet", "picture_unreadable"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_own_code_and_a_hint(
    make: Callable[[], bytes], code: str
) -> None:
    with pytest.raises(UnusableUpload) as caught:
        read(make())

    assert caught.value.code == code
    assert caught.value.message
    assert caught.value.hint


def test_a_file_that_is_too_heavy_is_refused_unread() -> None:
    with pytest.raises(UnusableUpload) as caught:
        read(pictures.encode_png(POSTER), limits=PictureLimits(max_bytes=1000))

    assert caught.value.code == "file_too_large"


def test_a_bomb_is_refused_before_its_pixels_are_decoded() -> None:
    """In a process that has no room for the pixels, nor for a tenth of them."""
    script = """
import io, resource, sys
from markers.pictures import PictureLimits, read_picture
from vertexar.errors import UnusableUpload
import django.conf
django.conf.settings.configure(USE_I18N=False)
bomb = sys.stdin.buffer.read()
resource.setrlimit(resource.RLIMIT_DATA, (90_000_000, 90_000_000))
try:
    read_picture(io.BytesIO(bomb), limits=PictureLimits())
except UnusableUpload as error:
    print(error.code)
"""

    done = subprocess.run(
        [sys.executable, "-c", script],
        input=hostile.bomb_png(),
        capture_output=True,
        check=True,
        timeout=60,
    )

    assert done.stdout.decode().strip() == "picture_too_large"


@pytest.mark.parametrize("side_px", [6_400, 10_000])
def test_a_picture_just_over_the_limit_is_refused_whatever_pillow_thinks_of_it(
    side_px: int,
) -> None:
    """10,000 squared lies where Pillow itself only warns."""
    with pytest.raises(UnusableUpload) as caught:
        read(hostile.bomb_png(side_px=side_px))

    assert caught.value.code == "picture_too_large"


def test_a_png_stays_exactly_the_picture_it_was() -> None:
    picture = read(pictures.encode_png(POSTER))

    assert picture.extension == ".png"
    assert (picture.width_px, picture.height_px) == (400, 300)
    np.testing.assert_array_equal(pixels(opened(picture)), POSTER)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "HEIF"])
def test_a_photograph_of_any_kind_comes_out_as_a_jpeg_that_looks_the_same(kind: str) -> None:
    photo = Image.fromarray(pictures.poster(seed=2, width_px=400, height_px=300))

    picture = read(saved(photo, kind, quality=95))

    assert picture.extension == ".jpg"
    assert opened(picture).format == "JPEG"
    assert opened(picture).size == (400, 300)
    assert mean_difference(opened(picture), photo) < 6.0


def test_a_lossless_webp_stays_lossless() -> None:
    picture = read(saved(Image.fromarray(POSTER), "WEBP", lossless=True))

    assert picture.extension == ".png"
    np.testing.assert_array_equal(pixels(opened(picture)), POSTER)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_as_its_exif_says(orientation: int) -> None:
    stored = pictures.poster(seed=32, width_px=640, height_px=480)
    turned = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, k=-1),
        7: stored[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(stored, k=1),
    }[orientation]

    picture = read(hostile.sideways_jpeg(orientation=orientation))

    assert (picture.height_px, picture.width_px) == turned.shape[:2]
    assert mean_difference(opened(picture), Image.fromarray(np.ascontiguousarray(turned))) < 6.0


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_where_and_with_what_it_was_taken_is_left_behind(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SpyCam"
    exif.get_ifd(0x8825).update({1: "N", 2: (59.0, 56.0, 6.0)})
    upload = saved(Image.fromarray(POSTER), kind, exif=exif.tobytes())
    assert b"SpyCam" in upload

    picture = read(upload)

    assert b"SpyCam" not in picture.data
    assert not opened(picture).getexif()
    assert "icc_profile" not in opened(picture).info


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_exif_is_no_reason_to_refuse_a_picture() -> None:
    upload = saved(Image.fromarray(POSTER), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f")

    assert read(upload).width_px == 400


def test_a_script_hidden_in_a_picture_does_not_survive() -> None:
    upload = hostile.polyglot_jpeg()
    assert upload.count(b"<script>") == 2

    assert b"<script>" not in read(upload).data


def test_a_large_picture_is_scaled_down_in_proportion() -> None:
    large = pictures.encode_png(pictures.poster(seed=3, width_px=900, height_px=600))

    picture = read(large, limits=PictureLimits(max_side_px=300))

    assert (picture.width_px, picture.height_px) == (300, 200)
    assert opened(picture).size == (300, 200)


@pytest.mark.parametrize("size", [(1500, 1130), (700, 900)])
def test_a_large_picture_is_scaled_in_strips_that_leave_no_seams(size: tuple[int, int]) -> None:
    given = Image.fromarray(pictures.poster(seed=5, width_px=size[0], height_px=size[1]))
    longest = max(size) * 2 // 3
    scale = longest / max(size)
    whole = given.resize((round(size[0] * scale), round(size[1] * scale)), Image.Resampling.LANCZOS)

    picture = read(saved(given, "PNG"), limits=PictureLimits(max_side_px=longest))

    gaps = np.abs(pixels(opened(picture)).astype(int) - pixels(whole))
    assert gaps.max() <= 1


def test_a_very_large_jpeg_is_decoded_smaller_and_comes_out_the_same() -> None:
    given = Image.fromarray(pictures.poster(seed=6, width_px=1640, height_px=1200))
    upload = saved(given, "JPEG", quality=95)

    picture = read(upload, limits=PictureLimits(max_side_px=400))

    assert (picture.width_px, picture.height_px) == (400, 293)
    assert mean_difference(opened(picture), given.resize((400, 293))) < 4.0


@pytest.mark.parametrize(("mode", "kind", "most_mb"), [("RGBA", "PNG", 400), ("RGB", "JPEG", 200)])
def test_fifty_megapixels_take_little_more_than_they_are_once_decoded(
    mode: str, kind: str, most_mb: int
) -> None:
    """The PNG is 200 MB, and the result 45; the JPEG is decoded at half its size."""
    script = """
import io, sys
import django.conf
django.conf.settings.configure(USE_I18N=False)
from markers.pictures import PictureLimits, read_picture
upload = io.BytesIO(sys.stdin.buffer.read())
read_picture(upload, limits=PictureLimits(max_pixels=50_000_000))
print(*(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
    colour = (9, 90, 200, 77)[: len(mode)]
    upload = saved(Image.new(mode, (8600, 5800), colour), kind)

    done = subprocess.run(
        [sys.executable, "-c", script], input=upload, capture_output=True, check=True, timeout=120
    )

    assert int(done.stdout) < most_mb * 1000


def test_what_follows_a_jpeg_is_not_counted_among_its_passes() -> None:
    one = saved(Image.fromarray(POSTER), "JPEG")

    assert read(one + one * 60).width_px == 400


def test_a_jpeg_of_absurdly_many_parts_is_refused_like_one_of_many_passes() -> None:
    upload = saved(Image.fromarray(POSTER), "JPEG")
    start = upload.index(b"\xff\xda")

    with pytest.raises(UnusableUpload) as caught:
        read(upload[:start] + b"\xff\xfe\x00\x02" * 5000 + upload[start:])

    assert caught.value.code == "too_many_scans"


@pytest.mark.parametrize("lossless", [False, True])
def test_a_webp_may_be_as_large_as_its_hungry_decoder_allows(*, lossless: bool) -> None:
    upload = saved(Image.fromarray(POSTER), "WEBP", lossless=lossless)

    with pytest.raises(UnusableUpload) as caught:
        read(upload, limits=PictureLimits(max_webp_pixels=400 * 300 - 1))

    assert caught.value.code == "picture_too_large"
    assert read(upload, limits=PictureLimits(max_webp_pixels=400 * 300)).width_px == 400


def test_a_limit_is_said_as_it_is_set() -> None:
    with pytest.raises(UnusableUpload, match="heavier than 50 MB"):
        read(bytes(50_000_001), limits=PictureLimits(max_bytes=50_000_000))


def test_a_phones_jpeg_with_a_preview_behind_it_is_one_picture() -> None:
    preview = Image.fromarray(POSTER).resize((160, 120))
    upload = saved(Image.fromarray(POSTER), "MPO", save_all=True, append_images=[preview])
    assert Image.open(io.BytesIO(upload)).format == "MPO"

    assert (read(upload).width_px, read(upload).extension) == (400, ".jpg")


def test_the_noisiest_picture_can_be_encoded() -> None:
    noise = np.random.default_rng(4).integers(0, 256, size=(700, 700, 3), dtype=np.uint8)

    assert read(pictures.encode_jpeg(noise, quality=100)).width_px == 700


def test_the_same_upload_gives_the_same_bytes() -> None:
    upload = hostile.sideways_jpeg()

    assert read(upload) == read(upload)


def test_the_upload_is_left_open_for_whoever_brought_it() -> None:
    for data in (pictures.encode_png(POSTER), saved(Image.fromarray(POSTER), "HEIF")):
        upload = io.BytesIO(data)

        read_picture(upload, limits=LIMITS)

        assert upload.seek(0) == 0
        assert upload.read() == data


def test_reading_pictures_loads_neither_numpy_nor_opencv() -> None:
    script = "import sys, markers.pictures; print(*{'numpy', 'cv2'} & set(sys.modules))"

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, timeout=60
    )

    assert done.stdout.strip() == b""
