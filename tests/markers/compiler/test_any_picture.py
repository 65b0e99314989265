"""Whatever array a picture file holds: a target that reads back byte for byte, or UnusableImage."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image

from markers.compiler import ROBUST, UnusableImage, compile_target
from markers.compiler.encode import encode_mind, parse_mind
from tests.pictures import RgbPicture, encode_png, poster

QUICK = replace(ROBUST, quality_views=2)
# What OpenCV writes: extension, kind of number, channels.
OPENCV = (
    *((".png", kind, channels) for kind in ("uint8", "uint16") for channels in (1, 3, 4)),
    *((".jpg", "uint8", channels) for channels in (1, 3)),
    *((".webp", "uint8", channels) for channels in (3, 4)),
    *((".tiff", kind, 3) for kind in ("uint8", "uint16")),
)
# What only Pillow writes: colours of print, a palette, a bit a pixel, grey with opacity.
PILLOW = (("JPEG", "CMYK"), ("PNG", "P"), ("PNG", "1"), ("PNG", "LA"))


def repeated(pixels: NDArray[Any], times: int) -> NDArray[Any]:
    """Enlarge each pixel to a square."""
    return pixels.repeat(times, axis=0).repeat(times, axis=1)


@st.composite
def opencv_files(draw: st.DrawFn) -> bytes:
    """Arrays of any size, channels and kind of number, as OpenCV writes them."""
    extension, kind, channels = draw(st.sampled_from(OPENCV))
    sides = st.integers(1, 16) | st.integers(24, 60)
    shape = (draw(sides), draw(sides), channels)
    most = np.iinfo(kind).max
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    noise = st.builds(lambda: rng.integers(0, most, shape, kind, endpoint=True))
    pixels = draw(noise | hnp.arrays(kind, shape))
    done, data = cv2.imencode(extension, repeated(pixels, draw(st.integers(1, 12))))
    assert done
    return data.tobytes()


def in_mode(pixels: RgbPicture, kind: str, mode: str, **options: Any) -> bytes:
    """Write a picture with Pillow."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


@st.composite
def pillow_files(draw: st.DrawFn) -> bytes:
    """Pictures of any size as Pillow writes them; one colour of a palette may be transparent."""
    kind, mode = draw(st.sampled_from(PILLOW))
    sides = st.integers(1, 99) | st.integers(100, 400)
    picture = poster(seed=draw(st.integers(0, 99)), width_px=draw(sides), height_px=draw(sides))
    options = {"transparency": draw(st.integers(0, 255))} if mode == "P" else {}
    return in_mode(picture, kind, mode, **options)


def check(data: bytes) -> str:
    """Compile a file; tell the code of the refusal, or nothing."""
    try:
        compiled = compile_target(data, QUICK)
    except UnusableImage as error:
        return error.code
    targets = parse_mind(compiled.mind)
    assert encode_mind(targets) == compiled.mind
    (target,) = targets
    assert (target.width_px, target.height_px) == (compiled.width_px, compiled.height_px)
    for keyframe in target.keyframes:
        for features in (keyframe.maxima, keyframe.minima):
            assert np.isfinite(features.angles_rad).all()
            assert np.all(features.points_px >= 0)
            assert np.all(features.points_px <= (keyframe.width_px - 1, keyframe.height_px - 1))
    assert 0 <= compiled.quality_score <= 100
    return ""


@settings(deadline=None, max_examples=80)
@given(data=opencv_files())
def test_any_array_gives_a_target_that_reads_back_or_is_unusable(data: bytes) -> None:
    check(data)


@settings(deadline=None, max_examples=40)
@given(data=pillow_files())
def test_any_mode_gives_a_target_that_reads_back_or_is_unusable(data: bytes) -> None:
    check(data)


@settings(deadline=None)
@given(data=st.binary(max_size=300), start=st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n"]))
def test_bytes_that_are_no_picture_are_undecodable(data: bytes, start: bytes) -> None:
    assert check(start + data) == "undecodable_image"


@pytest.mark.parametrize(("kind", "mode"), PILLOW)
def test_a_good_picture_is_compiled_in_any_mode(kind: str, mode: str) -> None:
    assert check(in_mode(poster(seed=1), kind, mode)) == ""


@pytest.mark.parametrize(("extension", "kind", "channels"), OPENCV)
def test_a_good_picture_is_compiled_at_any_depth(extension: str, kind: str, channels: int) -> None:
    drawn = poster(seed=1)
    full: NDArray[np.uint8] = np.concatenate([drawn, np.full_like(drawn[..., :1], 255)], axis=2)
    steps = np.array(257 if kind == "uint16" else 1, kind)
    done, data = cv2.imencode(extension, full[..., :channels].astype(kind) * steps)

    assert done
    assert check(data.tobytes()) == ""


def test_two_other_processes_give_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(encode_png(poster(seed=4, width_px=500, height_px=400)))
    program = (
        "import hashlib, pathlib, sys; from markers.compiler import compile_target; "
        "compiled = compile_target(pathlib.Path(sys.argv[1]).read_bytes()); "
        "print(hashlib.sha256(repr(compiled).encode()).hexdigest())"
    )

    told = [
        subprocess.run(
            [sys.executable, "-c", program, path], check=True, capture_output=True, text=True
        ).stdout
        for _ in range(2)
    ]

    assert len(told[0]) == 65
    assert told[0] == told[1]
