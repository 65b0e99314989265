"""``python -m tests.bench``: measure our compilers beside their peers, and write the page.

Parts that take minutes can be run one by one: ``--parts speed`` keeps its figures in ``--folder``,
where a later ``--parts detection`` finds them. What was not run is said in the table.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

import cv2

from markers.compiler import COMPILER_VERSION
from tests.bench import alike, backup, detection, nft, prescore, speed
from tests.bench.nft_report import nft_rows, nft_section
from tests.bench.page import section_of
from tests.bench.pictures import BenchPicture, bench_pictures
from tests.bench.report import summary_rows, write_report
from tests.bench.viewer import report as viewer
from tests.bench.visit import report as visit
from tests.bench.wanted import missed

PAGE: Final = Path(__file__).parents[2] / "docs" / "benchmarks.md"
PARTS: Final = ("speed", "memory", "prescore", "alike", "detection", "score", "nft")


def main() -> None:
    """Run the parts that are asked for, and report all that have been run.

    Raises:
        SystemExit: a figure misses what is wanted of it; the page is written all the same.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".local/bench"))
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument(
        "--rescore",
        action="store_true",
        help="after a change of the score alone: score again, keep the rates that were measured",
    )
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    for part in chosen.parts:
        figures = RUN[part](chosen.folder)
        _keep(chosen.folder, part, figures)
    if chosen.rescore:
        _rescore(chosen.folder)
    kept = _kept(chosen.folder)
    more = nft_rows(kept.get("nft"))
    page = write_report(kept, nft=nft_section(kept.get("nft")), nft_rows=more)
    for title in (backup.TITLE, viewer.TITLE, visit.TITLE):  # measured apart
        page = page.rstrip() + "\n" + section_of(PAGE.read_text(), title)
    PAGE.write_text(page)
    print(page)
    if misses := missed([*summary_rows(kept), *more]):
        sys.exit(f"not reached: {'; '.join(misses)}")


def _keep(folder: Path, part: str, figures: dict[str, Any]) -> None:
    told = {"compiler_version": COMPILER_VERSION, "figures": figures}
    (folder / f"{part}.json").write_text(json.dumps(told))


def _kept(folder: Path) -> dict[str, Any]:
    """Read the parts that have been run.

    Raises:
        SystemExit: one was run with another compiler: its figures say nothing of this one.
    """
    told = {
        part: json.loads((folder / f"{part}.json").read_text())
        for part in PARTS
        if (folder / f"{part}.json").exists()
    }
    others = [part for part, one in told.items() if one.get("compiler_version") != COMPILER_VERSION]
    if others:
        sys.exit(f"not of compiler {COMPILER_VERSION}, run or delete them: {', '.join(others)}")
    return {part: one["figures"] for part, one in told.items()}


def _speed(folder: Path) -> dict[str, Any]:
    good = [picture for picture in bench_pictures() if not picture.is_bad]
    costs, files = speed.measure_speed(good)
    for name, mind in files.items():
        (folder / f"{name}.mind").write_bytes(mind)
    return {"costs": costs, "whole_s": speed.measure_whole(good)}


def _memory(folder: Path) -> dict[str, Any]:
    del folder
    return {"peak_mb": speed.peak_memory_mb(bench_pictures()[0].pixels)}


def _prescore(folder: Path) -> dict[str, Any]:
    del folder
    return prescore.measure_prescore(bench_pictures())


def _alike(folder: Path) -> dict[str, Any]:
    del folder
    return alike.measure_likeness([p for p in bench_pictures() if not p.is_bad])


def _detection(folder: Path) -> dict[str, Any]:
    good = _numbered(is_bad=False)
    found = {p.name: folder / f"{p.name}.mind" for _, p in good}
    peers = {name: path.read_bytes() for name, path in found.items() if path.exists()}
    return detection.measure_detection(good, peers)


def _score(folder: Path) -> dict[str, Any]:
    del folder
    return detection.measure_detection(_numbered(is_bad=True), {})


def _rescore(folder: Path) -> None:
    """Measure what a change of the score changes: itself, and the time that all takes together."""
    whole_s = speed.measure_whole([picture for _, picture in _numbered(is_bad=False)])
    costs = json.loads((folder / "speed.json").read_text())["figures"]
    _keep(folder, "speed", {**costs, "whole_s": whole_s})
    for part, is_bad in (("detection", False), ("score", True)):
        measured = json.loads((folder / f"{part}.json").read_text())["figures"]
        _keep(folder, part, detection.rescore(measured, _numbered(is_bad=is_bad)))


def _numbered(*, is_bad: bool) -> list[tuple[int, BenchPicture]]:
    return [(n, p) for n, p in enumerate(bench_pictures()) if p.is_bad == is_bad]


def _nft(folder: Path) -> dict[str, Any]:
    del folder
    by_name = {picture.name: picture for picture in bench_pictures()}
    return nft.measure_nft([by_name[name] for name in nft.PICTURES])


RUN: Final = {
    "speed": _speed,
    "memory": _memory,
    "prescore": _prescore,
    "alike": _alike,
    "detection": _detection,
    "score": _score,
    "nft": _nft,
}

if __name__ == "__main__":
    main()
