"""A table of what both pages did."""

import gzip
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

import numpy as np

from tests.bench.visit.visits import PATIENCE_S, SHOTS, WATCHED_S, Visit

TITLE: Final = "Page"
PAGES: Final = ("ours", "MindAR")
_PEER_ENTRY: Final = "mindar-image.prod.js"
_IMPORTED: Final = re.compile(r'from "\./([\w.-]+\.js)"')


@dataclass(frozen=True, slots=True)
class Run:
    """How much was run."""

    visits: int
    seconds: float
    load: float  # of the machine before it: processes that wanted a core


@dataclass(frozen=True, slots=True)
class Bytes:
    """Gzipped sizes of what pages are sent, without pictures, target and video."""

    scripts: int
    worker: int
    page: int
    peer_scripts: int

    @classmethod
    def of(cls, sizes: Mapping[str, int], peer: Path) -> Self:
        """Sum up by URL; ``peer`` is the folder of the published bundle."""
        scripts = {url: size for url, size in sizes.items() if urlsplit(url).path.endswith(".js")}
        return cls(
            scripts=sum(scripts.values()),
            worker=sum(size for url, size in scripts.items() if "/worker." in url),
            page=sum(sizes.values()),
            peer_scripts=_gzipped(peer, _PEER_ENTRY),
        )


def _gzipped(folder: Path, entry: str) -> int:
    """Size of a module and of those that it imports, each gzipped."""
    met: list[str] = []
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        met.append(name)
        text = (folder / name).read_text()
        waiting += [one for one in _IMPORTED.findall(text) if one not in (*met, *waiting)]
    return sum(len(gzip.compress((folder / name).read_bytes(), 9)) for name in met)


def section(visits: Sequence[Visit], weights: Bytes, run: Run) -> str:
    """Write the section of docs/benchmarks.md."""
    warm = [visit for visit in visits if visit.was_warm]
    cold = [visit for visit in visits if not visit.was_warm]
    rows = [
        ("open → the camera can be started, s", *_each(visits, _ready), "<= 0.8"),
        ("the picture comes in → found, page warm, s", *_each(warm, _found), "<= 0.1"),
        ("camera opens on the picture → found, tapped at once, s", *_each(cold, _found), "<= 0.3"),
        ("the camera's frames that were answered", *_each(cold, _answered), "all"),
        ("a frame, median / p90, ms", *_each(cold, _ms), "<= 6"),
        ("error on screen in slow motion, median / p90, px", *_each(cold, _error), "<= 0.5"),
        ("of the screenshots, showing the frame that was computed", *_each(cold, _locked), ""),
        ("JavaScript, gzipped, kB", _kb(weights.scripts), _kb(weights.peer_scripts), ""),
        ("of it the engine's worker, kB", _kb(weights.worker), "not apart", "<= 14"),
        ("all but pictures, target and video, gzipped, kB", _kb(weights.page), "–", "<= 45"),
    ]
    return "\n".join(
        [
            f"Printed by `make bench-page`: {run.visits} visits of each page before the picture"
            f" comes in and as many with it,",
            f"in turn, in a Chromium without a past, in {run.seconds / 60:.0f} minutes, on"
            f" {os.cpu_count()} cores with a load of {run.load:.1f} before.",
            "There is no graphics card: for MindAR, which needs one, Chromium computes it; for our"
            " page it refuses WebGL.",
            *_INTRODUCTION,
            "",
            "| what | ours | MindAR | wanted of ours |",
            "| --- | --- | --- | --- |",
            *(f"| {' | '.join(row)} |" for row in rows),
            *NOT_MET,
        ]
    )


