"""What is said of NFT files: of what was measured, and of what was not."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench.nft_compilers import make_with_ours, peak_memory_mb, wheel_python
from tests.bench.nft_report import nft_rows, nft_section
from tests.bench.report import write_report
from tests.pictures import encode_png, poster


def told(found: list[bool], *, cpu_s: float, wrong: int = 0) -> dict[str, Any]:
    by_level = {"easy": [True] * len(found), "medium": found, "hard": [False] * len(found)}
    looks_ms = [20.0] * 3 * len(found)
    return {"cpu_s": cpu_s, "bytes": 1000, "found": by_level, "wrong": wrong, "took_ms": looks_ms}


@pytest.fixture
def figures() -> dict[str, Any]:
    kept = {
        "is_held_out": False,
        "ours": told([True, True], cpu_s=0.1),
        "wheel": told([True, False], cpu_s=9.0, wrong=3),
    }
    held_out = {
        "is_held_out": True,
        "ours": told([False, False], cpu_s=0.1, wrong=1),
        "wheel": told([False, False], cpu_s=5.0),
    }
    return {"pictures": {"a cat": kept, "a dog": held_out}, "peak_mb": 134.4}


def test_rates_and_ratios_are_those_of_the_figures(figures: dict[str, Any]) -> None:
    rows, section = nft_rows(figures), nft_section(figures)

    assert rows == [
        ("NFT: CPU of the wheel's over ours, median of 2", "70x", ">= 60x"),
        ("NFT: detection, ours", "0.500, held out 0.333", ">= .80"),
        ("NFT: detection, the wheel's", "0.417", ""),
        ("NFT: peak memory at 12 megapixels", "134 MB", "<= 300 MB"),
    ]
    assert "| ours | 12 | 0.500 | 1.000 | 0.500 | 0.000 | 1 | 1 | 20 |" in section
    assert "| the wheel | 6 | 0.333 | 1.000 | 0.000 | 0.000 | 0 | 1 | 20 |" in section
    assert "median 70x, least 50x, most 90x" in section
    assert "| a cat |  | 9.00 | 0.100 | 90x | 0.500 | 0.667 | 3 | 0 |" in section
    assert "| a dog | yes | 5.00 | 0.100 | 50x | 0.333 | 0.333 | 0 | 1 |" in section


def test_a_wheel_that_is_not_installed_was_not_measured_and_that_is_said(
    figures: dict[str, Any],
) -> None:
    for one in figures["pictures"].values():
        del one["wheel"]

    rows, section = nft_rows(figures), nft_section(figures)

    assert [row[1] for row in rows] == [
        *("not measured", "0.500, held out 0.333", "not measured", "134 MB")
    ]
    assert "**The wheel was not measured: it is not installed here.**" in section
    assert "| a cat |  | not measured | 0.100 | not measured |" in section


def test_what_was_not_run_is_said_to_be() -> None:
    rows, section = nft_rows(None), nft_section(None)

    assert {row[1] for row in rows} == {"not run"}
    assert section.endswith("Not run.\n")


def test_the_page_holds_the_rows_and_the_section(figures: dict[str, Any]) -> None:
    page = write_report({}, nft=nft_section(figures), nft_rows=nft_rows(figures))

    assert "| NFT: detection, ours | 0.500, held out 0.333 | >= .80 |" in page
    assert page.endswith(nft_section(figures))


def test_an_interpreter_without_the_wheel_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for python in (sys.executable, str(tmp_path / "missing")):
        monkeypatch.setenv("NFT_WHEEL_PYTHON", python)
        assert wheel_python() is None


def test_a_picture_is_compiled_and_weighed_in_a_process_of_its_own() -> None:
    png = encode_png(poster(seed=1, width_px=200, height_px=150))

    made = make_with_ours(png)

    assert all(made.files)
    assert 0 < made.cpu_s < 60
    assert 20 < peak_memory_mb(png) < 1000
