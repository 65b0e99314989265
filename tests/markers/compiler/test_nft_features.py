"""Points of jsartoolkitNFT's kind: where they are, which way they look, what they look like."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markers.compiler.arrays import GrayImage
from markers.compiler.nft.extrema import find_extrema
from markers.compiler.nft.freak import describe, find_directions
from markers.compiler.nft.keypoints import Keypoints, refine_extrema, strongest_of_fields
from markers.compiler.nft.pyramid import Stack
from tests.markers.compiler.builders import blob, gray_poster

TURN = 2 * np.pi


def one_image(gray: GrayImage) -> tuple[Stack, Keypoints]:
    stack = Stack([gray])
    return stack, find_keypoints(stack)


def find_keypoints(stack: Stack) -> Keypoints:
    return refine_extrema(find_extrema(stack))[1]


def in_image_zero(keypoints: Keypoints) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.zeros(len(keypoints), np.int32)


def strongest(keypoints: Keypoints) -> Keypoints:
    return keypoints.take(np.argsort(-keypoints.scores)[:1])


@settings(max_examples=25, deadline=None)
@given(
    x=st.floats(40, 55),
    y=st.floats(40, 55),
    sigma_px=st.floats(2, 7),
    height=st.sampled_from([-110.0, 110.0]),
)
def test_a_spot_is_found_at_its_place_with_its_size(
    x: float, y: float, sigma_px: float, height: float
) -> None:
    _, keypoints = one_image(blob(x=x, y=y, sigma_px=sigma_px, height=height))

    (place,) = strongest(keypoints).points_px
    (is_maximum,) = strongest(keypoints).is_maximum
    assert np.abs(place - (x, y)).max() < 0.7  # a drawn spot is of whole greys
    assert is_maximum == (height > 0)


def test_a_larger_spot_is_a_larger_point() -> None:
    sizes = [
        float(strongest(one_image(blob(x=48, y=48, sigma_px=sigma))[1]).sigmas_px[0])
        for sigma in (2, 3, 4, 6, 8)
    ]

    assert sizes == sorted(sizes)
    assert 3 < sizes[-1] / sizes[0] < 5


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (8, 8), (16, 16), (17, 31)])
def test_a_small_image_has_no_points_and_breaks_nothing(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)

    keypoints = find_keypoints(Stack([noise]))

    assert len(keypoints) <= shape[0] * shape[1] / 9


def test_an_even_image_has_no_points() -> None:
    assert len(find_keypoints(Stack([np.full((200, 200), 90, np.uint8)]))) == 0


def test_points_are_thinned_to_the_strongest_of_each_field() -> None:
    _, keypoints = one_image(gray_poster())

    rows = strongest_of_fields(
        keypoints,
        in_image_zero(keypoints),
        sizes_px=np.array([[320, 240]], np.int32),
        per_bucket=2,
    )

    fields = (keypoints.points_px // (32, 24)).clip(0, 9)
    counts = np.unique(fields[rows], axis=0, return_counts=True)[1]
    assert counts.max() == 2
    for field in np.unique(fields[rows], axis=0):
        here = np.flatnonzero((fields == field).all(axis=1))
        best = np.sort(keypoints.scores[here])[-2:]
        assert np.array_equal(np.sort(keypoints.scores[np.intersect1d(rows, here)]), best)


def test_images_are_thinned_apart() -> None:
    _, keypoints = one_image(gray_poster())
    twice = keypoints.take(np.tile(np.arange(len(keypoints)), 2))
    images = np.repeat(np.arange(2, dtype=np.int32), len(keypoints))

    rows = strongest_of_fields(
        twice, images, sizes_px=np.array([[320, 240]] * 2, np.int32), per_bucket=3
    )

    first, second = rows[images[rows] == 0], rows[images[rows] == 1]
    assert np.array_equal(first + len(keypoints), second)


def test_a_point_is_described_alike_when_the_picture_is_turned_by_a_quarter() -> None:
    gray = gray_poster(seed=4, width_px=256, height_px=256)
    (stack, keypoints), (turned_stack, turned_keypoints) = map(
        one_image, (gray, np.ascontiguousarray(np.rot90(gray)))
    )
    expected = np.stack([keypoints.points_px[:, 1], 255 - keypoints.points_px[:, 0]], axis=1)
    gaps = np.linalg.norm(expected[:, None] - turned_keypoints.points_px, axis=2)
    is_inner = np.abs(keypoints.points_px - 127.5).max(axis=1) < 60
    rows = np.flatnonzero((gaps.min(axis=1) < 0.2) & is_inner & (keypoints.sigmas_px < 3))
    partners = gaps.argmin(axis=1)[rows]

    same = 0
    for here, there in zip(rows, partners, strict=True):
        one, other = keypoints.take(np.array([here])), turned_keypoints.take(np.array([there]))
        angles = find_directions(stack, in_image_zero(one), one).angles_rad
        turned_angles = find_directions(turned_stack, in_image_zero(other), other).angles_rad
        off = (turned_angles[:, None] + TURN / 4 - angles[None, :] + np.pi) % TURN - np.pi
        first, second = np.unravel_index(np.abs(off).argmin(), off.shape)
        assert abs(off[first, second]) < 0.05
        bits = np.bitwise_count(
            describe(stack, in_image_zero(one), one, angles[second : second + 1])
            ^ describe(turned_stack, in_image_zero(other), other, turned_angles[first : first + 1])
        ).sum()
        same += bits < 40
    assert len(rows) > 20
    assert same > 0.9 * len(rows)


def test_directions_point_to_where_it_is_darker() -> None:
    columns = np.linspace(0, 255, 64)
    ramp = np.tile(columns, (64, 1)).astype(np.uint8)
    point = Keypoints(
        np.array([[32, 32]], np.float32),
        np.array([2], np.float32),
        np.array([True]),
        np.array([3], np.float32),
    )

    found = [
        find_directions(Stack([image]), in_image_zero(point), point).angles_rad
        for image in (ramp, ramp.T.copy(), 255 - ramp)
    ]

    for angles, expected in zip(found, (np.pi, 1.5 * np.pi, 0), strict=True):
        assert np.abs((angles - expected + np.pi) % TURN - np.pi).max() < 0.1


def test_a_symmetric_point_has_two_directions() -> None:
    columns = np.abs(np.linspace(-255, 255, 65))
    ridge = np.tile(columns, (65, 1)).astype(np.uint8)
    point = Keypoints(
        np.array([[32, 32]], np.float32),
        np.array([2], np.float32),
        np.array([False]),
        np.array([3], np.float32),
    )

    directions = find_directions(Stack([ridge]), in_image_zero(point), point)

    assert directions.rows.tolist() == [0, 0]
    gap = abs(directions.angles_rad[0] - directions.angles_rad[1])
    assert gap == pytest.approx(np.pi, abs=0.1)


def test_no_points_have_no_directions() -> None:
    stack, keypoints = one_image(gray_poster())
    none = keypoints.take(np.empty(0, np.int64))

    directions = find_directions(stack, in_image_zero(none), none)

    assert len(directions.rows) == len(directions.angles_rad) == 0


def test_descriptors_know_nothing_of_the_other_images_in_the_stack() -> None:
    gray, other = gray_poster(seed=1), gray_poster(seed=2, width_px=200, height_px=300)
    alone, keypoints = one_image(gray)
    both = Stack([other, gray])
    angles = np.linspace(0, 6, len(keypoints)).astype(np.float32)

    first = describe(alone, in_image_zero(keypoints), keypoints, angles)
    second = describe(both, in_image_zero(keypoints) + 1, keypoints, angles)

    assert np.array_equal(first, second)
    assert np.array_equal(
        find_directions(alone, in_image_zero(keypoints), keypoints).angles_rad,
        find_directions(both, in_image_zero(keypoints) + 1, keypoints).angles_rad,
    )


@settings(max_examples=30)
@given(
    sigma=st.floats(0.25, 60, width=32),
    size=st.integers(32, 200),
)
def test_every_width_is_read_from_an_image_that_is_there(sigma: float, size: int) -> None:
    stack = Stack([np.zeros((size, size), np.uint8)])

    levels, octaves = stack.locate(np.zeros(1, np.int32), np.array([sigma], np.float32))

    assert 0 <= octaves[0] < stack.counts[0]
    assert 0 <= levels[0] < 3 * stack.counts[0]
    assert levels[0] // 3 == octaves[0]
    blur_px = 2 ** (levels[0] // 3 + levels[0] % 3 / 2)
    if 1 <= sigma < 2 ** (stack.counts[0] - 1):
        assert 2**-0.26 < blur_px / sigma < 2**0.26
