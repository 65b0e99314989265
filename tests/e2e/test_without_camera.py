"""Whatever keeps the camera from the page, visitors are told in plain words and see the video."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.browsers import Browsers
from tests.e2e.clips import Clip
from tests.e2e.system import BY_NAME
from tests.e2e.viewer import Camera, Viewer, opened_viewer

pytestmark = pytest.mark.e2e

BUSY = """navigator.mediaDevices.getUserMedia = () =>
  Promise.reject(new DOMException("in use", "NotReadableError"));"""
UNABLE = "Object.defineProperty(Navigator.prototype, 'mediaDevices', { value: undefined });"
# A page that is hidden and shown again, as a phone does when another app comes in front.
HIDE = """(isHidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
# A browser that plays the video only in answer to a tap, as it is told when one may come.
REFUSE_TO_PLAY = """
const { play } = HTMLMediaElement.prototype;
HTMLMediaElement.prototype.play = function () {
  const isRefused = this.id === "overlay" && !window.isTapped;
  return isRefused ? Promise.reject(new DOMException("a tap", "NotAllowedError")) : play.call(this);
};
"""
# What would be done after a while is done when the test says so.
HOLD_TIMER = "window.setTimeout = (call) => { window.ring = call; };"
LIVE_TRACKS = """() => {
  const { srcObject } = document.querySelector("#camera");
  const tracks = srcObject === null ? [] : srcObject.getTracks();
  return tracks.filter((track) => track.readyState === "live").length;
}"""


def assert_plain_video_plays(viewer: Viewer) -> None:
    """The video is seen as a plain one with the browser's own controls, and plays."""
    viewer.reach("fallback")
    overlay = viewer.page.locator("#overlay")
    expect(overlay).to_be_visible()
    expect(overlay).to_have_attribute("controls", "")
    assert overlay.evaluate("(video) => getComputedStyle(video).transform") == "none"
    viewer.wait_for("document.querySelector('#overlay').currentTime > 0.2")


def assert_told(viewer: Viewer, title: str) -> None:
    """The notice is seen, and is this one."""
    expect(viewer.page.locator("#watch-notice")).to_be_visible()
    expect(viewer.page.locator("#watch-notice-title")).to_have_text(title)


@pytest.mark.parametrize(
    ("camera", "title", "remedies"),
    [
        (Camera.REFUSED, "The camera is not allowed", ["Try again", "Copy the link"]),
        (Camera.ABSENT, "There is no camera here", ["Try again"]),
    ],
    ids=["refused", "absent"],
)
def test_without_a_camera_the_reason_is_said_and_what_helps_and_the_video_plays(
    browsers: Browsers, address: str, camera: Camera, title: str, remedies: list[str]
) -> None:
    with opened_viewer(browsers, address, camera=camera) as viewer:
        viewer.start()

        assert_plain_video_plays(viewer)
        assert_told(viewer, title)
        shown = viewer.page.locator("#watch-notice").get_by_role("button").all_inner_texts()
        assert shown == remedies
        assert viewer.events() == []


def test_what_a_browser_can_not_do_is_said_and_the_link_can_be_taken_to_another(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    def allow(page: Page) -> None:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    with opened_viewer(
        browsers, address, camera=resting, scripts=(UNABLE, HOLD_TIMER), before=allow
    ) as viewer:
        viewer.start()

        assert_plain_video_plays(viewer)
        assert_told(viewer, "This browser can’t open the camera")

        viewer.page.get_by_role("button", name="Copy the link").click()
        expect(viewer.page.get_by_role("button", name="The link is copied.")).to_be_visible()
        expect(viewer.page.locator("#status")).to_have_text("The link is copied.")
        assert viewer.page.evaluate("navigator.clipboard.readText()") == address
        viewer.page.evaluate("window.ring()")
        expect(viewer.page.get_by_role("button", name="Copy the link")).to_be_visible()


def test_on_an_insecure_address_the_reason_is_said(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    insecure = address.replace("127.0.0.1", BY_NAME)
    with opened_viewer(browsers, insecure, camera=resting) as viewer:
        viewer.start()

        assert_plain_video_plays(viewer)
        assert_told(viewer, "The camera needs a secure address")
        # The browser's own word about such an address.
        assert all("Cross-Origin-Opener-Policy" in complaint for complaint in viewer.complaints)
        viewer.complaints.clear()


def test_a_busy_camera_is_said_and_asked_again(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    with opened_viewer(browsers, address, camera=resting, scripts=(BUSY,)) as viewer:
        viewer.start()
        assert_plain_video_plays(viewer)
        assert_told(viewer, "The camera is busy")

        viewer.page.evaluate("() => { delete navigator.mediaDevices.getUserMedia; }")
        viewer.page.get_by_role("button", name="Try again").click()

        viewer.reach("tracking")
        expect(viewer.page.locator("#overlay")).not_to_have_attribute("controls", "")


def test_the_video_can_be_watched_without_the_camera(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    with opened_viewer(browsers, address, camera=resting) as viewer:
        viewer.page.locator("#watch").click()

        assert_plain_video_plays(viewer)
        expect(viewer.page.locator("#watch-notice")).to_be_hidden()
        assert not viewer.page.evaluate("document.querySelector('#overlay').muted")


def test_watching_instead_of_searching_gives_the_camera_back(
    browsers: Browsers, address: str, empty: Clip
) -> None:
    with opened_viewer(browsers, address, camera=empty) as viewer:
        viewer.start()
        viewer.reach("searching")
        assert viewer.page.evaluate(LIVE_TRACKS) == 1

        viewer.page.locator(".dock").get_by_text("Watch without the camera").click()

        assert_plain_video_plays(viewer)
        assert viewer.page.evaluate(LIVE_TRACKS) == 0


def test_a_hidden_page_gives_the_camera_back_and_asks_again_when_seen(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    with opened_viewer(browsers, address, camera=resting) as viewer:
        viewer.start()
        viewer.reach("tracking")

        viewer.page.evaluate(HIDE, True)
        viewer.reach("searching")
        assert viewer.page.evaluate(LIVE_TRACKS) == 0
        assert viewer.page.evaluate("document.querySelector('#overlay').paused")

        viewer.page.evaluate(HIDE, False)
        viewer.reach("tracking")
        assert viewer.page.evaluate(LIVE_TRACKS) == 1


def test_a_content_in_preparation_says_so_and_goes_on_by_itself(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    statuses = ["processing"]

    def answer(route: Route) -> None:
        response = route.fetch()
        manifest = response.json()
        if statuses:
            manifest["status"] = statuses.pop()
        route.fulfill(response=response, json=manifest)

    def intercept(page: Page) -> None:
        page.route("**/manifest", answer)

    with opened_viewer(browsers, address, camera=resting, before=intercept) as viewer:
        expect(viewer.page.locator("#start-notice")).to_contain_text("Almost there")
        expect(viewer.page.locator("#start")).to_be_disabled()

        viewer.reach("ready")
        expect(viewer.page.locator("#start-notice")).to_be_hidden()


def test_a_target_that_does_not_come_is_said_and_fetched_again(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    targets = "**/media/markers/targets/**"

    def intercept(page: Page) -> None:
        page.route(targets, lambda route: route.abort())

    with opened_viewer(browsers, address, camera=resting, before=intercept) as viewer:
        viewer.reach("error")
        expect(viewer.page.locator("#start-notice")).to_contain_text("The connection was lost")
        expect(viewer.page.locator("#watch")).to_be_visible()
        assert 1 <= len(viewer.complaints) <= 2  # the browser's own, of the requests
        viewer.complaints.clear()
        viewer.page.unroute(targets)

        viewer.page.get_by_role("button", name="Try again").click()

        viewer.start()
        viewer.reach("tracking")


def test_a_video_that_does_not_come_is_said_on_the_picture_and_tried_again(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    films = "**/*.mp4*"

    def intercept(page: Page) -> None:
        page.route(films, lambda route: route.fulfill(status=404))

    with opened_viewer(browsers, address, camera=resting, before=intercept) as viewer:
        viewer.start()
        viewer.reach("tracking")
        assert_told(viewer, "The video could not be loaded")

        viewer.page.get_by_role("button", name="Try again").click()
        assert_told(viewer, "The video could not be loaded")
        assert all("404" in complaint for complaint in viewer.complaints)
        viewer.complaints.clear()
        viewer.page.unroute(films)

        viewer.page.get_by_role("button", name="Try again").click()

        viewer.wait_for("document.querySelector('#overlay').currentTime > 0.2")
        expect(viewer.page.locator("#watch-notice")).to_be_hidden()


def test_a_video_whose_signed_address_has_expired_is_asked_for_at_a_new_one(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    signatures = ["second", "first"]

    def sign(route: Route) -> None:
        response = route.fetch()
        manifest = response.json()
        manifest["videos"][0]["url"] += f"?signature={signatures.pop()}"
        route.fulfill(response=response, json=manifest)

    def intercept(page: Page) -> None:
        page.route("**/manifest", sign)
        page.route("**/*.mp4?signature=first", lambda route: route.fulfill(status=403))

    with opened_viewer(browsers, address, camera=resting, before=intercept) as viewer:
        viewer.page.locator("#start:enabled").wait_for()
        viewer.page.locator("#watch").click()
        assert_told(viewer, "The video could not be loaded")
        assert all("403" in complaint for complaint in viewer.complaints)
        viewer.complaints.clear()

        viewer.page.get_by_role("button", name="Try again").click()

        assert_plain_video_plays(viewer)
        expect(viewer.page.locator("#watch-notice")).to_be_hidden()


def test_a_video_that_waits_for_a_tap_says_so_and_one_tap_plays_it(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    with opened_viewer(browsers, address, camera=resting, scripts=(REFUSE_TO_PLAY,)) as viewer:
        viewer.start()
        viewer.reach("tracking")
        assert_told(viewer, "The video waits for a tap")
        expect(viewer.page.locator("#pause")).to_have_attribute("aria-pressed", "true")
        viewer.page.evaluate("() => { window.isTapped = true; }")

        viewer.page.get_by_role("button", name="Play the video").click()

        viewer.wait_for("document.querySelector('#overlay').currentTime > 0.2")
        expect(viewer.page.locator("#watch-notice")).to_be_hidden()
        expect(viewer.page.locator("#pause")).to_have_attribute("aria-pressed", "false")


def test_a_video_of_which_the_scripts_were_not_told_is_opened_by_its_link(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    def intercept(page: Page) -> None:
        page.route("**/manifest", lambda route: route.fulfill(body="Sign in to the network"))

    with opened_viewer(browsers, address, camera=resting, before=intercept) as viewer:
        viewer.reach("error")

        viewer.page.locator("#watch").click()

        viewer.page.wait_for_url("**/*.mp4*")
        viewer.wait_for("document.querySelector('video')?.readyState > 0")


def test_a_see_through_video_that_waits_for_a_tap_says_so_without_the_camera_too(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    def see_through(route: Route) -> None:
        response = route.fetch()
        manifest = response.json()
        manifest["overlay"]["stacked_alpha"] = True
        route.fulfill(response=response, json=manifest)

    def intercept(page: Page) -> None:
        page.route("**/manifest", see_through)

    with opened_viewer(
        browsers, address, camera=resting, scripts=(REFUSE_TO_PLAY,), before=intercept
    ) as viewer:
        viewer.page.locator("#start:enabled").wait_for()
        viewer.page.locator("#watch").click()
        assert_told(viewer, "The video waits for a tap")
        expect(viewer.page.locator(".camera-again")).to_be_visible()
        viewer.page.evaluate("() => { window.isTapped = true; }")

        viewer.page.get_by_role("button", name="Play the video").click()

        viewer.wait_for("document.querySelector('#overlay').currentTime > 0.2")
        expect(viewer.page.locator("#watch-notice")).to_be_hidden()


def test_an_answer_that_is_no_manifest_is_said_and_the_page_does_not_wait_for_ever(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    answers = [
        "<!doctype html><title>Sign in to the network</title>",
        '{"status": "ready", "videos": []}',
    ]

    def intercept(page: Page) -> None:
        page.route("**/manifest", lambda route: route.fulfill(body=answers[0]))

    with opened_viewer(browsers, address, camera=resting, before=intercept) as viewer:
        viewer.reach("error")
        notice = viewer.page.locator("#start-notice")
        expect(notice).to_contain_text("The connection was lost")
        assert viewer.complaints == []

        del answers[0]  # has the form of one, and lacks what is needed
        viewer.page.get_by_role("button", name="Try again").click()

        expect(notice).to_contain_text("This browser can’t recognise pictures")
        assert len(viewer.complaints) == 1  # what it was is told to whoever looks
        viewer.complaints.clear()


def test_a_broken_target_is_said_and_the_video_is_there(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    def intercept(page: Page) -> None:
        page.route("**/media/markers/targets/**", lambda route: route.fulfill(body=b"not a target"))

    with opened_viewer(browsers, address, camera=resting, before=intercept) as viewer:
        viewer.reach("error")
        expect(viewer.page.locator("#start-notice")).to_contain_text("can’t come alive")

        viewer.page.locator("#watch").click()

        assert_plain_video_plays(viewer)
