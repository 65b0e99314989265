"""Each reason is given for a picture drawn to have it, and not for one that lacks nothing else."""

import numpy as np
import pytest

from markers.compiler import REASONS, analyze_image
from markers.compiler.reasons import ASPECT_LONG, SHORT_SIDE_SMALL_PX
from tests.markers.compiler.builders import grain
from tests.pictures import RgbPicture, encode_png, poster


def pale(share: float) -> RgbPicture:
    return np.asarray(np.rint(poster(seed=2) * share + 110 * (1 - share)), np.uint8)


def strip(aspect: float) -> RgbPicture:
    return poster(seed=1, width_px=round(300 * aspect), height_px=300)


def reasons_of(picture: RgbPicture) -> tuple[str, ...]:
    return analyze_image(encode_png(picture)).reasons


def test_fine_grain_is_hard_to_follow_and_lost_when_small() -> None:
    reasons = reasons_of(grain())

    assert {"few_tracking_points", "lost_when_small"} <= set(reasons)
    assert "lost_when_tilted" not in reasons


def test_a_pale_picture_is_lost_when_tilted_but_not_hard_to_follow() -> None:
    reasons = reasons_of(pale(0.16))

    assert "lost_when_tilted" in reasons
    assert "few_tracking_points" not in reasons


@pytest.mark.parametrize("turned", [False, True], ids=["lying", "upright"])
def test_a_long_narrow_picture_is_called_elongated(turned: bool) -> None:
    picture = strip(3.5)

    assert "elongated" in reasons_of(np.rot90(picture).copy() if turned else picture)


def test_a_picture_that_is_poor_and_not_long_is_not_called_elongated() -> None:
    assert "elongated" not in reasons_of(pale(0.16))


def test_advice_names_the_numbers_that_are_asked_for() -> None:
    assert f"at least {SHORT_SIDE_SMALL_PX} pixels on its short side" in REASONS["too_small"]
    assert f"less than {ASPECT_LONG} times" in REASONS["elongated"]
