"""The two engines, asked clip by clip: ours in Node, stock MindAR in Chromium."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

from tests.bench.viewer.conditions import FPS, FRAME_PX
from tests.interop.browser import MINDAR, opened_page

HERE = Path(__file__).parent
Places = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A clip on the disk.

    Attributes:
        shot: its name.
        path: raw grey frames, one after the other.
        frames: how many.
        points: (K, 2) of the picture, that are judged.
        places: (N, K, 2) of them in the frames, or None.
    """

    shot: str
    path: Path
    frames: int
    points: Places
    places: Places | None


@dataclass(frozen=True, slots=True)
class Told:
    """What an engine told of a clip, frame by frame.

    Attributes:
        shown: places of the judged points, or None.
        raw: the same before the engine's filter; empty where that is not told.
        ms: the frame's.
        targets: number of the picture in the file, or None; empty where that is not told.
    """

    shown: list[Places | None]
    raw: list[Places | None]
    ms: list[float]
    targets: list[int | None]


class Engine(Protocol):
    """An engine for which a target can be opened."""

    name: str

    def watch(self, mind: Path, clips: Sequence[Stored]) -> list[Told]:
        """Look for a picture in clips, one after the other."""


class Ours:
    """Our engine in a Node process of its own."""

    name = "ours"

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def watch(self, mind: Path, clips: Sequence[Stored], *, is_fresh: bool = False) -> list[Told]:
        """Look for the pictures of a file in clips, one after the other.

        Args:
            mind: the file.
            clips: where to look.
            is_fresh: each clip is searched as if nothing had been before: its first frame as a
                whole.
        """
        question = {
            "mind": str(mind),
            "is_fresh": is_fresh,
            "clips": [{"path": str(clip.path), "frames": clip.frames} for clip in clips],
            "width": FRAME_PX[0],
            "height": FRAME_PX[1],
            "fps": FPS,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("our engine ended: see what Node wrote to stderr")
        told = json.loads(line)["clips"]
        return [_through_homographies(clip, one) for clip, one in zip(clips, told, strict=True)]


def _through_homographies(clip: Stored, told: list[dict[str, Any]]) -> Told:
    def places(homography: list[float] | None) -> Places | None:
        if homography is None:
            return None
        matrix = np.reshape(homography, (3, 3))
        seen = np.column_stack([clip.points, np.ones(len(clip.points))]) @ matrix.T
        return np.asarray(seen[:, :2] / seen[:, 2:])

    return Told(
        shown=[places(one["shown"]) for one in told],
        raw=[places(one["raw"]) for one in told],
        ms=[one["ms"] for one in told],
        targets=[one["target"] for one in told],
    )


@contextmanager
def our_engine() -> Iterator[Ours]:
    """Start Node; it ends with the context."""
    command = ["node", str(HERE / "ours.mjs")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Ours(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


class MindAr:
    """Stock MindAR in Chromium, with its filter, as a page would show it."""

    name = "MindAR"

    def __init__(self, page: Page) -> None:
        self._page = page

    def watch(self, mind: Path, clips: Sequence[Stored]) -> list[Told]:
        """Look for a picture in clips, one after the other."""
        self._page.evaluate("([url, w, h]) => load(url, w, h)", [_url(mind), *FRAME_PX])
        return [self._watch(clip) for clip in clips]

    def _watch(self, clip: Stored) -> Told:
        asked = {"frames": clip.frames, "fps": FPS, "rests": clip.places is not None}
        answer = self._page.evaluate(
            "([url, asked]) => watch(url, asked)", [_url(clip.path), asked]
        )
        told = answer["told"]
        outline = clip.points[_outline_of(clip.points)] if len(clip.points) else None
        shown = [_from_corners(clip.points, outline, one["corners"]) for one in told]
        return Told(shown=shown, raw=[], ms=[one["ms"] for one in told], targets=[])


def _outline_of(points: Places) -> list[int]:
    """Rows of the corners among the judged points: of a grid, row by row, or of corners alone."""
    if len(points) == 4:
        return [0, 1, 2, 3]
    side = round(len(points) ** 0.5)
    return [0, side - 1, len(points) - 1, len(points) - side]


def _from_corners(
    points: Places, outline: Places | None, corners: list[list[float]] | None
) -> Places | None:
    """The judged points of a picture whose four corners are told."""
    if corners is None:
        return None
    if outline is None:  # the picture is not there: that it is seen is enough
        return np.array(corners)
    rows = []
    for (x, y), (u, v) in zip(outline, corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    solved = np.linalg.solve(np.array(rows), np.array(corners).reshape(-1))
    matrix = np.append(solved, 1).reshape(3, 3)
    seen = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(seen[:, :2] / seen[:, 2:])


def _url(path: Path) -> str:
    return f"/files/{path.parent.name}/{path.name}"


@contextmanager
def stock_mindar(folder: Path) -> Iterator[MindAr]:
    """Open MindAR in Chromium; clips are in folders of ``folder``."""
    folders = {"mindar": MINDAR, "files": folder, "bench": HERE}
    with opened_page("bench/mindar.html", folders) as page:
        yield MindAr(page)
