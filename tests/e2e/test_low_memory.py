"""A phone that is short of memory: it refuses canvases, or the engine its arrays."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.browsers import Browsers
from tests.e2e.clips import Clip
from tests.e2e.test_everywhere import IS_LIVE, OLD
from tests.e2e.test_recognition import assert_on_picture
from tests.e2e.test_without_camera import assert_plain_video_plays, assert_told
from tests.e2e.viewer import GENEROUS_CLOCK, Device, opened_viewer

pytestmark = pytest.mark.e2e

# As phones do when all the memory they have for canvases is taken.
WITHOUT_CANVASES = "HTMLCanvasElement.prototype.getContext = () => null;"
ENGINE_FAILED = "This browser can’t recognise pictures"
# Comes before the engine in its worker: there is room for a target, and for no frame.
WITHOUT_ARRAYS = """
self.Float32Array = class extends Float32Array {
  constructor(content, ...more) {
    if (content > 200_000) throw new RangeError("Array buffer allocation failed");
    super(content, ...more);
  }
};
"""


def test_without_canvases_the_video_is_on_the_picture_and_the_camera_is_live(
    browsers: Browsers, address: str, unhurried: Clip
) -> None:
    device = Device()
    scripts = (GENEROUS_CLOCK, WITHOUT_CANVASES)
    with opened_viewer(browsers, address, camera=unhurried, scripts=scripts) as viewer:
        assert_on_picture(viewer, clip=unhurried, device=device)

        viewer.wait_for("document.querySelector('#camera').currentTime > 4")
        assert viewer.page.evaluate(IS_LIVE)  # no empty canvas lies over it


def test_where_no_frame_can_be_taken_the_reason_is_said_and_the_video_plays(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    scripts = (OLD, WITHOUT_CANVASES)
    with opened_viewer(browsers, address, camera=resting, scripts=scripts) as viewer:
        viewer.start()

        assert_plain_video_plays(viewer)
        assert_told(viewer, ENGINE_FAILED)


def test_an_engine_without_room_for_frames_is_said_to_and_the_video_can_be_watched(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=WITHOUT_ARRAYS + response.text())

    def intercept(page: Page) -> None:
        page.context.route("**/engine/worker*.js", answer)

    with opened_viewer(browsers, address, camera=resting, before=intercept) as viewer:
        viewer.reach("error")
        expect(viewer.page.locator("#start-notice-title")).to_have_text(ENGINE_FAILED)

        viewer.page.locator("#watch").click()

        assert_plain_video_plays(viewer)
