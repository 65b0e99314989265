"""A printed picture comes alive: found, followed, played, lost; and nothing else does."""

import time

import numpy as np
import pytest

from tests.e2e.browsers import Browsers
from tests.e2e.clips import Clip, Corners, read_counter
from tests.e2e.conftest import FPS, LEAD_IN_FRAMES, SHOWN_FRAMES
from tests.e2e.viewer import GENEROUS_CLOCK, WITHOUT_WISHES, Device, Viewer, opened_viewer

pytestmark = pytest.mark.e2e

FOUND_WITHIN_S = 2.0
LOST_WITHIN_S = 2.0
CORNERS_WITHIN_PX = 4.0  # CSS pixels, median
SHOTS = 6
PATIENCE_S = 120
PATIENT_S = 4.0  # sixty frames of the camera

PHONE = Device(size=(390, 844), pixel_ratio=2)
PHONE_ACROSS = Device(size=(844, 390), pixel_ratio=3)
DESK = Device(size=(1280, 800))


def on_screen(corners: Corners, *, clip: Clip, device: Device) -> Corners:
    """From pixels of the frame to CSS pixels of a screen that the frame covers, centred."""
    frame, screen = np.array(clip.size, np.float64), np.array(device.size, np.float64)
    scale = (screen / frame).max()
    return np.asarray((screen - frame * scale) / 2 + corners * scale, dtype=np.float64)


@pytest.mark.alone
def test_a_picture_is_found_followed_and_lost(
    browsers: Browsers, address: str, moving: Clip
) -> None:
    with opened_viewer(browsers, address, camera=moving) as viewer:
        viewer.reach("ready")
        viewer.start()
        viewer.reach("searching")
        assert viewer.events() == []

        viewer.reach("tracking")
        in_view_s = (viewer.frame_at("found") - LEAD_IN_FRAMES) / FPS
        viewer.wait_for("window.witness.events.length === 2")

        out_of_view_s = (viewer.frame_at("lost") - LEAD_IN_FRAMES - SHOWN_FRAMES) / FPS
        assert viewer.events() == ["found", "lost"]
        assert 0 <= in_view_s <= FOUND_WITHIN_S
        assert 0 <= out_of_view_s <= LOST_WITHIN_S
        viewer.reach("searching")


@pytest.mark.alone
def test_the_video_stays_on_a_moving_picture(
    browsers: Browsers, address: str, moving: Clip
) -> None:
    device = Device()
    errors_px: list[float] = []
    with opened_viewer(
        browsers, address, camera=moving, device=device, scripts=(GENEROUS_CLOCK,)
    ) as viewer:
        viewer.start()
        viewer.reach("tracking")
        viewer.bare()
        viewer.page.wait_for_timeout(300)  # it is faded in
        deadline = time.monotonic() + PATIENCE_S
        while len(errors_px) < 4 * SHOTS:
            assert time.monotonic() < deadline, f"{len(errors_px)} of {4 * SHOTS} corners were seen"
            shot, corners = viewer.corners()
            number = read_counter(shot)
            truth = None if number is None else moving.corners[number]
            if corners is None or truth is None:  # between two frames, or the clip has begun anew
                continue
            expected = on_screen(truth, clip=moving, device=device)
            errors_px.extend(np.linalg.norm(corners - expected, axis=1).tolist())

    assert np.median(errors_px) <= CORNERS_WITHIN_PX


@pytest.mark.parametrize("device", [PHONE, PHONE_ACROSS, DESK], ids=["phone", "across", "desk"])
def test_the_video_covers_the_picture_on_every_screen(
    browsers: Browsers, address: str, resting: Clip, device: Device
) -> None:
    with opened_viewer(browsers, address, camera=resting, device=device) as viewer:
        assert_on_picture(viewer, clip=resting, device=device)


@pytest.mark.parametrize("device", [PHONE, PHONE_ACROSS], ids=["phone", "across"])
def test_the_video_covers_the_picture_of_an_upright_camera(
    browsers: Browsers, address: str, upright: Clip, device: Device
) -> None:
    scripts = (WITHOUT_WISHES,)
    with opened_viewer(browsers, address, camera=upright, device=device, scripts=scripts) as viewer:
        assert_on_picture(viewer, clip=upright, device=device)


def assert_on_picture(viewer: Viewer, *, clip: Clip, device: Device) -> None:
    """The overlay's corners are where the picture's are, of those that the screen shows."""
    viewer.start()
    viewer.reach("tracking")
    truth = clip.corners[0]
    assert truth is not None
    expected = on_screen(truth, clip=clip, device=device)

    corners = viewer.covered()

    distances_px = np.linalg.norm(corners - expected, axis=1)
    assert np.median(distances_px) <= CORNERS_WITHIN_PX, (corners, expected)


def test_the_video_follows_a_turn_of_the_screen(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    with opened_viewer(browsers, address, camera=resting, device=PHONE) as viewer:
        viewer.start()
        viewer.reach("tracking")

        width, height = PHONE.size
        viewer.page.set_viewport_size({"width": height, "height": width})

        turned = Device(size=(height, width), pixel_ratio=PHONE.pixel_ratio)
        corners = viewer.covered()
        truth = resting.corners[0]
        assert truth is not None
        expected = on_screen(truth, clip=resting, device=turned)
        assert np.median(np.linalg.norm(corners - expected, axis=1)) <= CORNERS_WITHIN_PX


def test_the_video_plays_while_the_picture_is_seen(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    with opened_viewer(browsers, address, camera=resting) as viewer:
        viewer.start()
        viewer.reach("tracking")
        begun_s = viewer.position_s()

        viewer.wait_for(f"document.querySelector('#overlay').currentTime > {begun_s + 0.5}")

        assert viewer.page.evaluate("document.querySelector('#overlay').muted")


def test_pause_holds_the_video_and_sound_is_a_tap_away(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    with opened_viewer(browsers, address, camera=resting) as viewer:
        viewer.start()
        viewer.reach("tracking")

        viewer.page.get_by_role("button", name="Sound").click()
        viewer.wait_for("!document.querySelector('#overlay').muted")
        viewer.page.get_by_role("button", name="Pause").click()
        viewer.wait_for("document.querySelector('#overlay').paused")
        viewer.page.get_by_role("button", name="Pause").click()

        viewer.wait_for("!document.querySelector('#overlay').paused")
        assert not viewer.page.evaluate("document.querySelector('#overlay').muted")


def test_an_empty_scene_is_never_taken_for_the_picture(
    browsers: Browsers, address: str, empty: Clip
) -> None:
    assert_never_found(browsers, address, empty)


def test_another_picture_is_never_taken_for_it(
    browsers: Browsers, address: str, other: Clip
) -> None:
    assert_never_found(browsers, address, other)


def assert_never_found(browsers: Browsers, address: str, clip: Clip) -> None:
    with opened_viewer(browsers, address, camera=clip) as viewer:
        viewer.start()
        viewer.reach("searching")

        viewer.wait_for(f"document.querySelector('#camera').currentTime > {PATIENT_S}")

        assert viewer.events() == []
        viewer.reach("searching")
