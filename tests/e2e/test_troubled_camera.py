"""A camera that is there and shows nothing useful: visitors are told, and only then."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.browsers import Browsers
from tests.e2e.clips import Clip, Conditions, View, render_clip, still
from tests.e2e.conftest import PICTURE
from tests.e2e.viewer import opened_viewer

pytestmark = pytest.mark.e2e

STANDS_STILL = "The camera’s picture stands still"
ONLY_BLACK = "The camera sees only black"
# Counts how often the page has taken a sample of the camera's picture.
COUNT_LOOKS = """
const { getImageData } = CanvasRenderingContext2D.prototype;
window.looks = 0;
CanvasRenderingContext2D.prototype.getImageData = function (...area) {
  if (this.canvas.width === 16) window.looks += 1;
  return getImageData.apply(this, area);
};
"""
LOOKS = 6  # alike, after which the page says that the camera stands still
# Time runs three times as fast: what would be said after nine seconds is said after three.
HURRY = """
for (const name of ["setTimeout", "setInterval"]) {
  const real = window[name].bind(window);
  window[name] = (call, ms = 0, ...more) => real(call, ms / 3, ...more);
}
"""
COUNT_STREAMS = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.streams = 0;
navigator.mediaDevices.getUserMedia = (wishes) => {
  window.streams += 1;
  return ask(wishes);
};
"""
# What a phone does to a page when a call comes, and when it is over.
SILENCE = """() => {
  const camera = document.querySelector("#camera");
  camera.srcObject.getVideoTracks()[0].dispatchEvent(new Event("mute"));
  camera.srcObject.getVideoTracks()[0].enabled = !window.isBlack;
  HTMLMediaElement.prototype.pause.call(camera);
}"""
GIVE_BACK = """() => {
  const [track] = document.querySelector("#camera").srcObject.getVideoTracks();
  track.dispatchEvent(new Event("unmute"));
}"""
# The camera gives only black from its next silence on.
GO_BLACK = "() => { window.isBlack = true; }"
ADVICE_IS_DUE = "document.querySelector('#camera').currentTime > 4"


def repeated(clip: Clip, path: Path) -> Clip:
    """A camera that shows the first frame of a clip for ever."""
    width, height = clip.size
    header, _, frames = clip.path.read_bytes().partition(b"\n")
    first = frames[: len(b"FRAME\n") + width * height * 3 // 2]
    path.write_bytes(header + b"\n" + first * 2)
    return Clip(path=path, fps=clip.fps, size=clip.size, corners=clip.corners[:1] * 2)


def dark(path: Path) -> Clip:
    """A camera without any light, of which frames differ by the noise of the sensor alone."""
    return render_clip(
        path, picture=None, conditions=Conditions(light=0.0, noise=0.6), shown_frames=15,
        lead_in_frames=0, tail_frames=0, has_counter=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("is_dark", "word"), [(False, STANDS_STILL), (True, ONLY_BLACK)], ids=["frozen", "black"]
)
def test_a_camera_that_shows_nothing_new_is_said_to_with_a_way_to_another_browser(
    browsers: Browsers, address: str, empty: Clip, tmp_path: Path, *, is_dark: bool, word: str
) -> None:
    path = tmp_path / "camera.y4m"
    camera = dark(path) if is_dark else repeated(empty, path)
    with opened_viewer(browsers, address, camera=camera, scripts=(HURRY,)) as viewer:
        viewer.start()
        viewer.reach("searching")

        title = viewer.page.locator("#watch-notice-title")
        expect(title).to_have_text(word)
        expect(title).to_be_visible()
        expect(viewer.page.get_by_role("button", name="Copy the link")).to_be_visible()
        viewer.wait_for(ADVICE_IS_DUE)
        expect(viewer.page.locator("#hint")).to_be_hidden()
        expect(viewer.page.locator("#status")).to_be_empty()


def test_a_picture_that_lies_still_before_a_camera_with_noise_is_no_frozen_camera(
    browsers: Browsers, address: str, tmp_path: Path
) -> None:
    clip = render_clip(
        tmp_path / "camera.y4m", picture=PICTURE, motion=still(View()),
        conditions=Conditions(noise=0.5), lead_in_frames=0, shown_frames=30, tail_frames=0,
        has_counter=False,
    )  # fmt: skip
    with opened_viewer(browsers, address, camera=clip, scripts=(COUNT_LOOKS,)) as viewer:
        viewer.start()
        viewer.reach("tracking")
        viewer.wait_for(f"window.looks > {LOOKS + 2}")

        word = "The picture is found, the video is playing."
        expect(viewer.page.locator("#status")).to_have_text(word)


def test_a_camera_that_a_call_silences_loses_the_picture_and_comes_back_by_itself(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    with opened_viewer(browsers, address, camera=resting, scripts=(COUNT_STREAMS,)) as viewer:
        viewer.start()
        viewer.reach("tracking")

        viewer.page.evaluate(SILENCE)
        viewer.wait_for("window.witness.events.some(({ name }) => name === 'lost')")
        viewer.page.evaluate(GIVE_BACK)

        viewer.wait_for("!document.querySelector('#camera').paused")
        viewer.reach("tracking")
        assert viewer.page.evaluate("window.streams") == 1


def test_a_camera_that_shows_nothing_when_it_comes_back_is_opened_anew(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    with opened_viewer(browsers, address, camera=resting, scripts=(COUNT_STREAMS,)) as viewer:
        viewer.start()
        viewer.reach("tracking")

        viewer.page.evaluate(GO_BLACK)
        viewer.page.evaluate(SILENCE)
        viewer.page.evaluate(GIVE_BACK)

        viewer.wait_for("window.streams === 2")
        viewer.reach("tracking")
