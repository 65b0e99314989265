"""Stock MindAR in Chromium, asked step by step what it finds in single frames."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
from playwright.sync_api import Page

from markers.sets import merge_targets
from tests.bench.frames import HEIGHT_PX, WIDTH_PX, Frame
from tests.interop.browser import MINDAR, opened_page
from tests.pictures import encode_png

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Look:
    """What one target file gave on one frame.

    Attributes:
        is_found: matched and tracked, with its corners where they are, in one of nine crops.
        wrong: poses that the tracker accepted though they were wrong.
        match_ms: time of matching, of each crop that was tried.
    """

    is_found: bool
    wrong: int
    match_ms: tuple[float, ...]


class Runtime:
    """A page with MindAR's Controller in it."""

    def __init__(self, page: Page, folder: Path) -> None:
        self._page, self._folder = page, folder
        self._count = 0

    def load(self, minds: Sequence[bytes]) -> None:
        """Load target files of one picture side by side, so that all see the same points."""
        url = self._publish(merge_targets(minds), "mind")
        self._page.evaluate("([url, w, h]) => load(url, w, h)", [url, WIDTH_PX, HEIGHT_PX])

    def look(self, frame: Frame) -> list[Look]:
        """Look for each of the loaded files in a frame."""
        url = self._publish(encode_png(frame.pixels), "png")
        told = self._page.evaluate(
            "([url, truth]) => look(url, truth)", [url, frame.corners.tolist()]
        )
        return [Look(one["isFound"], one["wrong"], tuple(one["matchMs"])) for one in told]

    def _publish(self, data: bytes, extension: str) -> str:
        self._count += 1
        path = self._folder / f"{self._count}.{extension}"
        path.write_bytes(data)
        return f"/files/{path.name}"


@contextmanager
def stock_runtime(folder: Path) -> Iterator[Runtime]:
    """Open the page; ``folder`` takes what goes to it."""
    folders = {"mindar": MINDAR, "files": folder, "bench": HERE}
    with opened_page("bench/mindar.html", folders) as page:
        yield Runtime(page, folder)


def single_threaded() -> None:
    """Let OpenCV use one thread, so that its CPU time is the time of one core."""
    cv2.setNumThreads(1)
