"""Colours of a picture: whatever a file keeps them in, they come out as they were meant to look."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from markers.pictures import PictureLimits
from tests import hostile, pictures
from tests.markers.cleaning import POSTER, mean_difference, opened, pixels, read, saved

DISPLAY_P3_PRIMARIES = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))


def test_a_jpeg_keeps_its_colour_at_full_resolution() -> None:
    picture = read(pictures.encode_jpeg(POSTER))

    first, *others = (layer[1:3] for layer in opened(picture).layer)  # type: ignore[attr-defined]
    assert first == (1, 1)
    assert others == [(1, 1), (1, 1)]


def test_a_cmyk_jpeg_comes_out_in_rgb() -> None:
    inks = Image.fromarray(pictures.poster(seed=31, width_px=640, height_px=480))

    picture = read(hostile.cmyk_jpeg())

    assert opened(picture).mode == "RGB"
    assert mean_difference(opened(picture), inks) < 8.0


def test_a_wide_gamut_photo_is_brought_to_srgb_through_its_profile() -> None:
    """The numbers of a colour outside sRGB's reach must change, or it would look pale."""
    profile = wide_gamut_profile()
    green = Image.new("RGB", (200, 200), (60, 200, 60))

    plain = read(saved(green, "PNG"))
    wide = read(saved(green, "PNG", icc_profile=profile))

    assert opened(plain).getpixel((100, 100)) == (60, 200, 60)
    red, green_level, _blue = opened(wide).getpixel((100, 100))  # type: ignore[misc]
    assert red < 30  # sRGB would need less red than there is for so pure a green
    assert green_level > 200


def test_a_broken_colour_profile_is_ignored() -> None:
    picture = read(saved(Image.fromarray(POSTER), "PNG", icc_profile=b"no profile at all"))

    np.testing.assert_array_equal(pixels(opened(picture)), POSTER)


def test_a_profile_of_another_colour_space_is_ignored() -> None:
    grey = Image.fromarray(POSTER).convert("L")

    picture = read(saved(grey, "PNG", icc_profile=wide_gamut_profile()))

    np.testing.assert_array_equal(pixels(opened(picture)), pixels(grey))


def test_sixteen_bit_grey_keeps_its_shades() -> None:
    levels = np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (128, 1))

    picture = read(saved(Image.fromarray(levels), "PNG"))

    shades = pixels(opened(picture))[64, :, 0]
    np.testing.assert_array_equal(shades, np.linspace(0, 65535, 256).astype(np.uint16) // 256)


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_bitmaps_greys_and_palettes_come_out_as_what_they_show(mode: str) -> None:
    given = Image.fromarray(POSTER).convert(mode)

    picture = read(saved(given, "PNG"))

    assert opened(picture).mode == "RGB"
    np.testing.assert_array_equal(pixels(opened(picture)), pixels(given))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_becomes_white(mode: str) -> None:
    given = Image.fromarray(POSTER).convert(mode)
    alpha = Image.new("L", given.size, 255)
    alpha.paste(0, (0, 0, 200, 300))
    given.putalpha(alpha)

    shown = pixels(opened(read(saved(given, "PNG"))))

    assert (shown[:, :200] == 255).all()
    np.testing.assert_array_equal(shown[:, 200:], pixels(given)[:, 200:])


def test_a_transparent_colour_of_a_palette_becomes_white() -> None:
    given = Image.new("P", (120, 120), 1)
    given.putpalette([10, 20, 30, 200, 100, 50])
    given.paste(0, (0, 0, 60, 120))

    shown = opened(read(saved(given, "PNG", transparency=0)))

    assert shown.getpixel((30, 60)) == (255, 255, 255)
    assert shown.getpixel((90, 60)) == (200, 100, 50)


def test_a_transparent_picture_is_put_on_white_before_it_is_scaled() -> None:
    """Or the colour that lies hidden under nothing would shine through at the edges."""
    hidden = Image.new("RGBA", (600, 600), (255, 0, 0, 0))
    hidden.paste((0, 0, 255, 255), (0, 0, 301, 600))

    shown = pixels(opened(read(saved(hidden, "PNG"), limits=PictureLimits(max_side_px=200))))

    assert (shown[:, :, 2] >= shown[:, :, 0]).all()
    assert (shown[:, 150:] == 255).all()


def wide_gamut_profile() -> bytes:
    """Build a small matrix profile with the primaries of Display P3 and gamma 2.2."""
    x, y = np.array(DISPLAY_P3_PRIMARIES).T
    primaries = np.stack([x / y, np.ones(3), (1 - x - y) / y])  # columns: XYZ of red, green, blue
    white = np.array([0.95047, 1.0, 1.08883])
    to_xyz = primaries * np.linalg.solve(primaries, white)
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367],
                         [0.0389, -0.0685, 1.0296]])  # fmt: skip
    cones = bradford @ np.array([0.96422, 1.0, 0.82521]) / (bradford @ white)
    to_pcs = np.linalg.inv(bradford) @ np.diag(cones) @ bradford @ to_xyz

    def fixed(value: float) -> bytes:
        return round(value * 65536).to_bytes(4, "big", signed=True)

    tags = {
        b"desc": b"desc" + bytes(4) + (3).to_bytes(4, "big") + b"P3\x00" + bytes(78),
        b"wtpt": b"XYZ " + bytes(4) + fixed(0.96422) + fixed(1.0) + fixed(0.82521),
        **{
            name: b"XYZ " + bytes(4) + b"".join(fixed(v) for v in to_pcs[:, column])
            for column, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))
        },
        **{
            name: b"curv" + bytes(4) + (1).to_bytes(4, "big") + (563).to_bytes(2, "big") + bytes(2)
            for name in (b"rTRC", b"gTRC", b"bTRC")
        },
    }
    table, body = len(tags).to_bytes(4, "big"), b""
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        at = 128 + 4 + 12 * len(tags) + len(body)
        table += name + at.to_bytes(4, "big") + len(data).to_bytes(4, "big")
        body += data
    header = (128 + len(table) + len(body)).to_bytes(4, "big") + bytes(4) + b"\x02\x10\x00\x00"
    header += b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    header += fixed(0.96422) + fixed(1.0) + fixed(0.82521) + bytes(48)
    profile = header + table + body
    assert ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space == "RGB "
    return profile