NOT_MET: Final = (
    "",
    "What is not met, and what was tried:",
    "",
    "* Not only at the median are 6 ms wanted. In a frame's time is the wait for its pixels, on"
    " cores that draw the page meanwhile;",
    "  the engine alone follows in less (Recognition, above). Frames are taken in the cheapest form"
    " there is, and the worker is",
    "  warmed up before the first.",
    "* Frames that come while the worker has one are passed over, so that it never lags: with two"
    " cores for all, a few in a",
    "  thousand. A queue was not tried, as what comes out of one is older.",
    "* The worker's kB of gzip: terser over one scope 14.4, which needs Node wherever files are"
    " collected; zopfli 14.8; one scope",
    "  for all modules 15.2; numbers in the places of their names take 0.3 off. With brotli, which"
    " browsers ask for under https,",
    "  it is 13.6.",
)


_INTRODUCTION: Final = (
    "The camera is a clip of 640x480, 30 frames a second; the screen is as large, so that its"
    " pixels are the camera's. MindAR is",
    "the `Controller` as published, with its defaults, in a page of ours that does no more than it"
    " must: the same `.mind` file and",
    "video, placed by CSS over the live camera; it is ready when its dummy run is done. Times are"
    " medians of the visits (least–most).",
    "A picture has come in when its first frame is on the screen; it is found when the page is"
    " told, before the video fades in.",
    f"Frames are counted for {WATCHED_S:.0f} s from half a second after that; a frame's"
    " milliseconds are those of our worker, with its wait for",
    "the pixels, and for MindAR those from taking the frame to the answer, of a software GL, which"
    " says nothing of a phone.",
    "The error is the mean over the video's corners, against the picture's in the frame whose"
    " number is on the same screenshot:",
    f"{SHOTS} screenshots a visit, or as many as show the video whole within {PATIENCE_S:.0f} s.",
)


def line(visit: Visit) -> str:
    """One visit, for who watches."""
    way = "before the picture" if visit.was_warm else "with the picture"
    found = "never" if visit.found_s is None else f"{visit.found_s:.2f} s"
    figures = [f"ready {visit.ready_s:.2f} s", f"found {found}"]
    if not visit.was_warm:
        figures += [f"answered {_answered([visit])}", f"{_ms([visit])} ms", f"{_error([visit])} px"]
        figures.append(f"locked {_locked([visit])}")
    fetched = ", ".join(f"{name[:12]} {seconds:.2f}" for name, seconds in visit.fetched)
    return f"{visit.page}, {way}: {', '.join(figures)}; fetched {fetched}"


Told = Callable[[list[Visit]], str]


def _each(visits: Iterable[Visit], tell: Told) -> tuple[str, str]:
    some = list(visits)
    ours, peer = ([visit for visit in some if visit.page == page] for page in PAGES)
    return tell(ours), tell(peer) if peer else "not run"


def _ready(some: list[Visit]) -> str:
    return _spread([visit.ready_s for visit in some])


def _found(some: list[Visit]) -> str:
    found = [visit.found_s for visit in some if visit.found_s is not None]
    missed = len(some) - len(found)
    return _spread(found) + (f", never in {missed}" if missed else "")


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "–"
    return f"{np.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def _answered(some: list[Visit]) -> str:
    frames, answers = sum(one.frames for one in some), sum(one.answers for one in some)
    seconds = sum(one.seconds for one in some)
    if not frames:
        return "–"
    return f"{answers / frames:.1%} ({answers / seconds:.1f} of {frames / seconds:.1f} a second)"


def _ms(some: list[Visit]) -> str:
    return _median_and_p90([ms for one in some for ms in one.ms], digits=1)


def _error(some: list[Visit]) -> str:
    return _median_and_p90([error for one in some for error in one.errors_px], digits=2)


def _median_and_p90(values: Sequence[float], *, digits: int) -> str:
    if not values:
        return "–"
    return " / ".join(f"{np.percentile(values, share):.{digits}f}" for share in (50, 90))


def _locked(some: list[Visit]) -> str:
    return f"{sum(one.locked for one in some)} of {sum(len(one.errors_px) for one in some)}"


def _kb(size: int) -> str:
    return f"{size / 1000:.1f}"
