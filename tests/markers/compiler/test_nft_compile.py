import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from markers.compiler import UnusableImage
from markers.compiler.decode import decode_picture
from markers.compiler.nft import (
    DpiSource,
    NftOptions,
    NftTarget,
    compile_nft,
    compile_nft_picture,
)
from markers.compiler.nft.encode import (
    encode_fset,
    encode_fset3,
    encode_iset,
    parse_fset,
    parse_fset3,
    parse_iset,
)
from markers.compiler.nft.layers import to_runtime_gray
from markers.compiler.nft.target import PageImage
from tests.markers.compiler.builders import soft_blotches
from tests.pictures import RgbPicture, encode_jpeg, encode_png, flat, gradient, photo_like, poster

MM_PER_INCH = 25.4
# The runtime gives up on a frame with more candidates.
CANDIDATES_MAX = 200


def check_files(target: NftTarget) -> None:
    """Read the three files back, and see that they tell of one and the same picture."""
    images, layers, points = (
        parse_iset(target.iset),
        parse_fset(target.fset),
        parse_fset3(target.fset3),
    )
    assert encode_iset(images) == target.iset
    assert encode_fset(layers) == target.fset
    assert encode_fset3(points) == target.fset3

    gray = cv2.imdecode(np.frombuffer(images.jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
    assert gray is not None
    assert gray.shape == (target.height_px, target.width_px)
    assert [layer.layer for layer in layers] == list(range(1 + len(images.dpis)))
    for layer, dpi in zip(layers, [target.dpi, *images.dpis.tolist()], strict=True):
        assert 0 < layer.dpi_min < dpi < layer.dpi_max
        scale = dpi / target.dpi
        size_px = np.array([round(target.width_px * scale), round(target.height_px * scale)])
        places = layer.points["place_px"]
        assert np.all((places >= 7) & (places < size_px - 7))

    (page,) = points.pages
    assert page.images[0] == PageImage(0, 0, -1)
    assert set(points.points["image"].tolist()) == {image.number for image in page.images[1:]}
    sizes_px = np.array([(image.width_px, image.height_px) for image in page.images[1:]])
    assert np.all(points.points["place_px"] < sizes_px[points.points["image"]])
    print_mm = np.array([target.width_mm, target.height_mm])
    assert np.all((points.points["place_mm"] >= 0) & (points.points["place_mm"] <= print_mm))
    assert np.isfinite(points.points["angle_rad"]).all()
    assert not points.points["descriptor"][:, 84:].any()


def test_same_bytes_in_same_bytes_out() -> None:
    picture = encode_jpeg(poster(seed=3))

    assert compile_nft(picture) == compile_nft(picture)


@pytest.mark.parametrize("threads", [1, 4])
def test_another_process_gives_the_same_bytes(tmp_path: Path, threads: int) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(encode_png(poster(seed=3, width_px=400, height_px=300)))
    program = (
        "import pathlib, sys, cv2; from markers.compiler.nft import NftOptions, compile_nft;"
        f"cv2.setNumThreads({threads});"
        "options = NftOptions(physical_width_mm=123.4);"
        "target = compile_nft(pathlib.Path(sys.argv[1]).read_bytes(), options);"
        "sys.stdout.buffer.write(target.iset + target.fset + target.fset3);"
        "assert 'django' not in sys.modules"
    )
    environment = {**os.environ, "PYTHONHASHSEED": str(threads)}

    there = subprocess.run(
        [sys.executable, "-c", program, str(path)], check=True, capture_output=True, env=environment
    ).stdout

    here = compile_nft(path.read_bytes(), NftOptions(physical_width_mm=123.4))
    assert there == here.iset + here.fset + here.fset3


@settings(max_examples=60, deadline=None)
@given(
    pixels=hnp.arrays(
        st.sampled_from([np.uint8, np.uint16]),
        st.one_of(
            st.tuples(st.integers(26, 120), st.integers(26, 120)),
            st.tuples(st.integers(26, 120), st.integers(26, 120), st.sampled_from([1, 3, 4])),
        ),
    ),
    grow=st.sampled_from([4, 5, 1]),
    width_mm=st.one_of(st.none(), st.floats(5, 10_000)),
)
def test_any_array_gives_a_target_that_reads_back_or_is_refused(
    pixels: np.ndarray[tuple[int, ...], np.dtype[np.integer]], grow: int, width_mm: float | None
) -> None:
    larger = np.ascontiguousarray(pixels.repeat(grow, axis=0).repeat(grow, axis=1))
    done, data = cv2.imencode(".png", larger)
    assert done

    try:
        target = compile_nft(data.tobytes(), NftOptions(physical_width_mm=width_mm))
    except UnusableImage:
        return
    check_files(target)


@settings(max_examples=15, deadline=None)
@given(
    width_px=st.integers(100, 400),
    height_px=st.integers(100, 400),
    seed=st.integers(0, 2**31),
    width_mm=st.one_of(st.none(), st.floats(5, 10_000)),
)
def test_pictures_of_every_shape_and_print_give_files_that_agree(
    width_px: int, height_px: int, seed: int, width_mm: float | None
) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (height_px // 4 + 1, width_px // 4 + 1, 3), dtype=np.uint8)
    pixels = cv2.resize(noise, (width_px, height_px), interpolation=cv2.INTER_CUBIC)

    target = compile_nft(
        encode_png(pixels.astype(np.uint8)), NftOptions(physical_width_mm=width_mm)
    )

    check_files(target)


@given(data=st.binary(max_size=200))
def test_bytes_that_are_no_picture_are_refused(data: bytes) -> None:
    with pytest.raises(UnusableImage) as caught:
        compile_nft(data)

    assert caught.value.code == "undecodable_image"


@pytest.mark.parametrize(
    "draw",
    [flat, gradient, soft_blotches],
    ids=["flat", "gradient", "soft blotches"],
)
def test_a_picture_without_features_is_refused(draw: Callable[[], RgbPicture]) -> None:
    with pytest.raises(UnusableImage) as caught:
        compile_nft(encode_png(draw()))

    assert caught.value.code == "too_few_features"


@pytest.mark.parametrize("size_px", [(100, 100), (120, 480), (480, 120), (640, 480), (2600, 1500)])
def test_files_agree_at_every_size(size_px: tuple[int, int]) -> None:
    width_px, height_px = size_px

    target = compile_nft(encode_png(poster(seed=5, width_px=width_px, height_px=height_px)))

    check_files(target)
    long_px = max(target.width_px, target.height_px)
    # Pixels per inch are rounded, and the largest layer with them.
    assert long_px == pytest.approx(min(1024, max(size_px)), rel=0.5 / target.dpi)
    assert target.width_px / target.height_px == pytest.approx(width_px / height_px, rel=0.01)


def test_the_print_has_the_width_that_was_measured() -> None:
    picture = encode_png(poster(seed=3))

    for width_mm in (60.0, 297.0, 841.5, 4000.0):
        target = compile_nft(picture, NftOptions(physical_width_mm=width_mm))
        assert target.dpi_source is DpiSource.PHYSICAL_WIDTH
        assert target.width_mm == pytest.approx(width_mm, abs=0.5 * MM_PER_INCH / target.dpi + 0.01)


def test_without_a_width_the_print_is_assumed_at_150_dpi() -> None:
    target = compile_nft(encode_png(poster(seed=3, width_px=600, height_px=450)))

    assert (target.dpi, target.dpi_source) == (150, DpiSource.DEFAULT)
    assert target.width_mm == pytest.approx(4 * MM_PER_INCH)
    assert compile_nft(
        encode_png(poster(seed=3, width_px=600, height_px=450)), NftOptions(default_dpi=300)
    ).width_mm == pytest.approx(2 * MM_PER_INCH)


@pytest.mark.parametrize("width_mm", [0.0, -1.0, 4.9, 10_001.0, float("nan"), float("inf")])
def test_a_width_that_no_print_has_is_a_mistake(width_mm: float) -> None:
    with pytest.raises(ValueError, match="physical_width_mm"):
        NftOptions(physical_width_mm=width_mm)


def test_the_jpeg_says_its_resolution() -> None:
    target = compile_nft(encode_png(poster(seed=3)), NftOptions(physical_width_mm=300))

    jpeg = parse_iset(target.iset).jpeg
    start = jpeg.index(b"JFIF\0")
    assert jpeg[start + 7] == 1
    assert int.from_bytes(jpeg[start + 8 : start + 10], "big") == target.dpi
    assert int.from_bytes(jpeg[start + 10 : start + 12], "big") == target.dpi


@pytest.mark.parametrize(
    "picture",
    [
        poster(seed=1),
        photo_like(seed=1),
        poster(seed=2, width_px=300, height_px=1200),
        np.clip(poster(seed=3) * 0.2 + 110, 0, 255).astype(np.uint8),
    ],
    ids=["poster", "photo", "tall", "faint"],
)
def test_at_every_distance_there_is_enough_to_track_and_not_too_much(picture: RgbPicture) -> None:
    target = compile_nft(encode_png(picture))
    layers = parse_fset(target.fset)

    for dpi in np.geomspace(layers[-1].dpi_min * 1.01, layers[0].dpi_max * 0.99, 200):
        counts = [len(layer.points) for layer in layers if layer.dpi_min <= dpi <= layer.dpi_max]
        assert 3 <= sum(counts) <= CANDIDATES_MAX


def test_places_to_track_are_spread_over_the_picture() -> None:
    target = compile_nft(encode_png(photo_like(seed=1)))

    places = (
        parse_fset(target.fset)[0].points["place_px"] * 4 // (target.width_px, target.height_px)
    )

    assert len(np.unique(places, axis=0)) == 16


def test_a_point_on_the_print_is_where_it_is_in_the_picture() -> None:
    canvas = flat(width_px=600, height_px=400, colour=(120, 120, 120))
    rng = np.random.default_rng(5)
    cells = np.stack(np.meshgrid(np.arange(5), np.arange(3)), axis=-1).reshape(-1, 2)
    spots_px = (cells + 0.5) * (120, 133) + rng.uniform(-30, 30, (15, 2))
    for x, y in spots_px - 0.5:  # from places to pixel numbers
        shade = (float(rng.choice([20, 230])),) * 3
        cv2.circle(canvas, (round(x * 16), round(y * 16)), 14 * 16, shade, -1, cv2.LINE_AA, 4)

    points = parse_fset3(compile_nft(encode_png(canvas), NftOptions(physical_width_mm=600)).fset3)

    spots_mm = np.stack([spots_px[:, 0], 400 - spots_px[:, 1]], axis=1)
    images = points.pages[0].images[1:]
    assert len(images) > 8  # from the front, and from the sides
    for image in images:
        seen_mm = points.points["place_mm"][points.points["image"] == image.number]
        gaps_mm = np.linalg.norm(spots_mm[:, None] - seen_mm[None], axis=2).min(axis=1)
        assert np.median(gaps_mm) < 0.5 * 600 / image.width_px


def test_grey_is_that_of_the_runtime() -> None:
    blue_green_red = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [8, 16, 24]]], np.uint8)

    gray = to_runtime_gray(blue_green_red)

    assert np.abs(gray.astype(int) - [[31, 127, 95, 18]]).max() <= 1


def test_a_decoded_picture_gives_what_its_file_gives() -> None:
    data = encode_png(poster(seed=4, width_px=400, height_px=300))

    assert compile_nft_picture(decode_picture(data)) == compile_nft(data)


def test_counts_are_those_of_the_files() -> None:
    target = compile_nft(encode_png(poster(seed=4)))

    layers, points = parse_fset(target.fset), parse_fset3(target.fset3)
    assert target.tracking_layers == tuple(len(layer.points) for layer in layers)
    assert len(target.keyframes) == len(points.pages[0].images) - 1
    places = np.unique(points.points[["image", "place_px", "sigma_px"]])
    assert sum(target.keyframes) == len(places)
