"""The bench itself: what it shows to the runtime, and what it says of what was not run."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from markers.compiler import COMPILER_VERSION, compile_target
from tests.bench import __main__ as bench
from tests.bench.backup import Step, section
from tests.bench.detection import rescore
from tests.bench.filled import MB
from tests.bench.frames import LEVELS, frames_of
from tests.bench.page import put_section, section_of
from tests.bench.pictures import BenchPicture, bench_pictures
from tests.bench.report import write_report
from tests.bench.timed import Cost
from tests.bench.wanted import missed, verdict
from tests.pictures import poster


def look(frames: dict[str, int], found: dict[str, int], *, weight: int) -> dict[str, object]:
    told = {"frames": frames, "found": found, "wrong": 0, "match_ms": [3.0]}
    return {**told, "bytes": weight}


def test_pictures_have_names_of_their_own_and_a_third_is_held_out() -> None:
    pictures = bench_pictures()

    assert len({picture.name for picture in pictures}) == len(pictures) >= 30
    assert sum(picture.is_held_out for picture in pictures) == len(pictures) // 3


def test_four_pictures_have_three_megapixels() -> None:
    pixels = [picture.pixels.shape[0] * picture.pixels.shape[1] for picture in bench_pictures()]

    assert sum(count >= 3e6 for count in pixels) >= 4


def test_frames_are_the_same_for_the_same_seed() -> None:
    picture = poster(seed=1)

    first, again, other = (frames_of(picture, seed=seed, per_level=1) for seed in (1, 1, 2))

    assert [frame.level for frame in first] == list(LEVELS)
    assert np.array_equal(first[2].pixels, again[2].pixels)
    assert not np.array_equal(first[2].pixels, other[2].pixels)


def test_a_frame_shows_the_picture_where_its_corners_are() -> None:
    white = np.full((300, 400, 3), 255, np.uint8)

    for frame in frames_of(white, seed=3, per_level=2):
        inside = np.zeros(frame.pixels.shape[:2], np.uint8)
        cv2.fillConvexPoly(inside, np.rint(frame.corners).astype(np.int32), 1)
        inside = cv2.erode(inside, np.ones((9, 9), np.uint8)).astype(np.uint8)
        seen = frame.pixels[inside > 0]
        assert len(seen) > 1000
        assert seen.mean() > 180
        assert seen.std() < 20


def test_what_was_not_run_is_said_and_nothing_is_invented() -> None:
    page = write_report({})

    assert page.lower().count("not run") >= 8
    assert "%" not in page.split("## Summary")[1].replace("<= 75 %", "")


def test_a_guess_s_time_is_that_of_the_slow_ones_at_both_sizes() -> None:
    slow = [{"picture": "a", "cpu_s": 0.1, "score": 50}] + [{"picture": "b", "cpu_s": 0.4}] * 9
    guesses = {"2048 px": slow, "12 megapixels": slow[:1] * 10}

    page = write_report({"prescore": guesses})

    assert "p95 of 10 at 2048 px | 0.40 s | <= 0.3 s | **no** |" in page
    assert "p95 of 10 at 12 megapixels | 0.10 s | <= 0.3 s | yes |" in page


@pytest.mark.parametrize(
    ("measured", "wanted", "met"),
    [
        ("72x", ">= 25x", "yes"),
        ("24x", ">= 25x", "**no**"),
        ("0.946 all, 0.839 hard", ">= .92 all, >= .75 hard", "yes"),
        ("0.946 all, 0.739 hard", ">= .92 all, >= .75 hard", "**no**"),
        ("0.872, held out 0.6", ">= .80", "yes"),
        ("61%", "<= 75 %", "yes"),
        ("301 MB", "<= 300 MB", "**no**"),
        ("2", "<= 1", "**no**"),
        ("not run", ">= 25x", ""),
        ("0.92", "", ""),
    ],
)
def test_a_figure_is_held_against_what_is_wanted(measured: str, wanted: str, met: str) -> None:
    assert verdict(measured, wanted) == met
    assert missed([("it", measured, wanted)]) == (["it"] if met == "**no**" else [])


def test_a_bound_without_a_figure_is_no_success() -> None:
    with pytest.raises(ValueError, match="no number for each"):
        verdict("0.946 all", ">= .92 all, >= .75 hard")


def run_bench(folder: Path, monkeypatch: pytest.MonkeyPatch, *, version: str, peak_mb: int) -> Path:
    """Report what a run of this compiler measured, with no part run anew."""
    page = folder / "benchmarks.md"
    page.write_text("# Old\n")
    told = {"compiler_version": version, "figures": {"peak_mb": peak_mb}}
    (folder / "memory.json").write_text(json.dumps(told))
    monkeypatch.setattr(bench, "PAGE", page)
    monkeypatch.setattr(sys, "argv", ["bench", "--folder", str(folder), "--parts"])
    return page


def test_a_row_that_is_missed_ends_the_bench_with_an_error_after_the_page_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = run_bench(tmp_path, monkeypatch, version=COMPILER_VERSION, peak_mb=400)

    with pytest.raises(SystemExit, match="peak memory"):
        bench.main()

    assert "| peak memory at 12 megapixels | 400 MB | <= 300 MB | **no** |" in page.read_text()
    assert f"of compiler {COMPILER_VERSION};" in page.read_text()


def test_a_bench_that_misses_nothing_ends_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = run_bench(tmp_path, monkeypatch, version=COMPILER_VERSION, peak_mb=200)

    bench.main()

    assert "| 200 MB | <= 300 MB | yes |" in page.read_text()


def test_figures_of_another_compiler_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = run_bench(tmp_path, monkeypatch, version="0.9", peak_mb=200)

    (tmp_path / "alike.json").write_text("{}")  # of which compiler, it does not say

    with pytest.raises(SystemExit, match="memory, alike"):
        bench.main()

    assert page.read_text() == "# Old\n"


def test_what_was_measured_of_nft_files_is_in_the_summary_and_at_the_end() -> None:
    row = ("CPU of the wheel's over ours", "99x", ">= 60x")

    page = write_report({}, nft="## NFT files\n\nAll of it.\n", nft_rows=[row])

    assert "| CPU of the wheel's over ours | 99x | >= 60x | yes |\n\n## Detection" in page
    assert page.endswith("\n## NFT files\n\nAll of it.\n")


def test_rates_are_those_of_the_frames() -> None:
    frames = {"easy": 4, "medium": 4, "hard": 4}
    files = {
        "peer": look(frames, {"easy": 4, "medium": 2, "hard": 0}, weight=1000),
        "lean": look(frames, {"easy": 4, "medium": 4, "hard": 1}, weight=600),
        "robust": look(frames, {"easy": 4, "medium": 4, "hard": 3}, weight=900),
    }
    picture = {
        "is_bad": False,
        "is_held_out": True,
        "score": 80,
        "found_share": 0.9,
        "files": files,
    }

    page = write_report({"detection": {"a picture": picture}})

    assert "0.917 all, 0.750 hard" in page
    assert "| MindAR's own | 1 | 0.500 | 1.000 | 0.500 | 0.000 |" in page
    assert "| detection, MindAR's own | 0.500 all, 0.000 hard |  |  |" in page
    assert "| wrong poses, as many as MindAR's own at most | 0 | <= 0 | yes |" in page
    assert "60%" in page


@pytest.mark.parametrize("level", LEVELS)
def test_a_pose_is_right_within_ten_pixels_or_six_percent(level: str) -> None:
    frame = next(f for f in frames_of(poster(seed=1), seed=4, per_level=1) if f.level == level)
    diagonal_px = float(np.linalg.norm(frame.corners[2] - frame.corners[0]))
    allowed_px = max(10.0, 0.06 * diagonal_px)

    assert frame.is_there(frame.corners + np.array([allowed_px * 0.99, 0]))
    assert not frame.is_there(frame.corners + np.array([allowed_px * 1.01, 0]))


def a_step(seconds: float, *, read_mb: int = 0, sent_mb: int = 0, dump_mb: int = 0) -> Step:
    return Step(Cost(seconds, seconds, 90 * MB), read_mb * MB, sent_mb * MB, dump_mb * MB)


def test_backups_are_compared_with_both_pipelines_together() -> None:
    steps = {
        "dump": a_step(10, read_mb=1000),
        "database": a_step(12.5, read_mb=1000),
        "tar": a_step(20, read_mb=10_000),
        "first": a_step(60, read_mb=11_000),
        "idle": a_step(9, sent_mb=520, dump_mb=500),
        "night": a_step(12, sent_mb=620, dump_mb=505),
        "restore": a_step(100, read_mb=11_000),
    }

    told = section(steps, database_mb=1000, media_mb=10_000)

    assert "| 0.80x | >= 0.8x |" in told
    assert "| 1.83x | >= 0.8x |" in told
    assert "| 0.50x |  |" in told
    assert "| 0.20% | < 1% |" in told
    assert "| first backup with the media | 60.0 | 60.0 | 183 |" in told


def test_a_section_replaces_its_own_and_no_other(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\nHead.\n\n## Backups\n\nOld.\n\n## Other\n\nKept.\n")

    put_section(page, "Backups", "New.")
    put_section(page, "Backups", "Newer.")

    assert page.read_text() == (
        "# Page\n\nHead.\n\n## Other\n\nKept.\n\n## Backups\n\nNewer.\n"
    )  # fmt: skip
    assert section_of(page.read_text(), "Backups") == "\n## Backups\n\nNewer.\n"
    assert section_of("# Page\n", "Backups") == ""


def test_a_new_score_is_put_beside_a_rate_of_the_same_file_alone() -> None:
    picture = BenchPicture("a poster", poster(seed=1), False, False, is_composed=False)
    file = {"bytes": len(compile_target(picture.png).mind)}
    measured = {"a poster": {"score": 1, "found_share": 0.9, "files": {"robust": file}}}

    (told,) = rescore(measured, [(0, picture)]).values()

    assert told["score"] > 60
    assert told["found_share"] == 0.9
    file["bytes"] += 1
    with pytest.raises(ValueError, match="measured again"):
        rescore(measured, [(0, picture)])
