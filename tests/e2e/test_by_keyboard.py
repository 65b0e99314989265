"""The viewer without a pointer, and what a screen reader is told."""

import pytest
from playwright.sync_api import expect

from tests.e2e.browsers import Browsers
from tests.e2e.clips import Clip
from tests.e2e.viewer import opened_viewer

pytestmark = pytest.mark.e2e


def test_the_camera_is_opened_and_left_by_keys_and_each_step_is_read_out(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    with opened_viewer(browsers, address, camera=resting) as viewer:
        viewer.reach("ready")

        viewer.page.locator("#start").focus()
        viewer.page.keyboard.press("Enter")
        viewer.reach("tracking")
        status = viewer.page.locator("#status")
        expect(status).to_have_attribute("aria-live", "polite")
        expect(status).to_have_text("The picture is found, the video is playing.")

        expect(viewer.page.locator("#back")).to_be_focused()
        viewer.page.keyboard.press("Escape")
        viewer.reach("ready")
        expect(viewer.page.locator("#start")).to_be_focused()
