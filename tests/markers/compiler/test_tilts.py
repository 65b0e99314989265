"""Keyframes of the picture seen from the side."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markers.compiler.clusters import hamming_distances
from markers.compiler.features import describe_image
from markers.compiler.options import ROBUST
from markers.compiler.pyramid import AreaSampler
from markers.compiler.tilts import make_tilt_keyframes, squeeze, tilt_scales
from tests.markers.compiler.builders import blob, gray_poster


@settings(deadline=None, max_examples=30)
@given(
    turn=st.floats(0, np.pi),
    factor=st.floats(0.4, 0.9),
    x=st.floats(24, 72),
    y=st.floats(24, 72),
)
def test_a_spot_is_where_the_squeeze_says(turn: float, factor: float, x: float, y: float) -> None:
    squeezed, to_squeezed = squeeze(blob(x=x, y=y), direction_rad=turn, factor=factor)

    weights = squeezed.astype(np.float64) - 128
    weights[weights < 10] = 0
    rows, columns = np.indices(weights.shape)
    seen = np.array([(weights * columns).sum(), (weights * rows).sum()]) / weights.sum()
    assert seen == pytest.approx(to_squeezed @ (x, y, 1), abs=0.15)


@pytest.mark.parametrize("turn_deg", [0, 30, 90, 135])
def test_lengths_shrink_only_along_the_direction(turn_deg: float) -> None:
    turn = np.radians(turn_deg)
    _, to_squeezed = squeeze(blob(x=48, y=48), direction_rad=turn, factor=0.6)

    along, aside = (np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))
    assert np.linalg.norm(to_squeezed[:, :2] @ along) == pytest.approx(0.6)
    assert np.linalg.norm(to_squeezed[:, :2] @ aside) == pytest.approx(1)


def test_an_even_image_stays_even() -> None:
    squeezed, _ = squeeze(np.full((60, 80), 137, np.uint8), direction_rad=0.7, factor=0.6)

    assert np.all(squeezed == 137)


def test_points_of_a_tilted_view_are_found_in_a_tilted_keyframe_and_not_in_the_flat_one() -> None:
    gray = gray_poster(seed=3, width_px=480, height_px=360)
    sampler = AreaSampler(gray, width_px=480, height_px=360)
    keyframes = make_tilt_keyframes(sampler, width_px=480, height_px=360, options=ROBUST)
    flat = describe_image(sampler.at(keyframes[1].scale), per_bucket=5)
    # Half as wide: a view from 60 degrees, about an upright axis.
    view = cv2.resize(gray, (150, 225), interpolation=cv2.INTER_AREA).astype(np.uint8)
    seen = describe_image(view, per_bucket=5)

    def found(points_px: np.ndarray, descriptors: np.ndarray, scale: float) -> int:
        places = (points_px + 0.5) / scale * (150 / 480, 225 / 360) - 0.5
        bits = hamming_distances(seen.descriptors, descriptors)
        gaps_px = np.linalg.norm(seen.points_px - places[bits.argmin(axis=1)], axis=1)
        return int(((gaps_px < 3) & (bits.min(axis=1) < 150)).sum())

    both = (keyframes[0].maxima, keyframes[0].minima)
    from_the_side = found(
        np.concatenate([kind.points_px for kind in both]),
        np.concatenate([kind.descriptors for kind in both]),
        keyframes[0].scale,
    )
    assert from_the_side > 1.5 * found(flat.points_px, flat.descriptors, keyframes[1].scale)


@pytest.mark.parametrize("size_px", [(100, 100), (480, 120), (800, 600), (3000, 4000)])
def test_tilted_keyframes_are_no_larger_than_others_may_be(size_px: tuple[int, int]) -> None:
    width_px, height_px = size_px

    scales = tilt_scales(width_px=width_px, height_px=height_px, options=ROBUST)

    assert len(scales) == ROBUST.tilt_directions
    assert max(scales) * max(size_px) <= ROBUST.keyframe_long_side_max_px + 1e-6
