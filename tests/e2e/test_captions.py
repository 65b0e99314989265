"""Captions of a video: hidden at first, on the picture when they are wanted, and away again."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.e2e.browsers import Browsers
from tests.e2e.clips import Clip, Corners, Rgb
from tests.e2e.conftest import PICTURE
from tests.e2e.patches import FILM_SIZE
from tests.e2e.system import Content, System
from tests.e2e.viewer import Device, Viewer, opened_viewer
from tests.pictures import encode_png

pytestmark = pytest.mark.e2e

CAPTIONS = {"ru": "ЧТО ГОВОРЯТ В ФИЛЬМЕ", "en": "WHAT IS SAID IN THE FILM"}
SUBRIP = "1\r\n00:00:00,000 --> 00:00:10,000\r\n<b>{}</b>\r\n"
# Between the coloured corners at its lower edge the film is of one grey.
BAND = (slice(FILM_SIZE[1] * 15 // 16 - 30, FILM_SIZE[1] - 8), slice(250, 550))
# Language and words of what is shown now.
SHOWN = """() => {
  const tracks = [...document.getElementById("overlay").textTracks];
  const track = tracks.find(({ mode }) => mode === "showing");
  return [track.language, ...[...track.activeCues].map((cue) => cue.getCueAsHTML().textContent)];
}"""
FLAT, WRITTEN = 12.0, 40.0  # standard deviations of brightness, of 255


@pytest.fixture(scope="module")
def captioned(system: System, film: bytes) -> Content:
    """A content with captions in two languages, as a studio gives them to it."""
    content = system.upload(title="Spoken", image=encode_png(PICTURE), video=film)
    for language, words in CAPTIONS.items():
        system.caption(content, language=language, text=SUBRIP.format(words).encode())
    return content


def contrast(shot: Rgb, corners: Corners) -> float:
    """Standard deviation of brightness where captions are, in a screenshot with the film on it."""
    width, height = FILM_SIZE
    outline = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    flatten = cv2.getPerspectiveTransform(corners.astype(np.float32), outline)
    return float(cv2.warpPerspective(shot, flatten, FILM_SIZE)[BAND].mean(axis=2).std())


def seen(viewer: Viewer, corners: Corners, is_so: Callable[[float], bool]) -> bool:
    """Whether it comes to be so within some looks: captions are drawn with the next frame."""
    return any(is_so(contrast(viewer.shot(), corners)) for _ in range(40))


def test_captions_are_shown_on_the_picture_when_wanted_and_hidden_again(
    browsers: Browsers, system: System, captioned: Content, resting: Clip
) -> None:
    address, device = f"{system.url}/ar/{captioned.code}", Device(language="en-GB")
    with opened_viewer(browsers, address, camera=resting, device=device) as viewer:
        viewer.start()
        viewer.reach("tracking")
        button = viewer.page.get_by_role("button", name="Captions")
        expect(button).to_be_visible()
        expect(button).to_have_attribute("aria-pressed", "false")
        button.dispatch_event("click")
        expect(button).to_have_attribute("aria-pressed", "true")

        corners = viewer.covered()
        assert seen(viewer, corners, lambda of_band: of_band > WRITTEN)
        assert viewer.page.evaluate(SHOWN) == ["en", CAPTIONS["en"]]

        viewer.page.locator("#captions").dispatch_event("click")
        assert seen(viewer, corners, lambda of_band: of_band < FLAT)
        expect(viewer.page.locator("#captions")).to_have_attribute("aria-pressed", "false")


def test_a_video_without_captions_has_no_button_for_them(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    with opened_viewer(browsers, address, camera=resting) as viewer:
        viewer.start()
        viewer.reach("tracking")

        expect(viewer.page.get_by_role("button", name="Pause")).to_be_visible()
        expect(viewer.page.locator("#captions")).to_be_hidden()
