import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markers.compiler.arrays import GrayImage
from markers.compiler.clusters import hamming_distances
from markers.compiler.features import Features, describe_image
from markers.compiler.freak import BITS, PATTERN, describe, find_directions, pack_bits
from markers.compiler.keypoints import Keypoints
from markers.compiler.pyramid import build_pyramid
from tests.markers.compiler.builders import gray_poster


def features_of(gray: GrayImage) -> Features:
    return describe_image(gray, per_bucket=5)


def one_keypoint(x: float, y: float, octave: int = 1) -> Keypoints:
    return Keypoints(
        np.array([[x, y]], np.float32),
        np.array([octave], np.int32),
        np.array([True]),
        np.array([5], np.float32),
    )


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_picture_has_the_same_descriptors_at_turned_points(quarters: int) -> None:
    gray = gray_poster(width_px=256, height_px=256)

    here, there = features_of(gray), features_of(np.rot90(gray, -quarters).copy())

    places = here.points_px
    for _ in range(quarters):
        places = np.stack([255 - places[:, 1], places[:, 0]], axis=1)
    gaps = np.linalg.norm(places[:, None] - there.points_px[None], axis=2)
    gaps += 100 * (here.sizes[:, None] != there.sizes[None])
    partners, has_partner = gaps.argmin(axis=1), gaps.min(axis=1) < 0.01
    bits = hamming_distances(here.descriptors, there.descriptors)
    differing = bits[np.arange(len(here)), partners][has_partner]
    turns = there.angles_rad[partners][has_partner] - here.angles_rad[has_partner]
    off = np.angle(np.exp(1j * (turns - quarters * np.pi / 2)))
    # Directions start at a pixel's whole number, so points between pixels turn a little otherwise.
    assert has_partner.mean() > 0.9
    assert np.median(differing) <= 0.05 * BITS
    assert np.median(np.abs(off)) < 0.1


@given(
    angle_rad=st.floats(-np.pi + 0.01, np.pi - 0.01),
    octave=st.integers(1, 2),
)
def test_the_direction_is_that_of_growing_brightness(angle_rad: float, octave: int) -> None:
    rows, columns = np.mgrid[:128, :128] - 63.5
    ramp = 128 + 1.2 * (np.cos(angle_rad) * columns + np.sin(angle_rad) * rows)
    pyramid = build_pyramid(np.clip(np.rint(ramp), 0, 255).astype(np.uint8))

    direction = find_directions(pyramid, one_keypoint(63.5, 63.5, octave))[0]

    assert abs(np.angle(np.exp(1j * (direction - angle_rad)))) < 0.06


def test_bits_compare_pairs_in_order_from_the_highest() -> None:
    samples = np.zeros((1, 37))
    samples[0, 1] = -1  # the first pair alone is not "first darker than second"
    samples[0, 2:] = 5

    bits = np.unpackbits(pack_bits(samples), axis=1)[0]

    assert bits[0] == 0  # 0 and 1
    assert np.all(bits[1:BITS] == 1)
    assert np.all(bits[BITS:] == 0)


def test_a_first_sample_brighter_by_less_than_the_bias_counts_as_darker() -> None:
    just, too_much = np.zeros((1, 37)), np.zeros((1, 37))
    just[0, 0], too_much[0, 0] = 0.009, 0.011

    assert np.unpackbits(pack_bits(just))[0] == 1
    assert np.unpackbits(pack_bits(too_much))[0] == 0


def test_the_pattern_is_six_rings_of_six_and_a_centre() -> None:
    radii = np.linalg.norm(PATTERN, axis=1)

    assert np.allclose(radii[:36].reshape(6, 6), radii[:36:6][:, None])
    assert np.all(np.diff(radii[:36:6]) < 0)
    assert radii[0] == pytest.approx(7)
    assert radii[36] == 0
    assert np.allclose(PATTERN[0], [-7, 0])


@given(gain=st.floats(0.7, 1.0), offset=st.integers(0, 40))
def test_light_hardly_changes_a_descriptor(gain: float, offset: int) -> None:
    gray = gray_poster(width_px=160, height_px=120)
    lit = np.rint(gray * gain * 0.8 + offset).astype(np.uint8)
    keypoints = one_keypoint(80, 60, 2)
    angles = np.zeros(1, np.float32)

    here = describe(build_pyramid(gray), keypoints, angles)
    there = describe(build_pyramid(lit), keypoints, angles)

    assert hamming_distances(here, there)[0, 0] < 0.05 * BITS


def test_no_points_give_no_descriptors() -> None:
    features = features_of(np.full((64, 64), 7, np.uint8))

    assert features.descriptors.shape == (0, 84)
    assert features.angles_rad.shape == (0,)


def test_a_point_at_the_border_is_described() -> None:
    pyramid = build_pyramid(gray_poster())
    corner = one_keypoint(0, 0)

    descriptor = describe(pyramid, corner, find_directions(pyramid, corner))

    assert descriptor.shape == (1, 84)
