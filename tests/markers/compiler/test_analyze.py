"""What is said about a picture of which no target is made."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from markers.compiler import (
    REASONS,
    ROBUST,
    UnusableImage,
    analyze_image,
    compile_target,
    features,
    heat_map,
    keyframes,
    prescore,
    sighting,
)
from markers.compiler.analyze import PRESCORE
from markers.compiler.arrays import GrayImage
from markers.compiler.encode import parse_mind
from markers.compiler.enhance import enhance_contrast
from tests.markers.compiler.builders import checkerboard, compiled, grain, gray_poster
from tests.pictures import RgbPicture, encode_jpeg, encode_png, flat, poster

NOISY = [HealthCheck.data_too_large, HealthCheck.too_slow]


def letters(*, lines: int = 40) -> RgbPicture:
    rng = np.random.default_rng(5)
    canvas = flat(width_px=620, height_px=877, colour=(250, 250, 250))
    for line in range(lines):
        words = "".join(rng.choice(list("aenstrohl idm"), 60).tolist())
        at = (20, 30 + 21 * line)
        cv2.putText(canvas, words, at, cv2.FONT_HERSHEY_DUPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return canvas


def in_a_part(top: int, left: int) -> RgbPicture:
    canvas = flat(width_px=800, height_px=600)
    canvas[top : top + 240, left : left + 320] = poster(seed=4, width_px=320, height_px=240)
    return canvas


def test_an_analysis_says_what_a_compilation_says() -> None:
    picture = encode_png(poster(seed=1))

    analysis, target = analyze_image(picture), compiled(picture)

    assert analysis.score == target.quality_score
    assert analysis.report == target.quality_report
    assert analysis.heat_map_jpeg == target.heat_map_jpeg
    assert (analysis.width_px, analysis.height_px) == (800, 600)


def test_a_prescore_tells_good_from_bad() -> None:
    good, bad = prescore(encode_png(poster(seed=1))), prescore(encode_png(checkerboard()))

    assert good.score > bad.score + 30
    assert good.stars > bad.stars


@pytest.mark.parametrize("size_px", [(800, 600), (2048, 1536), (4000, 3000)])
def test_a_prescore_of_any_picture_looks_at_few_pixels(
    size_px: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded_px, described_px = [], []
    imdecode, describe = cv2.imdecode, features.describe_image

    def decoding(data: NDArray[np.uint8], flag: int) -> object:
        pixels = imdecode(data, flag)
        assert pixels is not None
        decoded_px.append(pixels.shape[0] * pixels.shape[1])
        return pixels

    def describing(gray: GrayImage, *, per_bucket: int) -> features.Features:
        described_px.append(gray.size)
        return describe(gray, per_bucket=per_bucket)

    monkeypatch.setattr(cv2, "imdecode", decoding)
    monkeypatch.setattr(keyframes, "describe_image", describing)
    monkeypatch.setattr(sighting, "describe_image", describing)
    jpeg = encode_jpeg(poster(seed=1, width_px=size_px[0], height_px=size_px[1]))

    prescore(jpeg)

    assert sum(decoded_px) < 1280 * 960
    # A compilation of the same describes ten keyframes and some sixty crops.
    assert len(described_px) <= 2 + 2 * PRESCORE.quality_views
    assert sum(described_px) < 10 * 256**2


def test_a_quick_guess_loads_no_compiler_of_nft_files(tmp_path: Path) -> None:
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(encode_jpeg(poster(seed=1)))
    code = (
        "import sys; from markers.compiler.__main__ import main; main(sys.argv[1:]);"
        "sys.exit('markers.compiler.nft' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, str(picture), "--quick"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0
    assert "stars" in done.stdout


@pytest.mark.parametrize(
    ("place", "codes"),
    [
        ((20, 20), {"few_details_lower_half", "few_details_right_half"}),
        ((340, 460), {"few_details_upper_half", "few_details_left_half"}),
    ],
)
def test_an_empty_half_is_named(place: tuple[int, int], codes: set[str]) -> None:
    reasons = analyze_image(encode_png(in_a_part(*place))).reasons

    halves = {reason for reason in reasons if reason.startswith("few_details")}
    assert halves == codes


@pytest.mark.parametrize("place", [(20, 20), (340, 460)], ids=["at the top", "at the bottom"])
def test_a_quick_guess_sees_what_stands_in_a_corner(place: tuple[int, int]) -> None:
    picture = encode_png(in_a_part(*place))

    assert prescore(picture).score > analyze_image(picture).score / 3


def test_a_blurred_picture_is_called_blurred_and_a_sharp_one_is_not() -> None:
    options = replace(ROBUST, enhance=False)
    faint = np.rint(poster(seed=1) * 0.12 + 110).astype(np.uint8)
    blurred = cv2.GaussianBlur(poster(seed=1), (0, 0), 9).astype(np.uint8)

    assert "blurred" in analyze_image(encode_png(blurred), options).reasons
    assert "blurred" not in analyze_image(encode_png(faint), options).reasons


def test_a_page_of_letters_is_mostly_text_and_dots_are_not() -> None:
    dots = flat(colour=(250, 250, 250))
    for x in range(20, 800, 40):
        for y in range(20, 600, 40):
            cv2.circle(dots, (x, y), 10, (0, 0, 0), -1, cv2.LINE_AA)

    assert "mostly_text" not in analyze_image(encode_png(dots)).reasons
    assert "mostly_text" in analyze_image(encode_png(letters())).reasons


def test_a_small_file_is_called_small() -> None:
    small = in_a_part(20, 20)[::4, ::4].copy()

    assert "too_small" in analyze_image(encode_png(small)).reasons


def test_each_reason_comes_with_one_sentence_of_advice() -> None:
    for code, advice in REASONS.items():
        assert code == code.lower()
        assert advice.endswith(".")


def test_the_heat_map_glows_where_the_detail_is() -> None:
    data = heat_map(encode_png(in_a_part(20, 20)))

    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert pixels.shape == (600, 800, 3)
    colourful = np.ptp(pixels.astype(int), axis=2)
    assert colourful[60:220, 60:300].mean() > 5 * colourful[400:, 500:].mean()
    assert pixels[60:220, 60:300].mean() > 0


def test_more_contrast_is_kept_where_the_plain_picture_is_found_more_often_by_it() -> None:
    picture = encode_png(grain(cell_px=3, seed=4))
    plain = compile_target(picture, replace(ROBUST, enhance=False))

    tried = compile_target(picture)

    assert tried.quality_report["enhanced"]
    assert tried.quality_report["score_plain"] == plain.quality_score < tried.quality_score
    assert tried.mind != plain.mind
    (kept,), (before,) = parse_mind(tried.mind), parse_mind(plain.mind)
    for one, other in zip(kept.tracking, before.tracking, strict=True):
        assert np.array_equal(one.pixels, other.pixels)  # it is followed by what is printed


def test_more_contrast_is_kept_only_where_the_score_of_the_plain_picture_rises() -> None:
    for contrast in (0.05, 0.08, 0.12, 1.0):
        picture = encode_png(np.rint(poster(seed=2) * contrast + 110 * (1 - contrast)).astype("u1"))
        try:
            plain = compile_target(picture, replace(ROBUST, enhance=False))
        except UnusableImage:
            continue

        tried = compile_target(picture)

        if tried.quality_report["enhanced"]:
            assert tried.quality_score > plain.quality_score
            assert tried.quality_report["score_plain"] == plain.quality_score
        else:
            assert tried.mind == plain.mind


def test_enhancing_spreads_the_greys_and_leaves_its_picture_alone() -> None:
    pale = (gray_poster() // 8 + 100).astype(np.uint8)
    before = pale.copy()

    clearer = enhance_contrast(pale)

    assert clearer.std() > 1.5 * pale.std()
    assert np.array_equal(pale, before)


@settings(deadline=None, max_examples=25, suppress_health_check=NOISY)
@given(
    pixels=arrays.arrays(
        st.sampled_from([np.uint8, np.uint16]),
        st.one_of(
            st.tuples(st.integers(1, 260), st.integers(1, 260)),
            st.tuples(st.integers(1, 260), st.integers(1, 260), st.sampled_from([3, 4])),
        ),
        fill=st.integers(0, 255),
    ),
    seed=st.none() | st.integers(0, 2**32),
)
def test_any_array_gives_a_target_that_parses_back_or_a_reason(
    pixels: NDArray[np.uint8], seed: int | None
) -> None:
    if seed is not None:  # noise gives points, as drawn numbers seldom do
        pixels = np.random.default_rng(seed).integers(0, 256, pixels.shape).astype(pixels.dtype)
    done, data = cv2.imencode(".png", pixels)
    assert done
    try:
        made = compile_target(data.tobytes(), replace(ROBUST, quality_views=1))
    except UnusableImage:
        return
    (target,) = parse_mind(made.mind)
    assert (target.height_px, target.width_px) == pixels.shape[:2]
