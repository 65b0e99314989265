"""Stock runtimes from npm, unmodified, in a headless Chromium: the page they run in, and MindAR."""

import base64
import functools
import http.server
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, sync_playwright

from tests.prerequisites import BROWSERS

HERE = Path(__file__).parent
MINDAR = HERE.parents[1] / "node_modules/mind-ar/dist"
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
FRAME_WIDTH_PX, FRAME_HEIGHT_PX = 640, 480


@dataclass(frozen=True, slots=True)
class Sighting:
    """What MindAR told about one frame that was shown to it again and again.

    Attributes:
        frames: how many times the frame was processed.
        poses: in how many of them the target was followed.
        corners: (4, 2) x, y in pixels: top left, top right, bottom right, bottom left of the
            target, by the last pose; None if it was not recognised.
    """

    frames: int
    poses: int
    corners: NDArray[np.float64] | None


class StockMindar:
    """A page with MindAR in it. Files go through ``folder``, which is served as ``/files``."""

    def __init__(self, page: Page, folder: Path) -> None:
        self._page, self._folder = page, folder
        self._count = 0

    def load(self, mind: bytes) -> list[list[int]]:
        """Load a target file; returns width and height of each target that MindAR found in it."""
        dimensions: list[list[int]] = self._page.evaluate(
            "([url, width, height]) => load(url, width, height)",
            [self._publish(mind, "target.mind"), FRAME_WIDTH_PX, FRAME_HEIGHT_PX],
        )
        return dimensions

    def compile(self, picture_png: bytes) -> bytes:
        """Let MindAR's own compiler make a target file."""
        url = self._publish(picture_png, "picture.png")
        return base64.b64decode(self._page.evaluate("url => compile(url)", url))

    def show(self, frame_png: bytes, *, frames_most: int = 45, poses_wanted: int = 20) -> Sighting:
        """Show one camera frame, given as a PNG, until it is well recognised or time is up."""
        told = self._page.evaluate(
            "([url, limits]) => show(url, limits)",
            [
                self._publish(frame_png, "frame.png"),
                {"framesMost": frames_most, "posesWanted": poses_wanted},
            ],
        )
        corners = None if told["corners"] is None else np.array(told["corners"], np.float64)
        return Sighting(told["frames"], told["poses"], corners)

    def _publish(self, data: bytes, name: str) -> str:
        self._count += 1
        path = self._folder / f"{self._count}-{name}"
        path.write_bytes(data)
        return f"/files/{path.name}"


@contextmanager
def stock_mindar(folder: Path) -> Iterator[StockMindar]:
    """Serve MindAR on loopback and open it in Chromium.

    Skips the test where MindAR or Chromium is missing; a skipped test fails in CI.
    """
    if not (MINDAR / "mindar-image.prod.js").exists():
        pytest.skip("MindAR is missing: npm ci")
    with opened_page("stock.html", {"mindar": MINDAR, "files": folder}) as page:
        yield StockMindar(page, folder)


@contextmanager
def opened_page(name: str, folders: Mapping[str, Path]) -> Iterator[Page]:
    """Open a page of this package in Chromium, once it says that it is ready.

    Skips the test where Chromium is missing.

    Args:
        name: of the page's file.
        folders: what is served to it besides, each under its name.
    """
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chromium is None:
        pytest.skip("Chromium is missing: apt-get install chromium")
    with served(folders) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        page = browser.new_page()
        page.goto(f"{address}/{name}")
        page.wait_for_function("window.isReady")
        yield page
        browser.close()


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the pages of this package, and folders by their names; says nothing."""

    def __init__(self, folders: Mapping[str, Path], *arguments: object) -> None:
        self._folders = folders
        super().__init__(*arguments)  # type: ignore[arg-type]

    def translate_path(self, path: str) -> str:
        first, _, name = path.split("?")[0].strip("/").partition("/")
        return str(self._folders[first] / name if name else HERE / first)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base's name
        return


@contextmanager
def served(folders: Mapping[str, Path]) -> Iterator[str]:
    """Serve this package's pages on loopback, and folders under their names; yields the address."""
    handler = functools.partial(_Handler, folders)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
