"""How a target is looked for in a frame: matches that agree, a right pose, and a tracker's hold."""

from dataclasses import replace

import cv2
import numpy as np

from markers.compiler.compile import build_target
from markers.compiler.decode import decode_picture, to_gray
from markers.compiler.options import LEAN
from markers.compiler.pyramid import AreaSampler
from markers.compiler.sighting import CROP_PX, INLIERS_MIN, Shot, look
from markers.compiler.target import Target, TrackingImage
from markers.compiler.views import FRAME_HEIGHT_PX, FRAME_WIDTH_PX, NEAR, View, simulate_views
from tests.pictures import RgbPicture, encode_png, poster

SEED = 3


def target_of(picture: RgbPicture) -> Target:
    decoded = decode_picture(encode_png(picture))
    return build_target(to_gray(decoded.colour), decoded, LEAN)


def views_of(picture: RgbPicture, *, count: int) -> list[View]:
    height_px, width_px = picture.shape[:2]
    gray = to_gray(decode_picture(encode_png(picture)).colour)
    sampler = AreaSampler(gray, width_px=width_px, height_px=height_px)
    return list(
        simulate_views(
            sampler, width_px=width_px, height_px=height_px, count=count, seed=SEED, finer=2
        )
    )


def near_view(picture: RgbPicture) -> View:
    (view,) = views_of(picture, count=1)
    assert view.situation is NEAR
    return view


def test_a_picture_near_the_camera_is_found_and_held() -> None:
    picture = poster(seed=1)

    sighting = look(target_of(picture), Shot(near_view(picture), crops=9))

    assert sighting.is_found
    assert sighting.inliers > 2 * INLIERS_MIN
    assert sighting.matched >= sighting.inliers


def test_another_picture_is_not_found() -> None:
    sighting = look(target_of(poster(seed=2)), Shot(near_view(poster(seed=1)), crops=9))

    assert not sighting.is_found
    assert sighting.inliers == 0


def test_a_pose_elsewhere_is_no_sighting() -> None:
    picture = poster(seed=1)
    view = near_view(picture)
    shift = np.array([[1, 0, 60], [0, 1, 0], [0, 0, 1.0]])

    sighting = look(target_of(picture), Shot(replace(view, truth=shift @ view.truth), crops=9))

    assert sighting.matched > INLIERS_MIN
    assert sighting.inliers == 0


def test_a_picture_that_the_tracker_does_not_know_again_is_seen_but_not_found() -> None:
    picture = poster(seed=1)
    target = target_of(picture)
    fine, coarse = target.tracking
    other = target_of(poster(seed=2)).tracking[-1]
    blind = replace(
        target, tracking=(fine, TrackingImage(coarse.scale, other.pixels, other.points_px))
    )

    sighting = look(blind, Shot(near_view(picture), crops=9))

    assert sighting.inliers >= INLIERS_MIN
    assert sighting.held < 4
    assert not sighting.is_found


def test_a_target_without_tracking_places_is_never_found() -> None:
    picture = poster(seed=1)
    target = target_of(picture)
    bare = tuple(replace(image, points_px=np.empty((0, 2), np.int32)) for image in target.tracking)

    assert not look(replace(target, tracking=bare), Shot(near_view(picture), crops=9)).is_found


def test_crops_lie_in_the_frame_and_show_the_picture_most_first() -> None:
    for view in views_of(poster(seed=1), count=12):
        shares = []
        for left, top in Shot(view, crops=9).origins_px:
            assert 0 <= left <= FRAME_WIDTH_PX - CROP_PX
            assert 0 <= top <= FRAME_HEIGHT_PX - CROP_PX
            inside = np.zeros(view.gray.shape, np.uint8)
            cv2.fillConvexPoly(inside, np.rint(view.corners).astype(np.int32), 1)
            shares.append(inside[top : top + CROP_PX, left : left + CROP_PX].sum() / inside.sum())
        assert shares
        assert shares == sorted(shares, reverse=True) or np.ptp(shares) < 0.02


def test_the_points_of_a_crop_are_found_once() -> None:
    shot = Shot(near_view(poster(seed=1)), crops=9)

    first = shot.features_at(shot.origins_px[0])

    assert shot.features_at(shot.origins_px[0]) is first
    assert len(first) > 20
