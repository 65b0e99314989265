"""The viewer page in a real Chromium whose camera shows a clip, and what a test may ask of it."""

import base64
import enum
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import cv2
import numpy as np
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.e2e.browsers import Browsers
from tests.e2e.clips import Clip, Corners, Rgb, read_counter
from tests.e2e.patches import overlay_corners
from tests.e2e.system import BY_NAME

PATIENCE_MS = 60_000  # without a graphics card, beside much else
# Pages and workers get no WebGL, as on phones where it is broken: nothing of ours needs it.
WITHOUT_WEBGL = ("--disable-gpu", "--disable-software-rasterizer")
WITH_WEBGL = (
    "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)  # fmt: skip
FLAGS = (
    "--no-sandbox", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=document-user-activation-required",
    f"--host-resolver-rules=MAP {BY_NAME} 127.0.0.1",
)  # fmt: skip

# A clock by which a machine that has much else to do keeps pace, too.
GENEROUS_CLOCK = """
const now = performance.now.bind(performance);
performance.now = () => now() / 5;
"""
# Runs before any script of the page. At each event it keeps what the camera shows at that moment.
_WITNESS = """
window.witness = { events: [], violations: [] };
const { getContext } = HTMLCanvasElement.prototype;
document.addEventListener("securitypolicyviolation", (event) => {
  window.witness.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});
for (const name of ["found", "lost"]) {
  window.addEventListener(`vertexar:${name}`, () => {
    const camera = document.querySelector("#camera");
    const canvas = document.createElement("canvas");
    canvas.width = camera.videoWidth;
    canvas.height = camera.videoHeight;
    getContext.call(canvas, "2d").drawImage(camera, 0, 0);
    window.witness.events.push({ name, frame: canvas.toDataURL("image/png") });
  });
}
"""
# Chromium crops a clip to what the page wishes for: without wishes it is shown whole.
WITHOUT_WISHES = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = () => ask({ video: true });
"""
# Only the camera and the overlay, to be measured. By CSSOM, as the page's policy demands.
_BARE = """() => {
  for (const part of document.querySelectorAll(".dock, .scene-bar, .finder")) {
    part.style.display = "none";
  }
}"""


class Camera(enum.Enum):
    """How there is no camera."""

    REFUSED = enum.auto()
    ABSENT = enum.auto()


@dataclass(frozen=True, slots=True)
class Device:
    """What the page is seen on."""

    size: tuple[int, int] = (960, 720)  # width, height, CSS pixels
    pixel_ratio: float = 1.0
    language: str = "en"


class Viewer:
    """The opened page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.hosts: set[str] = set()
        self.complaints: list[str] = []  # errors on the console, and uncaught ones
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._listen)

    def reach(self, state: str) -> None:
        """Wait until the page shows a state."""
        html = self.page.locator("html")
        expect(html).to_have_attribute("data-ar-state", state, timeout=PATIENCE_MS)

    def start(self) -> None:
        """Tap the big button as soon as it can be tapped."""
        self.page.locator("#start").click(timeout=PATIENCE_MS)

    def events(self) -> list[str]:
        """Names of all events so far, in order."""
        names: list[str] = self.page.evaluate("window.witness.events.map((event) => event.name)")
        return names

    def wait_for(self, expression: str) -> None:
        """Ask until it is true: the page's policy forbids the browser to ask by itself."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not self.page.evaluate(expression):
            assert time.monotonic() < deadline, f"never true: {expression}"
            self.page.wait_for_timeout(50)  # between two looks at another process

    def frame_at(self, event: str) -> int:
        """Number of the clip's frame that was shown when an event first happened."""
        url: str = self.page.evaluate(
            "(name) => window.witness.events.find((event) => event.name === name).frame", event
        )
        number = read_counter(_decoded(base64.b64decode(url.partition(",")[2])))
        assert number is not None, "the camera's frame has no counter"
        return number

    def bare(self) -> None:
        """Take everything away but the camera and the overlay."""
        self.page.evaluate(_BARE)

    def shot(self) -> Rgb:
        """What is seen, in device pixels."""
        return _decoded(self.page.screenshot())

    def corners(self) -> tuple[Rgb, Corners | None]:
        """A screenshot, and where the overlay's corners are on it; None when it is not seen whole.

        In CSS pixels: clockwise from top left, as `overlay_corners` has them.
        """
        shot = self.shot()
        corners = overlay_corners(shot)
        if corners is None:
            return shot, None
        return shot, corners / float(self.page.evaluate("devicePixelRatio"))

    def covered(self) -> Corners:
        """Where the overlay's corners are, as soon as it is seen whole and has faded in.

        Asked again until then: a screen of many pixels that is drawn without a graphics card
        takes its time.
        """
        self.bare()
        self.page.wait_for_timeout(300)  # it fades in, or the screen is laid out anew
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while (corners := self.corners()[1]) is None:
            assert time.monotonic() < deadline, "the overlay was never seen whole"
        return corners

    def position_s(self) -> float:
        """How far the overlay video has played."""
        return float(self.page.evaluate("document.querySelector('#overlay').currentTime"))

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


@contextmanager
def opened_viewer(
    browsers: Browsers,
    url: str,
    *,
    camera: Clip | Camera,
    device: Device | None = None,
    scripts: tuple[str, ...] = (),
    before: Callable[[Page], None] | None = None,
    has_webgl: bool = False,
) -> Iterator[Viewer]:
    """Open a viewer page as somebody who was never there, in a browser without any past.

    At the end nothing may have broken the page's policy, no other host may have been asked for
    anything, and nothing may have gone wrong that the test did not ask for.

    Args:
        browsers: where to open it.
        url: of the page.
        camera: what its camera shows, or how it does not.
        device: what it is seen on.
        scripts: run before those of the page, to change what the browser can do.
        before: what else is to be done to the page before it is loaded.
        has_webgl: whether the browser computes a graphics card, which no page of ours needs.
    """
    device = device or Device()
    graphics = WITH_WEBGL if has_webgl else WITHOUT_WEBGL
    browser = browsers.started_with(*graphics, *FLAGS, *_camera_flags(camera))
    with browser.new_context(
        viewport={"width": device.size[0], "height": device.size[1]},
        device_scale_factor=device.pixel_ratio,
        locale=device.language,
    ) as context:
        for script in (_WITNESS, *scripts):
            context.add_init_script(script)
        viewer = Viewer(context.new_page())
        if before is not None:
            before(viewer.page)
        viewer.page.goto(url)
        yield viewer
        violations = viewer.page.evaluate("window.witness.violations")
    assert violations == [], violations
    hosts = viewer.hosts - {""}  # of blob: and data:, which are no hosts
    assert hosts == {urlsplit(url).netloc}, hosts
    assert viewer.complaints == [], viewer.complaints


def _camera_flags(camera: Clip | Camera) -> list[str]:
    if camera is Camera.REFUSED:
        return ["--use-fake-device-for-media-stream", "--deny-permission-prompts"]
    if camera is Camera.ABSENT:
        return [
            "--use-fake-device-for-media-stream=device-count=0",
            "--use-fake-ui-for-media-stream",
        ]
    return [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera.path}",
    ]


def _decoded(png: bytes) -> Rgb:
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert pixels is not None
    return np.asarray(pixels, dtype=np.uint8)
