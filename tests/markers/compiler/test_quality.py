import json
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from markers.compiler.decode import decode_picture, to_gray
from markers.compiler.encode import parse_mind
from markers.compiler.pyramid import AreaSampler
from markers.compiler.quality import Quality, certainty_of, measure_quality, observe, stars_of
from markers.compiler.reasons import REASONS
from markers.compiler.sighting import Sighting
from markers.compiler.views import (
    FRAME_HEIGHT_PX,
    FRAME_WIDTH_PX,
    SITUATIONS,
    View,
    simulate_views,
)
from tests.markers.compiler.builders import checkerboard, compiled
from tests.pictures import RgbPicture, encode_png, poster


def views_of(gray: NDArray[np.uint8], *, count: int = 18, seed: int = 1) -> list[View]:
    height_px, width_px = gray.shape
    sampler = AreaSampler(gray, width_px=width_px, height_px=height_px)
    views = simulate_views(
        sampler, width_px=width_px, height_px=height_px, count=count, seed=seed, finer=2
    )
    return list(views)


def test_a_rich_picture_scores_well() -> None:
    target = compiled(encode_png(poster(seed=1)))

    assert target.quality_score >= 70
    assert target.quality_report["detect_rate"] >= 0.8


def test_a_fainter_picture_scores_less_and_is_told_why() -> None:
    rich = poster(seed=1)
    faint = np.rint(rich * 0.12 + 110).astype(np.uint8)

    worse = compiled(encode_png(faint))

    assert worse.quality_score < compiled(encode_png(rich)).quality_score - 10
    assert "low_contrast" in worse.quality_report["reasons"]


def test_a_picture_blurred_away_has_few_points() -> None:
    blurred = cv2.GaussianBlur(poster(seed=1), (0, 0), 12).astype(np.uint8)

    assert "few_points" in compiled(encode_png(blurred)).quality_report["reasons"]


def test_a_checkerboard_is_repetitive_and_never_found() -> None:
    target = compiled(encode_png(checkerboard()))

    assert target.quality_score <= 5
    assert "repetitive" in target.quality_report["reasons"]


def test_points_in_one_corner_are_clustered() -> None:
    picture = np.full((600, 800, 3), 200, np.uint8)
    picture[20:220, 20:260] = poster(seed=4, width_px=240, height_px=200)

    report = compiled(encode_png(picture)).quality_report

    assert report["coverage"] < 0.3
    assert "clustered" in report["reasons"]


@pytest.mark.parametrize("draw", [lambda: poster(seed=1), checkerboard], ids=["poster", "checkers"])
def test_the_report_is_json_with_known_reasons(draw: Callable[[], RgbPicture]) -> None:
    target = compiled(encode_png(draw()))

    report = json.loads(json.dumps(target.quality_report))
    assert report == target.quality_report
    assert set(report["reasons"]) <= set(REASONS)
    assert 0 <= target.quality_score <= 100


def test_views_go_through_all_situations() -> None:
    views = views_of(to_gray(poster(seed=2)), count=2 * len(SITUATIONS))

    assert [view.situation for view in views] == [*SITUATIONS, *SITUATIONS]
    assert sum(view.is_small for view in views) == 2
    assert sum(view.is_tilted for view in views) == 2


def quality_of(picture: RgbPicture, views: list[View]) -> Quality:
    data = encode_png(picture)
    (target,) = parse_mind(compiled(data).mind)
    return measure_quality(target, observe(views, crops=9), picture=decode_picture(data))


def test_a_pose_that_is_not_where_the_picture_is_does_not_count() -> None:
    picture = poster(seed=1)
    views = views_of(to_gray(picture))
    shift = np.array([[1, 0, 60], [0, 1, 0], [0, 0, 1.0]])
    moved = [replace(view, truth=shift @ view.truth) for view in views]

    assert quality_of(picture, views).score > 50
    assert quality_of(picture, moved).score == 0


def test_without_views_there_is_no_score() -> None:
    assert quality_of(poster(seed=1), []).score == 0


def test_what_no_view_shows_is_no_reason() -> None:
    picture = poster(seed=1)

    report = quality_of(picture, views_of(to_gray(picture), count=1)).report

    assert report["detect_rate_small"] == report["detect_rate_tilted"] == 1.0
    assert report["reasons"] == []


def test_stars_grow_with_the_score_from_none_to_five() -> None:
    stars = [stars_of(score) for score in range(101)]

    assert stars == sorted(stars)
    assert (stars[0], stars[19], stars[20], stars[89], stars[90]) == (0, 0, 1, 4, 5)
    assert set(stars) == {0, 1, 2, 3, 4, 5}


def test_a_view_shows_the_picture_where_its_truth_says() -> None:
    gray = np.full((300, 400), 20, np.uint8)
    spot = np.array([[[130.0, 170.0]]])  # the middle of a bright square
    gray[160:180, 120:140] = 250

    for view in views_of(gray, count=12):
        (x, y), *_ = cv2.perspectiveTransform(spot, view.truth)[0]
        left, top = (spot[0, 0] - 40).tolist()
        ((dark_x, dark_y),) = cv2.perspectiveTransform(np.array([[[left, top]]]), view.truth)[0]
        assert view.gray.shape == (FRAME_HEIGHT_PX, FRAME_WIDTH_PX)
        assert view.gray[round(y), round(x)] > view.gray[round(dark_y), round(dark_x)] + 60


def test_a_view_shows_the_picture_as_far_as_its_corners() -> None:
    white = np.full((300, 400), 255, np.uint8)

    for view in views_of(white, count=12):
        inside = np.zeros(view.gray.shape, np.uint8)
        cv2.fillConvexPoly(inside, np.rint(view.corners).astype(np.int32), 1)
        inside = cv2.erode(inside, np.ones((9, 9), np.uint8)).astype(np.uint8)
        seen = view.gray[inside > 0]
        assert len(seen) > 1000
        assert seen.mean() > 175
        assert seen.std() < 20


def test_each_match_and_each_place_held_makes_a_sighting_surer() -> None:
    (view,) = views_of(to_gray(poster(seed=2)), count=1)

    def certainty(inliers: int, held: int) -> float:
        return certainty_of(Sighting(view, seen=200, matched=60, inliers=inliers, held=held))

    by_inliers = [certainty(inliers, 8) for inliers in range(6, 30)]
    by_held = [certainty(8, held) for held in range(3, 24)]
    assert by_inliers == sorted(set(by_inliers))
    assert by_held == sorted(set(by_held))
    assert certainty(4, 20) == certainty(20, 2) == 0
    assert 0.95 < certainty(30, 24) <= 1


def test_the_same_seed_gives_the_same_views() -> None:
    gray = to_gray(poster(seed=2))

    first, again, other = (views_of(gray, count=2, seed=seed) for seed in (1, 1, 2))

    assert np.array_equal(first[1].gray, again[1].gray)
    assert not np.array_equal(first[1].gray, other[1].gray)
