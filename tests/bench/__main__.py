"""``python -m tests.bench``: measure our compilers beside their peers, and write the page.

Parts that take minutes can be run one by one: ``--parts speed`` keeps its figures in ``--folder``,
where a later ``--parts detection`` finds them. What was not run is said in the table.
"""

import argparse
import json
from pathlib import Path
from typing import Any, Final

import cv2

from tests.bench import alike, backup, detection, nft, prescore, speed
from tests.bench.nft_report import nft_rows, nft_section
from tests.bench.page import section_of
from tests.bench.pictures import BenchPicture, bench_pictures
from tests.bench.report import write_report
from tests.bench.viewer import report as viewer
from tests.bench.visit import report as visit

PAGE: Final = Path(__file__).parents[2] / "docs" / "benchmarks.md"
PARTS: Final = ("speed", "memory", "prescore", "alike", "detection", "score", "nft")


def main() -> None:
    """Run the parts that are asked for, and report all that have been run."""
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
        (chosen.folder / f"{part}.json").write_text(json.dumps(figures))
    if chosen.rescore:
        _rescore(chosen.folder)
    kept = {
        part: json.loads((chosen.folder / f"{part}.json").read_text())
        for part in PARTS
        if (chosen.folder / f"{part}.json").exists()
    }
    page = write_report(kept, nft=nft_section(kept.get("nft")), nft_rows=nft_rows(kept.get("nft")))
    for title in (backup.TITLE, viewer.TITLE, visit.TITLE):  # measured apart
        page = page.rstrip() + "\n" + section_of(PAGE.read_text(), title)
    PAGE.write_text(page)
    print(page)


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
    costs = folder / "speed.json"
    whole_s = speed.measure_whole([picture for _, picture in _numbered(is_bad=False)])
    costs.write_text(json.dumps({**json.loads(costs.read_text()), "whole_s": whole_s}))
    for part, is_bad in (("detection", False), ("score", True)):
        kept = folder / f"{part}.json"
        measured = json.loads(kept.read_text())
        kept.write_text(json.dumps(detection.rescore(measured, _numbered(is_bad=is_bad))))


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
