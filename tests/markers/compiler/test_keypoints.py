import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markers.compiler.arrays import GrayImage
from markers.compiler.keypoints import (
    BUCKETS,
    Keypoints,
    find_keypoints,
    image_to_octave,
    join_keypoints,
    octave_to_image,
    thin_keypoints,
)
from markers.compiler.pyramid import build_pyramid
from tests.markers.compiler.builders import blob, gray_poster


def keypoints_of(gray: GrayImage) -> Keypoints:
    return find_keypoints(build_pyramid(gray))


def random_keypoints(rng: np.random.Generator, count: int) -> Keypoints:
    return Keypoints(
        rng.uniform(0, 100, (count, 2)).astype(np.float32),
        rng.integers(1, 4, count, dtype=np.int32),
        rng.random(count) < 0.5,
        rng.integers(3, 9, count).astype(np.float32),  # whole numbers: many ties
    )


@settings(deadline=None, max_examples=25)
@given(x=st.floats(40, 56), y=st.floats(40, 56), height=st.sampled_from([-100.0, 100.0]))
def test_a_spot_is_found_at_its_centre(x: float, y: float, height: float) -> None:
    found = keypoints_of(blob(x=x, y=y, height=height))

    strongest = found.take(np.array([np.argmax(found.scores)]))
    assert np.abs(strongest.points_px - [x, y]).max() < 0.5
    assert bool(strongest.is_maximum[0]) == (height > 0)


def test_a_larger_spot_is_found_in_a_higher_octave() -> None:
    octaves = []
    for sigma_px in (2, 4, 8):
        found = keypoints_of(blob(x=64, y=64, sigma_px=sigma_px, size_px=128))
        octaves.append(int(found.octaves[np.argmax(found.scores)]))

    assert octaves == [1, 2, 3]


@settings(deadline=None, max_examples=15)
@given(columns=st.integers(0, 2), rows=st.integers(0, 2), seed=st.integers(0, 5))
def test_a_shifted_picture_shifts_its_keypoints(columns: int, rows: int, seed: int) -> None:
    width_px, height_px, most_px, margin_px = 448, 416, 32, 112
    scene = gray_poster(seed=seed, width_px=width_px + most_px, height_px=height_px + most_px)
    dx, dy = 16 * columns, 16 * rows  # whole pixels of every octave
    here = scene[most_px:, most_px:]
    there = scene[most_px - dy :, most_px - dx :][:height_px, :width_px]

    first, second = keypoints_of(here), keypoints_of(there)

    # Far enough from the borders, where both see the same.
    far = np.array([width_px, height_px]) - margin_px - most_px
    is_inner = np.all((first.points_px > margin_px) & (first.points_px < far), axis=1)
    wanted = first.points_px[is_inner] + np.array([dx, dy])
    gaps = np.abs(wanted[:, None] - second.points_px[None]).max(axis=2)
    assert len(wanted) > 5
    assert gaps.min(axis=1).max() < 1e-2


def test_a_negative_swaps_bright_and_dark() -> None:
    gray = gray_poster()

    found, swapped = keypoints_of(gray), keypoints_of(255 - gray)

    assert np.allclose(found.points_px, swapped.points_px, atol=0.02)
    assert np.array_equal(found.is_maximum, ~swapped.is_maximum)


@pytest.mark.parametrize(
    "gray",
    [
        np.full((100, 120), 90, np.uint8),
        np.tile(np.linspace(0, 255, 120), (100, 1)).astype(np.uint8),
        np.zeros((8, 8), np.uint8),
        np.zeros((1, 1), np.uint8),
        np.tile(np.repeat(np.array([0, 255], np.uint8), 60), (100, 1)),
    ],
    ids=["flat", "gradient", "tiny", "one pixel", "straight edge"],
)
def test_nothing_is_found_where_nothing_is(gray: GrayImage) -> None:
    assert len(keypoints_of(gray)) == 0


@settings(deadline=None, max_examples=30)
@given(count=st.integers(0, 300), seed=st.integers(0, 2**32), per_bucket=st.integers(1, 5))
def test_thinning_keeps_the_strongest_of_each_field(count: int, seed: int, per_bucket: int) -> None:
    points = random_keypoints(np.random.default_rng(seed), count)

    kept = thin_keypoints(points, width_px=100, height_px=100, per_bucket=per_bucket)

    def field_scores(of: Keypoints) -> dict[tuple[int, ...], list[float]]:
        fields: dict[tuple[int, ...], list[float]] = {}
        for point, score in zip(of.points_px, of.scores, strict=True):
            fields.setdefault(tuple((point * BUCKETS / 100).astype(int)), []).append(float(score))
        return fields

    wanted = {f: sorted(s)[-per_bucket:] for f, s in field_scores(points).items()}
    assert {field: sorted(scores) for field, scores in field_scores(kept).items()} == wanted


def test_of_equals_the_earlier_are_kept() -> None:
    points = Keypoints(
        np.array([[5, 5], [6, 6], [7, 7]], np.float32),
        np.array([1, 1, 1], np.int32),
        np.array([True, True, True]),
        np.array([4, 4, 4], np.float32),
    )

    kept = thin_keypoints(points, width_px=100, height_px=100, per_bucket=2)

    assert kept.points_px.tolist() == [[5, 5], [6, 6]]


@settings(max_examples=30)
@given(count=st.integers(0, 20), seed=st.integers(0, 2**32))
def test_octave_coordinates_come_back(count: int, seed: int) -> None:
    points = random_keypoints(np.random.default_rng(seed), count)

    there = image_to_octave(points.points_px, points.octaves)

    assert np.allclose(octave_to_image(there, points.octaves), points.points_px, atol=1e-4)


def test_the_first_pixel_of_an_octave_lies_amid_those_it_stands_for() -> None:
    origin = np.zeros((3, 2), np.float32)

    places = octave_to_image(origin, np.array([1, 2, 3], np.int32))

    assert places.tolist() == [[0.5, 0.5], [1.5, 1.5], [3.5, 3.5]]


def test_joining_nothing_gives_no_points() -> None:
    assert len(join_keypoints([])) == 0
