"""Browsers that lack something bring the picture to life all the same; so do turned phones."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.e2e.browsers import Browsers
from tests.e2e.clips import Clip
from tests.e2e.test_recognition import (
    CORNERS_WITHIN_PX,
    assert_on_picture,
    on_screen,
)
from tests.e2e.viewer import (
    FLAGS,
    GENEROUS_CLOCK,
    WITHOUT_WEBGL,
    Device,
    opened_viewer,
)

pytestmark = pytest.mark.e2e

PATIENCE_S = 60

# Each runs in the page, before its scripts. The engine needs none of what they take away.
WEBGL_OF_PAGE_AND_WORKER = """async () => {
  const answers = (canvas) => ["webgl", "webgl2"].map((kind) => canvas().getContext(kind) !== null);
  const asking = `postMessage((${answers})(() => new OffscreenCanvas(8, 8)))`;
  const worker = new Worker(URL.createObjectURL(new Blob([asking])));
  const told = new Promise((resolve) => { worker.onmessage = ({ data }) => resolve(data); });
  return [...answers(() => document.createElement("canvas")), ...(await told)];
}"""
WITHOUT_MODULE_WORKERS = """
const Real = Worker;
window.workers = [];
window.Worker = class extends Real {
  constructor(url, options) {
    window.workers.push(options.type ?? "classic");
    if (options.type === "module") throw new TypeError("Module scripts are not supported");
    super(url, options);
  }
};
"""
UNAWARE_OF_MODULE_WORKERS = """
const Real = Worker;
window.workers = [];
window.Worker = class extends Real {
  constructor(url, { name }) {
    window.workers.push("classic");
    super(url, { name });
  }
};
"""
WITHOUT_FRAME_CALLBACKS = """
delete HTMLVideoElement.prototype.requestVideoFrameCallback;
"""
WITHOUT_VIDEO_FRAMES = "delete globalThis.VideoFrame;"
WITHOUT_OFFSCREEN_CANVAS = WITHOUT_VIDEO_FRAMES + "delete globalThis.OffscreenCanvas;"
OLD = (
    WITHOUT_FRAME_CALLBACKS
    + WITHOUT_OFFSCREEN_CANVAS
    + "delete globalThis.createImageBitmap;"
    + UNAWARE_OF_MODULE_WORKERS
)
# A camera in the hand: turned, its frames are as high as they were wide, and show the same middle.
IN_THE_HAND = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wishes) => {
  const video = document.createElement("video");
  Object.assign(video, { srcObject: await ask(wishes), muted: true });
  await video.play();
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
  const draw = () => {
    const context = canvas.getContext("2d");
    context.drawImage(video, (canvas.width - 640) / 2, (canvas.height - 480) / 2);
    requestAnimationFrame(draw);
  };
  draw();
  window.turn = () => Object.assign(canvas, { width: canvas.height, height: canvas.width });
  return canvas.captureStream(15);
};
"""
# Two cameras that can be told apart by what was asked for.
TWO_CAMERAS = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.asked = [];
window.open = 0;
navigator.mediaDevices.getUserMedia = async (wishes) => {
  const id = wishes.video.deviceId?.exact ?? "front";
  window.asked.push(id);
  const stream = await ask({ video: { width: { ideal: 640 }, height: { ideal: 480 } } });
  for (const track of stream.getTracks()) track.getSettings = () => ({ deviceId: id });
  return stream;
};
navigator.mediaDevices.enumerateDevices = async () => [
  { kind: "audioinput", deviceId: "microphone" },
  { kind: "videoinput", deviceId: "front" },
  { kind: "videoinput", deviceId: "back" },
];
"""
IS_LIVE = "document.querySelector('#locked-frame').hidden"
# A phone with one camera, to which others may be added; it notes how often it was asked for them.
PLUGGED_IN = """
window.cameras = ["front"];
window.told = 0;
navigator.mediaDevices.enumerateDevices = async () => {
  window.told += 1;
  return window.cameras.map((deviceId) => ({ kind: "videoinput", deviceId }));
};
"""
SAID_BELOW = "getComputedStyle(document.documentElement, '::after').content"
FOUND_AGAIN = """
(({ events }) => events.length >= 3 && events.at(-1).name === "found")(window.witness)
"""
LIVE_TRACKS = """() => {
  const { srcObject } = document.querySelector("#camera");
  return srcObject.getTracks().filter((track) => track.readyState === "live").length;
}"""


@pytest.mark.parametrize(
    ("script", "form"),
    [
        (WITHOUT_MODULE_WORKERS, "video-frame"),
        (UNAWARE_OF_MODULE_WORKERS, "video-frame"),
        (WITHOUT_FRAME_CALLBACKS, "video-frame"),
        (WITHOUT_VIDEO_FRAMES, "bitmap"),
        (WITHOUT_OFFSCREEN_CANVAS, "canvas"),
        (OLD, "canvas"),
    ],
    ids=["module workers", "classic only", "callbacks", "frames", "offscreen", "old"],
)
def test_the_video_covers_the_picture_in_a_browser_without(
    browsers: Browsers, address: str, resting: Clip, script: str, form: str
) -> None:
    device = Device()
    with opened_viewer(
        browsers, address, camera=resting, device=device, scripts=(script,)
    ) as viewer:
        assert_on_picture(viewer, clip=resting, device=device)

        expect(viewer.page.locator("html")).to_have_attribute("data-ar-form", form)
        if "workers" in script:
            assert viewer.page.evaluate("window.workers.at(-1)") == "classic"


def test_how_the_engine_works_here_can_be_read_on_the_screen_by_who_asks(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    with opened_viewer(browsers, address, camera=resting) as viewer:
        viewer.start()
        viewer.reach("tracking")
        html = viewer.page.locator("html")
        expect(html).to_have_attribute("data-ar-form", "video-frame")
        expect(html).to_have_attribute("data-ar-pace", re.compile("[012]"))
        assert viewer.page.evaluate(SAID_BELOW) == "none"

        viewer.page.evaluate("() => { location.hash = 'status'; }")

        assert viewer.page.evaluate(SAID_BELOW).startswith('"video-frame ')


def test_all_this_is_seen_in_a_browser_that_refuses_webgl(browsers: Browsers) -> None:
    with browsers.started_with(*WITHOUT_WEBGL, *FLAGS).new_page() as page:
        assert page.evaluate(WEBGL_OF_PAGE_AND_WORKER) == [False] * 4


def test_the_video_stays_on_the_picture_when_the_phone_is_turned(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    device = Device()
    with opened_viewer(
        browsers, address, camera=resting, device=device, scripts=(IN_THE_HAND,)
    ) as viewer:
        assert_on_picture(viewer, clip=resting, device=device)

        viewer.page.evaluate("() => { window.turn(); }")
        upright = Device(size=(device.size[1], device.size[0]))
        viewer.page.set_viewport_size({"width": upright.size[0], "height": upright.size[1]})
        viewer.wait_for("document.querySelector('#camera').videoHeight === 640")
        viewer.wait_for(FOUND_AGAIN)

        truth = resting.corners[0]
        assert truth is not None
        moved = truth + np.array([-80, 80])
        turned = Clip(resting.path, resting.fps, (480, 640), (moved,))
        expected = on_screen(moved, clip=turned, device=upright)
        corners = viewer.covered()
        assert np.median(np.linalg.norm(corners - expected, axis=1)) <= CORNERS_WITHIN_PX


def test_the_processed_frame_is_shown_only_while_the_engine_keeps_pace(
    browsers: Browsers, address: str, unhurried: Clip
) -> None:
    with opened_viewer(browsers, address, camera=unhurried, scripts=(GENEROUS_CLOCK,)) as viewer:
        viewer.start()
        viewer.reach("tracking")
        viewer.wait_for(f"!{IS_LIVE}")

        devtools = viewer.page.context.new_cdp_session(viewer.page)
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": 100})
        viewer.wait_for(IS_LIVE)

        devtools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        viewer.wait_for(f"!{IS_LIVE}")


def test_another_camera_is_a_tap_away_and_is_remembered(
    browsers: Browsers, address: str, empty: Clip
) -> None:
    with opened_viewer(browsers, address, camera=empty, scripts=(TWO_CAMERAS,)) as viewer:
        viewer.start()
        viewer.reach("searching")

        viewer.page.get_by_role("button", name="Another camera").click()

        viewer.wait_for("window.asked.length === 2")
        viewer.wait_for("document.querySelector('#camera').srcObject?.active")
        assert viewer.page.evaluate("window.asked") == ["front", "back"]
        assert viewer.page.evaluate(LIVE_TRACKS) == 1

        viewer.page.reload()
        viewer.start()
        viewer.reach("searching")
        assert viewer.page.evaluate("window.asked") == ["back"]


def test_another_camera_is_offered_only_where_there_is_one(
    browsers: Browsers, address: str, empty: Clip
) -> None:
    with opened_viewer(browsers, address, camera=empty, scripts=(PLUGGED_IN,)) as viewer:
        viewer.start()
        viewer.reach("searching")
        viewer.wait_for("window.told === 1")
        expect(viewer.page.locator("#switch-camera")).to_be_hidden()

        viewer.page.evaluate("() => { window.cameras.push('back'); }")
        viewer.page.get_by_role("button", name="Back").click()
        viewer.start()

        expect(viewer.page.locator("#switch-camera")).to_be_visible()
