"""One visit to a page that recognises, and what came of it."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np

from tests.bench.visit.film import crossed_corners
from tests.e2e.browsers import Browsers
from tests.e2e.clips import Clip, read_counter
from tests.e2e.viewer import Device, Viewer, opened_viewer

SCREEN: Final = Device(size=(640, 480))  # a pixel of the screen is one of the camera's frame
WATCHED_S: Final = 4.0  # for how long frames are counted
SETTLED_S: Final = 0.5  # after the picture was found
SHOTS: Final = 12
PATIENCE_S: Final = 30.0
_RECORDED: Final = """() => ({
  ...window.visit,
  fetched: ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
    .map(({ name, responseEnd }) => ({ name, atMs: responseEnd })),
})"""
_IS_LOCKED: Final = "document.querySelector('#locked-frame')?.hidden === false"


@dataclass(frozen=True, slots=True)
class Visit:
    """What one visit told.

    Attributes:
        page: "ours" or "MindAR".
        ready_s: from the navigation until the camera could be started.
        found_s: from the first frame with the picture until it was found; None if it never was.
        was_warm: whether the page had looked for a while when the picture came in; else it was
            there when the camera opened.
        seconds, frames, answers: how long the camera's frames were counted while the picture was
            followed, how many came, and how many different ones the engine answered.
        ms: spent on each of those answers.
        errors_px: of each screenshot, `SHOTS` at most: mean distance of the video's corners from
            the picture's.
        fetched: what had come when the page was ready: file names and seconds.
        locked: screenshots on which the frame that was computed was shown, not the live video.
    """

    page: str
    ready_s: float
    found_s: float | None
    was_warm: bool
    fetched: tuple[tuple[str, float], ...] = ()
    seconds: float = 0.0
    frames: int = 0
    answers: int = 0
    ms: tuple[float, ...] = ()
    errors_px: tuple[float, ...] = ()
    locked: int = 0


def visit_before(browsers: Browsers, page: str, url: str, clip: Clip, script: str) -> Visit:
    """Be there before the picture: start the camera a second after the page is ready."""
    with _opened(browsers, page, url, clip, script) as viewer:
        viewer.reach("ready")
        viewer.wait_for(f"performance.now() > window.visit.readyMs + {1000 * SETTLED_S}")
        viewer.start()
        _wait_until_found(viewer)
        return told(page, viewer.page.evaluate(_RECORDED), clip, was_warm=True)


def visit_with_picture(browsers: Browsers, page: str, url: str, clip: Clip, script: str) -> Visit:
    """Start the camera on the picture as soon as the page is ready; watch it for a while."""
    with _opened(browsers, page, url, clip, script) as viewer:
        viewer.start()
        if not _wait_until_found(viewer):
            return told(page, viewer.page.evaluate(_RECORDED), clip, was_warm=False)
        viewer.bare()
        end_ms = f"window.visit.foundMs + {1000 * (SETTLED_S + WATCHED_S)}"
        viewer.wait_for(f"window.visit.frames.at(-1).atMs > {end_ms}")
        record = viewer.page.evaluate(_RECORDED)
        errors_px, locked = _looked_at(viewer, clip)
    return told(page, record, clip, was_warm=False, errors_px=errors_px, locked=locked)


def _opened(
    browsers: Browsers, page: str, url: str, clip: Clip, script: str
) -> AbstractContextManager[Viewer]:
    """Open a page in a Chromium that computes a graphics card for MindAR, which needs one."""
    return opened_viewer(
        browsers, url, camera=clip, device=SCREEN, scripts=(script,), has_webgl=page != "ours"
    )


def _wait_until_found(viewer: Viewer) -> bool:
    """Whether the picture was found before patience ended, which begins when the page is ready."""
    end_ms = f"window.visit.readyMs + {1000 * PATIENCE_S}"
    viewer.wait_for(f"window.visit.foundMs !== null || performance.now() > {end_ms}")
    return bool(viewer.page.evaluate("window.visit.foundMs !== null"))


def _looked_at(viewer: Viewer, clip: Clip) -> tuple[tuple[float, ...], int]:
    """Errors of some screenshots, px, and how many of them showed the frame that was computed."""
    errors_px: list[float] = []
    locked = 0
    deadline = time.monotonic() + PATIENCE_S
    while len(errors_px) < SHOTS and time.monotonic() < deadline:
        shot = viewer.shot()
        number = read_counter(shot)
        truth = None if number is None else clip.corners[number]
        corners = crossed_corners(shot)
        if truth is None or corners is None:  # the picture taken between two frames
            continue
        errors_px.append(float(np.linalg.norm(corners - truth, axis=1).mean()))
        locked += bool(viewer.page.evaluate(_IS_LOCKED))
    return tuple(errors_px), locked


def told(
    page: str,
    record: Mapping[str, Any],
    clip: Clip,
    *,
    was_warm: bool,
    errors_px: Sequence[float] = (),
    locked: int = 0,
) -> Visit:
    """Reckon up what record.js kept of a visit."""
    found_ms = record["foundMs"]
    with_picture = (
        frame["atMs"]
        for frame in record["frames"]
        if frame["number"] is not None and clip.corners[frame["number"]] is not None
    )
    came_ms = next(with_picture, None)
    counted = {"seconds": 0.0, "frames": 0, "answers": 0}
    ms: tuple[float, ...] = ()
    if found_ms is not None and not was_warm:
        begin_ms = found_ms + 1000 * SETTLED_S
        end_ms = begin_ms + 1000 * WATCHED_S
        shown = [one for one in record["frames"] if begin_ms <= one["atMs"] < end_ms]
        first, last = shown[0], shown[-1]
        answers = [
            one for one in record["answers"] if first["place"] <= one["frame"] < last["place"]
        ]
        counted = {
            "seconds": (last["atMs"] - first["atMs"]) / 1000,
            "frames": last["place"] - first["place"],
            "answers": len({one["frame"] for one in answers}),
        }
        ms = tuple(one["ms"] for one in answers)
    return Visit(
        page=page,
        ready_s=record["readyMs"] / 1000,
        found_s=None if found_ms is None or came_ms is None else (found_ms - came_ms) / 1000,
        was_warm=was_warm,
        fetched=tuple(
            (urlsplit(one["name"]).path.rpartition("/")[2], one["atMs"] / 1000)
            for one in sorted(record["fetched"], key=itemgetter("atMs"))
            if 0 < one["atMs"] <= record["readyMs"]
        ),
        ms=ms,
        errors_px=tuple(errors_px),
        locked=locked,
        **counted,  # type: ignore[arg-type]
    )
