import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from markers.compiler import CompileOptions, UnusableImage, compile_target
from markers.compiler.__main__ import main
from markers.compiler.encode import parse_mind
from markers.compiler.keyframes import keyframe_scales
from markers.compiler.options import LEAN, ROBUST
from tests.markers.compiler.builders import compiled, soft_blotches
from tests.pictures import RgbPicture, encode_jpeg, encode_png, flat, gradient, photo_like, poster


@pytest.fixture
def picture_file(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(encode_png(poster(seed=3, width_px=400, height_px=300)))
    return path


def test_same_bytes_in_same_bytes_out() -> None:
    picture = encode_jpeg(poster(seed=3))

    assert compile_target(picture) == compile_target(picture)


def test_another_process_gives_the_same_bytes(picture_file: Path, tmp_path: Path) -> None:
    here = compile_target(picture_file.read_bytes())

    subprocess.run(
        [sys.executable, "-m", "markers.compiler", str(picture_file), "--out", str(tmp_path)],
        check=True,
        capture_output=True,
    )

    assert (tmp_path / "target.mind").read_bytes() == here.mind
    assert (tmp_path / "preview.jpg").read_bytes() == here.preview_jpeg
    assert (tmp_path / "heat.jpg").read_bytes() == here.heat_map_jpeg


def test_importing_the_compiler_loads_no_django() -> None:
    program = "import sys, markers.compiler; print(sorted({m.split('.')[0] for m in sys.modules}))"

    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    assert not {"django", "rest_framework", "celery"} & set(eval(done.stdout))  # noqa: S307


@pytest.mark.parametrize(
    "size_px", [(100, 100), (120, 480), (480, 120), (250, 251), (255, 300), (2000, 1500)]
)
def test_the_file_describes_the_picture_at_every_size(size_px: tuple[int, int]) -> None:
    width_px, height_px = size_px
    picture = encode_png(poster(seed=5, width_px=width_px, height_px=height_px))

    (target,) = parse_mind(compiled(picture).mind)

    assert (target.width_px, target.height_px) == size_px
    assert [min(image.pixels.shape) for image in target.tracking] == [256, 128]
    for image in target.tracking:
        assert image.scale == min(image.pixels.shape) / min(size_px)
        assert image.pixels[:, -1].std() > 0  # filled up to the last column
    assert len(target.tracking[0].points_px) == 0
    assert len(target.tracking[1].points_px) > 0
    flat, tilted = target.keyframes[:-6], target.keyframes[-6:]
    scales = [keyframe.scale for keyframe in flat]
    assert scales == sorted(scales, reverse=True)
    assert len(tilted) == 6
    for keyframe in target.keyframes:
        assert max(keyframe.width_px, keyframe.height_px) <= 640
        assert min(keyframe.width_px, keyframe.height_px) >= 100
        assert keyframe.width_px == round(width_px * keyframe.scale)


def test_a_large_picture_has_keyframes_as_a_small_one() -> None:
    small, large = (
        compile_target(encode_png(cv2.resize(poster(seed=6), size).astype(np.uint8)))
        for size in ((800, 600), (2400, 1800))
    )

    sizes = [
        [(keyframe.width_px, keyframe.height_px) for keyframe in parse_mind(mind)[0].keyframes]
        for mind in (small.mind, large.mind)
    ]

    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("width_px", [100, 130, 640, 641, 5000])
@pytest.mark.parametrize("aspect", [1.0, 1.5, 4.0])
def test_scales_begin_at_100_px_and_grow_in_equal_steps(width_px: int, aspect: float) -> None:
    height_px = round(width_px * aspect)

    scales = keyframe_scales(width_px=width_px, height_px=height_px, options=LEAN)

    assert scales[-1] * width_px == pytest.approx(100)
    assert max(scales[0] * height_px, 100 * aspect) <= 640.001
    for larger, smaller in pairwise(scales):
        assert larger / smaller == pytest.approx(LEAN.keyframe_step) or larger == 1


def test_only_a_picture_of_few_pixels_is_enlarged() -> None:
    tiny, small = (
        keyframe_scales(width_px=width_px, height_px=width_px, options=LEAN)
        for width_px in (120, 300)
    )

    assert max(tiny) > 2
    assert max(tiny) * 120 <= LEAN.keyframe_enlarged_to_px
    assert max(small) == 1


def test_the_lean_profile_has_only_the_flat_picture() -> None:
    picture = encode_png(poster(seed=3))

    lean, robust = (parse_mind(compiled(picture, options).mind)[0] for options in (LEAN, ROBUST))

    assert len(lean.keyframes) < len(robust.keyframes)
    scales = [keyframe.scale for keyframe in lean.keyframes]
    assert scales == sorted(set(scales), reverse=True)


@pytest.mark.parametrize(
    "draw",
    [flat, gradient, lambda: np.full((400, 400, 3), 255, np.uint8), soft_blotches],
    ids=["flat", "gradient", "white", "soft blotches"],
)
def test_a_picture_without_features_is_refused(draw: Callable[[], RgbPicture]) -> None:
    with pytest.raises(UnusableImage) as caught:
        compile_target(encode_png(draw()))

    assert caught.value.code == "too_few_features"


def test_the_error_survives_a_trip_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(UnusableImage("too_few_features")))  # noqa: S301

    assert (error.code, error.hint) == ("too_few_features", UnusableImage(error.code).hint)


