"""How the video is shown on the picture, and what becomes of it when that is lost: in pixels."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, Route

from tests.e2e.browsers import Browsers
from tests.e2e.clips import Clip, Corners, Rgb
from tests.e2e.conftest import LEAD_IN_FRAMES, PICTURE, SHOWN_FRAMES
from tests.e2e.patches import FILM_SIZE, make_film, overlay_corners
from tests.e2e.system import BY_NAME, Content, System
from tests.e2e.test_without_camera import HIDE
from tests.e2e.viewer import Viewer, opened_viewer
from tests.pictures import encode_png
from tests.videos import make_video

pytestmark = pytest.mark.e2e

ELSEWHERE = f"http://{BY_NAME}"
SCREEN = (960, 720)  # of which the camera's frame has the shape
WIDE = (800, 400)
WITHIN_PX = 4.0
GREY = (128, 128, 128)
RED, BLUE = (254, 0, 0), (0, 0, 254)
LIKE = 45  # of each channel: a video's colours are not exact
BESIDE = 30  # the same, of two frames of a camera with its noise; a film there is 100 off
# At the first look after each event all changes of style are held half-way.
HALF_WAY = """
window.held = [];
for (const name of ["found", "lost"]) {
  window.addEventListener(`vertexar:${name}`, () => {
    const changes = document.querySelector("#overlay").getAnimations();
    for (const change of changes) {
      change.pause();
      change.currentTime = change.effect.getComputedTiming().duration / 2;
    }
    window.held.push(changes.map((change) => change.transitionProperty));
  });
}
"""


def with_look(**look: object) -> Callable[[Page], None]:
    """Let the manifest say otherwise how the video is shown."""

    def answer(route: Route) -> None:
        response = route.fetch()
        manifest = response.json()
        manifest["overlay"] |= look
        route.fulfill(response=response, json=manifest)

    def intercept(page: Page) -> None:
        page.route("**/manifest", answer)

    return intercept


@pytest.fixture(scope="module")
def wide(system: System, folder: Path) -> Content:
    """The picture with a film that is twice as wide as high."""
    film = make_film(folder / "wide.mp4", size=WIDE).read_bytes()
    return system.upload(title="Wide", image=encode_png(PICTURE), video=film, video_fit="contain")


@pytest.fixture(scope="module")
def half_clear(system: System, folder: Path) -> Content:
    """The picture with a film whose right half lets it through."""
    width, height = FILM_SIZE
    matte = f"color=white:s={width}x{height},drawbox=x={width // 2}:w={width // 2}:t=fill:c=black"
    plain = make_film(folder / "plain.mp4")
    film = make_video(
        folder / "stacked.mp4",
        seconds=4,
        size=FILM_SIZE,
        extra=(
            "-filter_complex", f"movie={plain}[seen];{matte}[matte];[seen][matte]vstack",
            "-map", "0:v:0", "-map", "-0:v:0",
        ),
    )  # fmt: skip
    return system.upload(
        title="Half clear", image=encode_png(PICTURE), video=film.read_bytes(), stacked_alpha="true"
    )


def on_picture(clip: Clip, *places: tuple[float, float], frame: int = 0) -> Corners:
    """Where places of the picture, in shares of its sides, are on the screen."""
    truth = clip.corners[frame]
    assert truth is not None
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    pose = cv2.getPerspectiveTransform(square, truth.astype(np.float32))
    seen = cv2.perspectiveTransform(np.array([places], np.float32), pose)[0]
    return np.asarray(seen * (SCREEN[0] / clip.size[0]), np.float64)


def colours(shot: Rgb, places: Corners) -> NDArray[np.int16]:
    """Median colours of small spots, (N, 3)."""
    spots = [shot[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3] for x, y in places]
    return np.array([np.median(spot.reshape(-1, 3), axis=0) for spot in spots], np.int16)


def printed(viewer: Viewer) -> Rgb:
    """What is seen without the video."""
    hide = "(all) => all.forEach((part) => { part.style.display = '%s'; })"
    viewer.page.locator(".overlay").evaluate_all(hide % "none")
    shot = viewer.shot()
    viewer.page.locator(".overlay").evaluate_all(hide % "")
    return shot


def assert_corners(viewer: Viewer, expected: Corners) -> None:
    corners = viewer.covered()
    assert np.median(np.linalg.norm(corners - expected, axis=1)) <= WITHIN_PX, (corners, expected)


def address_of(system: System, content: Content) -> str:
    return f"{system.url}/ar/{content.code}"


def test_a_wide_video_can_be_seen_whole_with_the_picture_beside_it(
    browsers: Browsers, system: System, wide: Content, resting: Clip
) -> None:
    with opened_viewer(browsers, address_of(system, wide), camera=resting) as viewer:
        viewer.start()
        viewer.reach("tracking")

        assert_corners(viewer, on_picture(resting, (0, 1 / 6), (1, 1 / 6), (1, 5 / 6), (0, 5 / 6)))
        beside = on_picture(resting, (0.5, 0.08), (0.2, 0.92))
        seen = colours(viewer.shot(), beside)
        assert np.abs(seen - colours(printed(viewer), beside)).max() <= BESIDE


def test_a_wide_video_can_be_stretched(
    browsers: Browsers, system: System, wide: Content, resting: Clip
) -> None:
    look = with_look(fit="stretch")
    with opened_viewer(browsers, address_of(system, wide), camera=resting, before=look) as viewer:
        viewer.start()
        viewer.reach("tracking")

        assert_corners(viewer, on_picture(resting, (0, 0), (1, 0), (1, 1), (0, 1)))


def test_a_wide_video_can_cover_the_picture_and_is_cut_left_and_right(
    browsers: Browsers, system: System, wide: Content, resting: Clip
) -> None:
    look = with_look(fit="cover")
    with opened_viewer(browsers, address_of(system, wide), camera=resting, before=look) as viewer:
        viewer.start()
        viewer.reach("tracking")
        viewer.bare()
        viewer.page.wait_for_timeout(300)  # it fades in

        shot = viewer.shot()

    # Its coloured corners are cut off: the grey between them reaches the picture's corners.
    assert overlay_corners(shot) is None
    corners = on_picture(resting, (0.04, 0.05), (0.96, 0.05), (0.96, 0.95), (0.04, 0.95))
    assert np.abs(colours(shot, corners) - GREY).max() <= LIKE


def with_film_elsewhere(page: Page) -> None:
    """Let the film come from another host, which allows pages to read it when they ask for that."""

    def allow_host(route: Route) -> None:
        response = route.fetch()
        headers = response.headers
        policy = headers["content-security-policy"]
        headers["content-security-policy"] = policy.replace("media-src", f"media-src {ELSEWHERE}")
        route.fulfill(response=response, headers=headers)

    def name_host(route: Route) -> None:
        response = route.fetch()
        manifest = response.json()
        film = manifest["videos"][0]
        film["url"] = ELSEWHERE + urlsplit(film["url"]).path
        route.fulfill(response=response, json=manifest)

    def be_host(route: Route) -> None:
        here = "http://" + urlsplit(page.url).netloc
        is_asked = "origin" in route.request.headers
        response = route.fetch(url=route.request.url.replace(ELSEWHERE, here))
        allowed = {"access-control-allow-origin": here} if is_asked else {}
        route.fulfill(response=response, headers=response.headers | allowed)

    page.route("**/ar/*", allow_host)
    page.route("**/manifest", name_host)
    page.route(f"{ELSEWHERE}/**", be_host)


def test_a_video_can_be_seen_through_where_its_lower_half_is_black(
    browsers: Browsers, system: System, half_clear: Content, resting: Clip
) -> None:
    with opened_viewer(
        browsers, address_of(system, half_clear), camera=resting, before=with_film_elsewhere
    ) as viewer:
        viewer.start()
        viewer.reach("tracking")
        viewer.bare()
        viewer.wait_for("document.querySelector('#overlay').currentTime > 0.3")
        viewer.wait_for("getComputedStyle(document.querySelector('#see-through')).opacity === '1'")

        shot, without = viewer.shot(), printed(viewer)
        assert BY_NAME in viewer.hosts
        viewer.hosts.remove(BY_NAME)

    solid = on_picture(resting, (1 / 16, 1 / 16), (1 / 16, 15 / 16))
    clear = on_picture(resting, (0.6, 0.1), (0.94, 0.06), (0.94, 0.94), (0.75, 0.5))
    assert np.abs(colours(shot, solid) - [RED, BLUE]).max() <= LIKE
    assert np.abs(colours(shot, clear) - colours(without, clear)).max() <= BESIDE


def test_a_see_through_video_is_shown_without_the_camera_too(
    browsers: Browsers, system: System, half_clear: Content, resting: Clip
) -> None:
    with opened_viewer(browsers, address_of(system, half_clear), camera=resting) as viewer:
        viewer.page.locator("#watch").click()
        viewer.reach("fallback")
        viewer.wait_for("document.querySelector('#overlay').currentTime > 0.3")

        box = viewer.page.locator("#see-through").bounding_box()
        assert box is not None
        assert box["width"] / box["height"] == pytest.approx(FILM_SIZE[0] / FILM_SIZE[1], abs=0.02)
        corner = np.array([[box["x"] + box["width"] / 16, box["y"] + box["height"] / 16]])
        assert np.abs(colours(viewer.shot(), corner) - RED).max() <= LIKE
        viewer.page.get_by_role("button", name="Pause").click()
        viewer.wait_for("document.querySelector('#overlay').paused")


def lost(viewer: Viewer) -> None:
    """Wait until the picture was there and has left."""
    viewer.start()
    viewer.reach("tracking")
    viewer.wait_for("window.witness.events.length === 2")
    viewer.bare()


def test_a_lost_picture_takes_the_video_with_it(
    browsers: Browsers, address: str, moving: Clip
) -> None:
    with opened_viewer(browsers, address, camera=moving) as viewer:
        lost(viewer)
        assert viewer.page.evaluate("document.querySelector('#overlay').paused")
        viewer.page.wait_for_timeout(300)  # it fades out

        assert overlay_corners(viewer.shot()) is None


def test_the_video_can_stay_where_the_picture_was_last_seen(
    browsers: Browsers, address: str, moving: Clip
) -> None:
    look = with_look(when_lost="keep")
    with opened_viewer(browsers, address, camera=moving, before=look) as viewer:
        lost(viewer)

        corners = overlay_corners(viewer.shot())
        end = LEAD_IN_FRAMES + SHOWN_FRAMES
        outline = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
        last = [on_picture(moving, *outline, frame=number) for number in range(end - 4, end)]
        assert corners is not None
        errors_px = [np.median(np.linalg.norm(corners - seen, axis=1)) for seen in last]
        assert min(errors_px) <= WITHIN_PX
        assert viewer.page.locator("html").get_attribute("data-ar-state") == "searching"
        assert not viewer.page.evaluate("document.querySelector('#overlay').paused")


def test_a_video_that_would_stay_stops_when_the_page_is_hidden(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    look = with_look(when_lost="keep")
    with opened_viewer(browsers, address, camera=resting, before=look) as viewer:
        viewer.start()
        viewer.reach("tracking")

        viewer.page.evaluate(HIDE, True)
        viewer.reach("searching")
        assert viewer.page.evaluate("document.querySelector('#overlay').paused")

        viewer.page.evaluate(HIDE, False)
        viewer.reach("tracking")
        viewer.wait_for("!document.querySelector('#overlay').paused")


def test_the_video_can_go_on_over_the_whole_screen_and_back_onto_the_picture(
    browsers: Browsers, address: str, moving: Clip
) -> None:
    look = with_look(when_lost="full_screen")
    with opened_viewer(browsers, address, camera=moving, before=look) as viewer:
        lost(viewer)
        viewer.page.wait_for_timeout(300)  # it appears

        corners = overlay_corners(viewer.shot())
        width, height = SCREEN
        whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
        assert corners is not None
        assert np.abs(corners - whole).max() <= WITHIN_PX
        # The phone is turned: the camera's frames have another size.
        viewer.page.locator("#camera").dispatch_event("resize")
        assert np.abs(viewer.covered() - whole).max() <= WITHIN_PX
        assert not viewer.page.evaluate("document.querySelector('#overlay').paused")

        viewer.reach("tracking")  # the clip begins anew
        again = viewer.covered()
        assert cv2.contourArea(again.astype(np.float32)) < 0.6 * width * height


def test_the_video_fades_in_and_out(browsers: Browsers, address: str, moving: Clip) -> None:
    with opened_viewer(browsers, address, camera=moving, scripts=(HALF_WAY,)) as viewer:
        viewer.start()
        viewer.reach("tracking")

        overlay = viewer.page.locator("#overlay")
        opacity = overlay.evaluate("(video) => getComputedStyle(video).opacity")
        assert 0.1 < float(opacity) < 0.9
        viewer.bare()
        assert overlay_corners(viewer.shot()) is None  # its colours are mixed with the picture's

        overlay.evaluate("(video) => video.getAnimations().forEach((change) => change.finish())")
        viewer.covered()
        viewer.wait_for("window.held.length === 2")
        assert viewer.page.evaluate("window.held[1]").count("opacity") == 1


def test_with_reduced_motion_nothing_fades(browsers: Browsers, address: str, moving: Clip) -> None:
    def calm(page: Page) -> None:
        page.emulate_media(reduced_motion="reduce")

    with opened_viewer(
        browsers, address, camera=moving, before=calm, scripts=(HALF_WAY,)
    ) as viewer:
        viewer.start()
        viewer.reach("tracking")

        assert viewer.page.evaluate("window.held") == [[]]
        viewer.covered()
        viewer.wait_for("window.held.length === 2")
        assert viewer.page.evaluate("window.held") == [[], []]
