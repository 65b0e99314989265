"""The bench of recognition: its clips are where they say, and its report says what was seen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.bench.viewer.conditions import HARDER, ORDINARY, STRANGER, Shot
from tests.bench.viewer.engines import Stored, Told
from tests.bench.viewer.figures import Seen, judge
from tests.bench.viewer.floor import floor_px
from tests.bench.viewer.many import MANY, Looked, Pair, fewer_lines, judged, many_lines
from tests.bench.viewer.report import NOT_MET, NOT_SEEN, Run, section, summary
from tests.bench.viewer.scene import render, render_stranger
from tests.bench.visit.report import NOT_MET as PAGE_NOT_MET
from tests.e2e.clips import View

SQUARE = np.array([[100, 100], [300, 100], [300, 250], [100, 250]], np.float64)  # diagonal 250
WHICH = ("poster", 1, "head-on", "ours")
FLAT = View(fill=0.6, tilt_deg=35, tilt_axis_deg=50, roll_deg=20)
DOT_PX, PICTURE_PX = (301.0, 99.0), (400, 300)


def seen(shot: str, *, engine: str = "ours", is_found: bool = True, **more: object) -> Seen:
    shown = [SQUARE if is_found else None] * 3
    told = judge(
        which=("poster", 1, shot, engine),
        truth=np.stack([SQUARE] * 3),
        shown=shown,
        raw=shown,
        ms=[30.0, 4.0, 2.0],
    )
    return replace(told, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "shot",
    [
        Shot("flat", FLAT),
        Shot("streaked", FLAT, streak_px=6),
        Shot("read row by row", FLAT, readout=0.8, move="sway"),
        Shot("through a lens", FLAT, distortion=0.03),
        Shot("bent", FLAT, bend=0.6),
    ],
    ids=lambda shot: str(shot.name),
)
def test_a_point_is_seen_where_the_truth_has_it(shot: Shot) -> None:
    width, height = PICTURE_PX
    picture = np.zeros((height, width), np.uint8)
    x, y = (int(place) for place in DOT_PX)
    picture[y - 3 : y + 3, x - 3 : x + 3] = 255
    blank = replace(shot, noise=0.0, frames=2)
    white = np.zeros_like(picture)

    clip = render(blank, picture, picture, seed=5)
    ground = render(blank, white, white, seed=5)

    # The dot's corner points are not among those of the truth: a homography tells of it where
    # the picture is flat, and where it is not, the grid around it does.
    light = clip.frames[0].astype(np.float64) - ground.frames[0]
    rows, columns = np.mgrid[0 : light.shape[0], 0 : light.shape[1]] + 0.5
    centre = np.array([(columns * light).sum(), (rows * light).sum()]) / light.sum()
    assert clip.places is not None
    expected = through_neighbours(clip.points, clip.places[0], np.array(DOT_PX))
    assert np.linalg.norm(centre - expected) < 0.1


def through_neighbours(points: np.ndarray, places: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Where a point is seen, by a smooth function through those that are known."""
    degree = 1 if len(points) == 4 else 4
    scale = np.array(PICTURE_PX, np.float64)

    def terms(at: np.ndarray) -> np.ndarray:
        x, y = (at / scale).T
        return np.stack(
            [x**i * y**j for i in range(degree + 1) for j in range(degree + 1)], axis=-1
        )

    if degree == 1:  # four corners settle a homography
        rows = []
        for (x, y), (u, v) in zip(points, places, strict=True):
            rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        h = np.append(np.linalg.solve(np.array(rows), places.reshape(-1)), 1).reshape(3, 3)
        seen_at = h @ np.append(point, 1)
        return np.asarray(seen_at[:2] / seen_at[2])
    weights = np.linalg.lstsq(terms(points), places, rcond=None)[0]
    return np.asarray((terms(point[None]) @ weights)[0])


def test_a_clip_is_the_same_for_the_same_seed() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (90, 120), np.uint8)
    shot = replace(HARDER[12], frames=2)

    first, again, other = (render(shot, picture, picture, seed=seed) for seed in (1, 1, 2))

    assert np.array_equal(first.frames, again.frames)
    assert not np.array_equal(first.frames, other.frames)
    assert render_stranger([picture], seed=1).places is None


def test_errors_are_counted_from_the_first_right_pose_on() -> None:
    truth = np.stack([SQUARE] * 5)
    near, far = SQUARE + np.array([0.3, 0.4]), SQUARE + np.array([20, 0])

    told = judge(
        which=WHICH, truth=truth, shown=[None, far, near, None, near], raw=[], ms=[9, 8, 7, 6, 5]
    )

    assert (told.first, told.missed, told.wrong) == (2, 1, 1)
    assert told.errors_px == pytest.approx((20, 0.5, 0.5))
    assert (told.search_ms, told.ms) == ((9, 8, 6), (7, 5))


def test_an_error_may_grow_with_the_picture_before_the_pose_is_wrong() -> None:
    large = SQUARE * 2  # diagonal 500: 30 px

    for off_px, wrong in ((29, 0), (31, 1)):
        told = judge(
            which=WHICH, truth=large[None], shown=[large + np.array([0, off_px])], raw=[], ms=[1.0]
        )
        assert told.wrong == wrong


