"""Stock jsartoolkitNFT from npm, unmodified, in a headless Chromium."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page

from tests.interop.browser import FRAME_HEIGHT_PX, FRAME_WIDTH_PX, HERE, opened_page

JSARTOOLKIT = HERE.parents[1] / "node_modules/@webarkit/jsartoolkit-nft/dist"
FILES = ("iset", "fset", "fset3")
# Of the camera that tests/e2e/clips.py draws with: 45 degrees from top to bottom.
FOCAL_PX = FRAME_HEIGHT_PX / 2 / np.tan(np.radians(45 / 2))
CAMERA = np.array(
    [[FOCAL_PX, 0, FRAME_WIDTH_PX / 2], [0, FOCAL_PX, FRAME_HEIGHT_PX / 2], [0, 0, 1]]
)
MM_PER_INCH = 25.4


@dataclass(frozen=True, slots=True)
class Dimensions:
    """What the runtime read of a target: pixels of its largest layer, and pixels per inch."""

    width_px: int
    height_px: int
    dpi: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the runtime told about one frame.

    Attributes:
        corners: (4, 2) x, y in pixels: top left, top right, bottom right, bottom left of the
            target; None if it was not found.
        took_ms: time to look at the frame.
    """

    corners: NDArray[np.float64] | None
    took_ms: float


class StockJsartoolkit:
    """A page with jsartoolkitNFT in it. Files go through ``folder``, served as ``/files``."""

    def __init__(self, page: Page, folder: Path) -> None:
        self._page, self._folder = page, folder
        self._count = 0
        self._loaded = Dimensions(0, 0, 1)
        (folder / "camera.dat").write_bytes(_camera_file())

    def load(self, iset: bytes, fset: bytes, fset3: bytes) -> Dimensions:
        """Load a target into a fresh runtime."""
        self._count += 1
        name = f"target-{self._count}"
        for kind, data in zip(FILES, (iset, fset, fset3), strict=True):
            (self._folder / f"{name}.{kind}").write_bytes(data)
        self._page.reload()
        self._page.wait_for_function("window.isReady")
        told = self._page.evaluate(
            "([target, camera, width, height]) => load(target, camera, width, height)",
            [f"/files/{name}", "/files/camera.dat", FRAME_WIDTH_PX, FRAME_HEIGHT_PX],
        )
        self._loaded = Dimensions(told["width"], told["height"], told["dpi"])
        return self._loaded

    def show(self, frame_png: bytes) -> Sighting:
        """Show one camera frame, given as a PNG, to the runtime, which follows nothing yet."""
        self._count += 1
        path = self._folder / f"frame-{self._count}.png"
        path.write_bytes(frame_png)
        told = self._page.evaluate("url => show(url)", f"/files/{path.name}")
        path.unlink()
        return Sighting(self._corners(told["pose"]), told["took"])

    def _corners(self, pose: list[float] | None) -> NDArray[np.float64] | None:
        """Say where a pose, a 4x4 matrix by columns, puts the target's corners in the frame."""
        if pose is None:
            return None
        # The world's unit is a millimetre, its origin the lower left corner, its y axis up.
        width_mm = self._loaded.width_px / self._loaded.dpi * MM_PER_INCH
        height_mm = self._loaded.height_px / self._loaded.dpi * MM_PER_INCH
        print_mm = [(0, height_mm), (width_mm, height_mm), (width_mm, 0), (0, 0)]
        world = np.array([(x, y, 0, 1) for x, y in print_mm])
        seen = world @ np.array(pose).reshape(4, 4)[:, :3] @ CAMERA.T
        return np.asarray(seen[:, :2] / seen[:, 2:])


@contextmanager
def stock_jsartoolkit(folder: Path) -> Iterator[StockJsartoolkit]:
    """Serve jsartoolkitNFT on loopback and open it in Chromium.

    Skips the test where jsartoolkitNFT or Chromium is missing; a skipped test fails in CI.
    """
    if not (JSARTOOLKIT / "ARToolkitNFT_simd.js").exists():
        pytest.skip("jsartoolkitNFT is missing: npm ci")
    folders = {"jsartoolkit": JSARTOOLKIT, "files": folder}
    with opened_page("jsartoolkit.html", folders) as page:
        yield StockJsartoolkit(page, folder)


def _camera_file() -> bytes:
    """Write the camera as the runtime reads it: size, 3x4 projection, no distortion."""
    projection = np.hstack([CAMERA, np.zeros((3, 1))])
    distortion = (FRAME_WIDTH_PX / 2, FRAME_HEIGHT_PX / 2, 0.0, 1.0)
    return struct.pack(
        ">2i16d", FRAME_WIDTH_PX, FRAME_HEIGHT_PX, *projection.ravel().tolist(), *distortion
    )