def test_progress_grows_to_one() -> None:
    told: list[float] = []

    compile_target(encode_png(photo_like(seed=1)), on_progress=told.append)

    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 5


def test_options_are_obeyed() -> None:
    picture = encode_png(poster(seed=3))
    options = replace(
        CompileOptions(), keyframe_long_side_max_px=300, quality_views=1, preview_long_side_px=200
    )

    target = compile_target(picture, options)

    keyframes = parse_mind(target.mind)[0].keyframes
    preview = cv2.imdecode(np.frombuffer(target.preview_jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert max(keyframe.width_px for keyframe in keyframes) <= 300
    assert target.quality_report["views"] == 1
    assert preview is not None
    assert max(preview.shape) == 200


@pytest.mark.parametrize(("size_px", "long_px"), [((1600, 1200), 800), ((300, 200), 300)])
def test_the_preview_shows_the_picture_with_its_points(
    size_px: tuple[int, int], long_px: int
) -> None:
    picture = poster(seed=3, width_px=size_px[0], height_px=size_px[1])

    data = compile_target(encode_png(picture)).preview_jpeg

    preview = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert data.startswith(b"\xff\xd8\xff")
    assert preview is not None
    assert max(preview.shape[:2]) == long_px
    plain = cv2.resize(picture, preview.shape[1::-1], interpolation=cv2.INTER_AREA)[..., ::-1]
    is_drawn = np.abs(preview.astype(int) - plain).max(axis=2) > 60
    assert 0.005 < is_drawn.mean() < 0.5


def test_the_command_writes_what_it_says(
    picture_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "folder"

    status = main([str(picture_file), "--out", str(folder), "--json"])

    said = json.loads(capsys.readouterr().out)
    assert status == 0
    assert said["mind_bytes"] == (folder / "target.mind").stat().st_size
    assert json.loads((folder / "quality.json").read_text()) == said


def test_the_command_says_in_one_line_how_good_the_picture_is(
    picture_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(picture_file), "--out", str(tmp_path)])

    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "of 100" in said


def test_the_command_says_what_is_wrong_with_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "flat.png"
    path.write_bytes(encode_png(flat()))

    statuses = (
        main([str(path), "--out", str(tmp_path)]),
        main([str(path), "--out", str(tmp_path), "--json"]),
    )

    said = capsys.readouterr()
    assert statuses == (1, 1)
    assert UnusableImage("too_few_features").hint in said.err
    assert json.loads(said.out)["error"]["code"] == "too_few_features"
    assert not (tmp_path / "target.mind").exists()


def test_the_command_says_when_a_file_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "none.png"), "--out", str(tmp_path)]) == 2

    assert capsys.readouterr().err.endswith("No such file or directory\n")
