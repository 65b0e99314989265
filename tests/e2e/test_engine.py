"""The recognition engine alone, in a real Chromium with a clip for a camera."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from markers.compiler import compile_target
from tests.e2e.browsers import Browsers
from tests.e2e.clips import Clip, View, render_clip, still
from tests.pictures import encode_png, poster

ENGINE = Path(__file__).parents[2] / "arcontent" / "static" / "arcontent" / "engine"
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "img-src 'self' data:; media-src 'self'; connect-src 'self'; script-src 'self'; "
    "style-src 'self'; worker-src 'self'"
)
PATIENCE_S = 60.0
PICTURE_SIZE = (600, 450)

PAGE = """<!doctype html><meta charset="utf-8"><title>engine</title>
<video id="camera" muted playsinline></video><script type="module" src="page.js"></script>"""

SCRIPT = """
import { Recognizer } from "./engine/recognizer.js";
const seen = { found: [], update: [], lost: [], problems: [], code: null };
window.seen = seen;
addEventListener("securitypolicyviolation", (event) => seen.problems.push(event.violatedDirective));
const form = new URLSearchParams(location.search).get("form");
if (form !== "video-frame") delete globalThis.VideoFrame;
if (form === "canvas") delete globalThis.createImageBitmap;
const recognizer = new Recognizer({ workerUrl: "engine/worker.js" });
window.recognizer = recognizer;
recognizer.addEventListener("error", (event) => seen.problems.push(String(event.detail)));
for (const type of ["found", "update", "lost"]) {
  recognizer.addEventListener(type, (event) => seen[type].push(event.detail));
}
await recognizer.load(new ArrayBuffer(9)).catch((error) => { seen.code = error.code; });
await recognizer.load(await (await fetch("target.mind")).arrayBuffer());
const camera = document.querySelector("#camera");
const video = { width: 640, height: 480 };
camera.srcObject = await navigator.mediaDevices.getUserMedia({ video });
await camera.play();
recognizer.start(camera);
"""

pytestmark = pytest.mark.e2e


class _Handler(SimpleHTTPRequestHandler):
    """Serves a folder under the policy of the viewer, silently."""

    def end_headers(self) -> None:
        """Add the policy to every answer."""
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page that looks for a poster."""
    folder = tmp_path_factory.mktemp("site")
    width_px, height_px = PICTURE_SIZE
    picture = poster(seed=1, width_px=width_px, height_px=height_px)
    (folder / "target.mind").write_bytes(compile_target(encode_png(picture)).mind)
    (folder / "index.html").write_text(PAGE, "utf-8")
    (folder / "page.js").write_text(SCRIPT, "utf-8")
    (folder / "engine").symlink_to(ENGINE)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def posed(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """The poster comes, lies there turned and tilted, and is gone."""
    width_px, height_px = PICTURE_SIZE
    picture = poster(seed=1, width_px=width_px, height_px=height_px)
    view = View(fill=0.6, tilt_deg=35, roll_deg=20, centre=(0.55, 0.45))
    path = tmp_path_factory.mktemp("posed") / "clip.y4m"
    return render_clip(path, picture=picture, motion=still(view), shown_frames=30)


@contextmanager
def camera_page(browsers: Browsers, url: str, clip: Clip) -> Iterator[Page]:
    """Open a page in a Chromium whose camera shows a clip, again and again."""
    browser = browsers.started_with(
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={clip.path}",
    )
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(url)
        yield page


def wait_until(page: Page, expression: str) -> None:
    """Ask until it is true. Playwright's own waiting would need a page that allows eval."""
    deadline = time.monotonic() + PATIENCE_S
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, page.evaluate("window.seen")
        page.wait_for_timeout(50)


def error_px(sight: dict[str, Any], clip: Clip) -> float:
    """Mean distance of the picture's corners from where a still clip has them."""
    truth = next(corners for corners in clip.corners if corners is not None)
    width_px, height_px = PICTURE_SIZE
    outline = np.array(
        [[0, 0, 1], [width_px, 0, 1], [width_px, height_px, 1], [0, height_px, 1]], np.float64
    )
    seen = outline @ np.reshape(sight["homography"], (3, 3)).T
    return float(np.linalg.norm(seen[:, :2] / seen[:, 2:] - truth, axis=1).mean())


@pytest.mark.parametrize("form", ["video-frame", "bitmap", "canvas"])
def test_chromium_finds_follows_and_loses_a_picture_in_every_form_frames_are_taken_in(
    browsers: Browsers, site: str, posed: Clip, form: str
) -> None:
    with camera_page(browsers, f"{site}?form={form}", posed) as page:
        wait_until(page, "window.seen?.lost.length > 0")
        seen = page.evaluate("window.seen")
        stats = page.evaluate("window.recognizer.stats")

    assert stats["form"] == form
    assert seen["problems"] == []
    assert seen["code"] == "bad_target"
    assert seen["found"][0]["frameWidth"] == 640
    errors_px = [error_px(sight, posed) for sight in seen["found"] + seen["update"]]
    assert len(errors_px) >= 10
    assert np.median(errors_px) <= 0.5


def test_chromium_never_finds_another_picture(
    browsers: Browsers, site: str, tmp_path: Path
) -> None:
    clip = render_clip(tmp_path / "clip.y4m", picture=poster(seed=2), shown_frames=20)

    with camera_page(browsers, f"{site}?form=video-frame", clip) as page:
        wait_until(page, "window.recognizer?.stats.processed > 45")
        seen = page.evaluate("window.seen")

    assert seen["problems"] == []
    assert seen["found"] == []
