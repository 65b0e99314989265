"""The compiler as a command: a target, a rating or a guess, and clear words when it can't."""

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from markers.compiler import LEAN, UnusableImage, analyze_image, compile_target, prescore
from markers.compiler.__main__ import main
from markers.compiler.nft import NftOptions, compile_nft
from tests.pictures import encode_png, flat, photo_like, poster

PICTURE = encode_png(poster(seed=7, width_px=480, height_px=360))
NFT = {"target.iset", "target.fset", "target.fset3"}


@pytest.fixture
def picture_file(tmp_path: Path) -> Path:
    path = tmp_path / "poster.png"
    path.write_bytes(PICTURE)
    return path


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_compilation_writes_the_files_of_both_families(
    picture_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"

    status = main([str(picture_file), "--out", str(out), "--json"])

    said = json.loads(capsys.readouterr().out)
    assert status == 0
    assert names_in(out) == NFT | {"target.mind", "preview.jpg", "heat.jpg", "quality.json"}
    assert (out / "target.fset3").read_bytes() == compile_nft(PICTURE).fset3
    assert said["nft"]["bytes"] == {name: (out / name).stat().st_size for name in NFT}
    assert said["nft"]["dpi_source"] == "default"


def test_the_width_of_the_print_decides_the_resolution_of_the_nft_files(
    picture_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"

    main([str(picture_file), "--out", str(out), "--json", "--physical-width-mm", "100"])

    said = json.loads(capsys.readouterr().out)
    expected = compile_nft(PICTURE, NftOptions(physical_width_mm=100.0))
    assert (out / "target.iset").read_bytes() == expected.iset
    assert said["nft"]["dpi"] == expected.dpi
    assert said["nft"]["width_mm"] == pytest.approx(100, abs=0.5)


def test_who_wants_no_nft_files_gets_none(picture_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    main([str(picture_file), "--out", str(out), "--no-nft"])

    assert not names_in(out) & NFT


def test_the_profile_is_the_one_that_was_asked_for(picture_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    main([str(picture_file), "--out", str(out), "--profile", "lean", "--no-nft"])

    assert (out / "target.mind").read_bytes() == compile_target(PICTURE, LEAN).mind


def test_an_analysis_makes_a_heat_map_and_no_target(
    picture_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"

    status = main([str(picture_file), "--out", str(out), "--analyze", "--json"])

    said = json.loads(capsys.readouterr().out)
    expected = analyze_image(PICTURE)
    heat_map = cv2.imdecode(np.fromfile(out / "heat.jpg", np.uint8), cv2.IMREAD_COLOR)
    assert status == 0
    assert said["quality_score"] == expected.score
    assert said["quality_report"] == expected.report
    assert (said["width_px"], said["height_px"]) == (480, 360)
    assert heat_map is not None
    assert names_in(out) == {"heat.jpg", "quality.json"}


def test_a_quick_guess_needs_no_folder(
    picture_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main([str(picture_file), "--quick", "--json"])

    said, expected = json.loads(capsys.readouterr().out), prescore(PICTURE)
    assert status == 0
    assert said["quality_score"] == expected.score
    assert said["quality_report"]["stars"] == expected.stars
    assert said["quality_report"]["reasons"] == list(expected.reasons)


def test_a_picture_may_come_on_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(PICTURE)))

    status = main(["-", "--quick", "--json"])

    assert status == 0
    assert json.loads(capsys.readouterr().out)["quality_score"] == prescore(PICTURE).score


def test_people_are_told_in_one_line_how_good_it_is_and_what_would_help(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pale = tmp_path / "pale.png"
    picture = photo_like(seed=5, width_px=400, height_px=300)
    pale.write_bytes(encode_png((picture // 7 + 105).astype(np.uint8)))

    main([str(pale), "--analyze"])

    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "of 100" in said
    assert "low_contrast" in said


@pytest.mark.parametrize("arguments", [["--analyze"], ["--quick"], ["--analyze", "--json"]])
def test_a_picture_that_cannot_be_used_ends_with_1_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    path = tmp_path / "flat.png"
    path.write_bytes(encode_png(flat()))

    status = main([str(path), *arguments])

    said = capsys.readouterr()
    assert status == 1
    assert UnusableImage("too_few_features").hint in said.out + said.err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--analyze", "--quick"],
        ["--quick", "--profile", "best"],
        ["--quick", "--physical-width-mm", "nan"],
        ["--quick", "--physical-width-mm", "0"],
        ["--quick", "--physical-width-mm", "wide"],
    ],
)
def test_wrong_options_end_with_2(
    picture_file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(picture_file), *arguments])

    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_ends_with_2(
    picture_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(picture_file), "--analyze", "--out", str(picture_file / "out")]) == 2

    assert "out" in capsys.readouterr().err