def test_shake_and_jump_are_root_mean_squares() -> None:
    truth = np.stack([SQUARE] * 4)
    swung = [SQUARE + np.array([0.1 * sign, 0]) for sign in (1, -1, 1, -1)]

    told = judge(which=WHICH, truth=truth, shown=swung, raw=swung, ms=[1.0] * 4)

    assert told.shake_px == pytest.approx(0.1)
    assert told.jump_px == pytest.approx(0.2)


def test_any_pose_of_a_picture_that_is_not_there_is_wrong() -> None:
    told = judge(which=WHICH, truth=None, shown=[None, SQUARE], raw=[], ms=[1.0, 1.0])

    assert told.wrong == 1
    assert told.first is None


def test_the_report_says_what_was_found_and_what_was_not_run() -> None:
    shot, harder = ORDINARY[0].name, HARDER[0].name
    alone = [seen(shot), seen(shot, is_found=False), seen(STRANGER.name, frames=900, wrong=1)]
    beside = [seen(harder, is_found=False), seen(harder, engine="MindAR")]

    text = section(alone, Run(2, 1, 0, 60))
    both = section(alone + beside, Run(2, 1, 1, 60))

    assert "| found, 23 ordinary conditions | 50.0% (1 of 2) | not run | 100 % |" in text
    assert "| 1 in 900 frames (1.0 min) | not run | 0 |" in text
    assert "| clips in which MindAR alone found it |  | not run | 0 |" in text
    assert "| clips in which MindAR alone found it |  | 1 | 0 |" in both
    assert f"found by MindAR alone: {harder}, poster, 1" in summary(alone + beside)


def test_there_are_23_ordinary_conditions_and_each_has_a_name_of_its_own() -> None:
    names = [shot.name for shot in (*ORDINARY, *HARDER)]

    assert len(ORDINARY) == 23
    assert len(set(names)) == len(names)


def grid(side: int) -> np.ndarray:
    """Points of a square of 300 pixels, row by row."""
    places = np.linspace(0, 300, side)
    return np.stack(np.meshgrid(places, places), axis=-1).reshape(-1, 2)


def test_of_what_a_homography_shows_nothing_is_left() -> None:
    points = grid(5)
    seen_at = (
        np.column_stack([points, np.ones(25)])
        @ np.array([[0.9, 0.2, 40], [-0.1, 1.1, 30], [4e-4, -2e-4, 1]]).T
    )

    assert floor_px(points, seen_at[:, :2] / seen_at[:, 2:]) < 1e-3


def test_what_no_homography_shows_is_left() -> None:
    # Every other point is moved to the left, the others to the right: of that a homography can
    # take up 4 % (of the squares; the part that grows with x times y), so that 2 % are missing.
    points = grid(4)
    rows, columns = np.divmod(np.arange(16), 4)
    moved = np.where((rows + columns) % 2 == 0, 2.0, -2.0)

    left_px = floor_px(points, points + np.column_stack([moved, np.zeros(16)]))

    assert 2 * 0.95 < left_px <= 2.0


def test_the_report_says_what_no_homography_can_show() -> None:
    told = [seen("bent by 30 degrees", floors_px=(2.0, 3.0, 2.5)), seen("head-on")]

    rows = section(told, Run(1, 1, 0, 60)).splitlines()

    assert any(row.startswith("| bent") and row.endswith("| 2.50 / 2.90 |") for row in rows)
    assert any(row.startswith("| head-on") and row.endswith("|  |") for row in rows)


@pytest.mark.parametrize(
    ("pose", "target", "expected"),
    [
        (SQUARE + 0.5, 3, (True, False)),
        (SQUARE + 0.5, 2, (False, True)),
        (SQUARE + 40, 3, (False, True)),
        (None, None, (False, False)),
    ],
    ids=["right", "another picture", "elsewhere", "nothing"],
)
def test_a_look_is_right_when_the_right_picture_is_told_where_it_is(
    pose: np.ndarray | None, target: int | None, expected: tuple[bool, bool]
) -> None:
    clip = Stored("fill 15 %", Path("clip"), 1, SQUARE, SQUARE[None])

    looked = judged(clip, Told(shown=[pose], raw=[pose], ms=[9.0], targets=[target]), wanted=3)

    assert (looked.is_found, looked.is_mistaken, looked.ms) == (*expected, 9.0)


def test_twenty_are_compared_with_one() -> None:
    found, missed = (
        Looked(is_found=True, is_mistaken=False, ms=20),
        Looked(is_found=False, is_mistaken=False, ms=30),
    )
    pairs = [Pair(found, replace(missed, is_mistaken=True)), Pair(found, replace(found, ms=36))]

    text = "\n".join(many_lines(pairs))

    assert "| found | 2 of 2 | 1 of 2 |" in text
    assert "| another picture or place told | 0 | 1 |" in text
    assert "| 1.65x |" in text
    assert many_lines([]) == []
    assert len(set(MANY)) == 20


def test_what_twenty_pictures_cost_in_finds_is_told_where_they_cost_any() -> None:
    assert any("10% fewer are found" in line for line in fewer_lines(200, 180))
    assert fewer_lines(180, 180) == []


def test_the_page_holds_what_is_said_of_what_is_not_met() -> None:
    page = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text()

    for lines in (NOT_MET, NOT_SEEN, PAGE_NOT_MET):
        assert "\n".join(lines) in page
