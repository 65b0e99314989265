import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markers.compiler.arrays import GrayImage
from markers.compiler.tracking import SPACING_SHARE, TEMPLATE_HALF_PX, select_tracking_points
from tests.markers.compiler.builders import gray_poster


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 1000), width_px=st.integers(128, 300), height_px=st.integers(128, 300))
def test_places_keep_their_distance_from_each_other_and_from_the_border(
    seed: int, width_px: int, height_px: int
) -> None:
    image = gray_poster(seed=seed, width_px=width_px, height_px=height_px)

    points = select_tracking_points(image)

    gaps = np.linalg.norm(points[:, None] - points[None], axis=2)[np.triu_indices(len(points), 1)]
    assert len(points) > 4
    assert points.min() >= TEMPLATE_HALF_PX
    assert np.all(points < np.array([width_px, height_px]) - TEMPLATE_HALF_PX)
    assert gaps.min() >= SPACING_SHARE * min(width_px, height_px)


@pytest.mark.parametrize(
    "image",
    [
        np.full((128, 160), 80, np.uint8),
        np.tile(np.linspace(0, 255, 160), (128, 1)).astype(np.uint8),
        np.tile(np.repeat(np.array([20, 220], np.uint8), 80), (128, 1)),
        np.tile(np.repeat(np.arange(8, dtype=np.uint8) % 2 * 200, 20), (128, 1)),
    ],
    ids=["flat", "gradient", "edge", "stripes"],
)
def test_nothing_is_chosen_where_all_would_slide(image: GrayImage) -> None:
    assert select_tracking_points(image).shape == (0, 2)


def test_a_corner_is_chosen_before_a_repeated_one() -> None:
    image = np.full((128, 128), 120, np.uint8)
    repeated = np.indices((128, 64)) // 4 % 2
    image[:, 64:] = np.where(repeated.all(axis=0), 190, 90)
    image[80:95, 20:35] = 255  # one that has no like

    x, y = select_tracking_points(image)[0]

    assert 14 <= x <= 41
    assert 74 <= y <= 101
