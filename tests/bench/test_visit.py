"""The bench of the page: places on screenshots are exact, and its table says what was seen."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.bench.visit.film import CROSSES, SIZE, crossed_corners, make_crossed_film
from tests.bench.visit.report import Bytes, Run, section
from tests.bench.visit.visits import Visit, told
from tests.e2e.clips import Clip, Corners, Rgb

QUAD = np.array([[110.3, 95.6], [512.9, 60.2], [540.4, 401.7], [92.8, 372.1]], np.float64)
FRAME_MS = 1000 / 30


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Rgb:
    """The video's first frame."""
    path = make_crossed_film(tmp_path_factory.mktemp("film") / "film.mp4")
    is_read, frame = cv2.VideoCapture(str(path)).read()
    assert is_read
    return np.asarray(frame[..., ::-1], np.uint8)


def screenshot(film: Rgb, corners: Corners, *, blur_px: float) -> Rgb:
    """The film on a screen, with its corners at these places."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])  # from pixel indices to places
    outline = np.array([(0, 0), (SIZE[0], 0), SIZE, (0, SIZE[1])], np.float32)
    matrix = cv2.getPerspectiveTransform(outline, corners.astype(np.float32))
    small = cv2.GaussianBlur(film, (0, 0), 0.8)  # of a browser that makes it smaller
    ground = np.full((480, 640, 3), 90, np.uint8)
    shot = cv2.warpPerspective(
        small, np.linalg.inv(half) @ matrix @ half, (640, 480), ground,
        borderMode=cv2.BORDER_TRANSPARENT,
    )  # fmt: skip
    return np.asarray(cv2.GaussianBlur(shot, (0, 0), blur_px) if blur_px else shot, np.uint8)


@pytest.mark.parametrize("blur_px", [0, 0.7], ids=["sharp", "blurred"])
def test_corners_are_measured_to_a_tenth_of_a_pixel_on_average(film: Rgb, blur_px: float) -> None:
    corners = crossed_corners(screenshot(film, QUAD, blur_px=blur_px))

    assert corners is not None
    assert np.linalg.norm(corners - QUAD, axis=1).mean() < 0.1


def test_a_film_that_is_partly_covered_is_not_measured(film: Rgb) -> None:
    shot = screenshot(film, QUAD, blur_px=0)
    shot[:200, 200:400] = 90

    assert len(CROSSES) == 12
    assert crossed_corners(shot) is None


def clip(*, lead_in: int, shown: int) -> Clip:
    there: list[Corners | None] = [QUAD] * shown
    return Clip(Path("clip.y4m"), 30, (640, 480), tuple([None] * lead_in + there))


def record(*, found_ms: float | None, frames: int = 200, answers: int = 0) -> dict[str, object]:
    """What record.js keeps of a clip that begins at 1000 ms; every answer is told twice."""
    shown = [
        {"atMs": 1000 + place * FRAME_MS, "place": place + 1, "number": place}
        for place in range(frames)
    ]
    answered = [
        {"atMs": 0.0, "frame": place + 1, "ms": 4.0}
        for place in range(0, frames, max(1, frames // max(1, answers)))
        for _ in range(2)
    ]
    fetched = [
        {"name": "https://ar.example.org/static/page.1.js?a=b", "atMs": 80.0},
        {"name": "https://ar.example.org/ar/code", "atMs": 40.0},
        {"name": "https://ar.example.org/media/film.mp4", "atMs": 900.0},
    ]
    return {
        "readyMs": 640.0, "foundMs": found_ms, "frames": shown, "answers": answered,
        "fetched": fetched,
    }  # fmt: skip


def test_found_is_counted_from_the_first_frame_with_the_picture() -> None:
    seen = told(
        "ours", record(found_ms=1000 + 12 * FRAME_MS), clip(lead_in=10, shown=190), was_warm=True
    )

    assert seen.ready_s == pytest.approx(0.64)
    assert seen.fetched == (("code", 0.04), ("page.1.js", 0.08))
    assert seen.found_s == pytest.approx(2 * FRAME_MS / 1000)


def test_a_picture_that_was_never_found_has_no_time() -> None:
    seen = told("ours", record(found_ms=None), clip(lead_in=0, shown=200), was_warm=True)

    assert seen.found_s is None


def test_a_frame_that_is_answered_twice_is_counted_once() -> None:
    kept = record(found_ms=1100.0, frames=200, answers=100)

    seen = told("MindAR", kept, clip(lead_in=0, shown=200), was_warm=False)

    assert (seen.frames, seen.answers) == (119, 60)  # of four seconds, begun half a second later
    assert seen.seconds == pytest.approx(119 * FRAME_MS / 1000)
    assert set(seen.ms) == {4.0}


def visit(page: str, *, found_s: float | None = 0.08, was_warm: bool = False) -> Visit:
    if was_warm:
        return Visit(page, 0.5, found_s, was_warm=True)
    return Visit(
        page, 0.7, found_s, was_warm=False, seconds=4.0, frames=120, answers=108,
        ms=(3.0, 5.0, 4.0), errors_px=(0.2, 0.4, 0.3), locked=2,
    )  # fmt: skip


def test_the_table_says_what_was_seen_and_what_was_not_run() -> None:
    ours = [visit("ours", was_warm=True), visit("ours"), visit("ours", found_s=None)]
    weights = Bytes(scripts=24_000, worker=14_000, page=40_000, peer_scripts=370_000)

    alone = section(ours, weights, Run(1, 60, 0.4))
    both = section([*ours, visit("MindAR")], weights, Run(1, 60, 0.4))

    assert "with a load of 0.4 before." in alone
    assert "| open → the camera can be started, s | 0.70 (0.50–0.70) | not run |" in alone
    assert "| 0.08 (0.08–0.08), never in 1 | not run | <= 0.3 |" in alone
    assert "| 90.0% (27.0 of 30.0 a second) | 90.0% (27.0 of 30.0 a second) | all |" in both
    assert "| a frame, median / p90, ms | 4.0 / 5.0 |" in both
    assert "| error on screen in slow motion, median / p90, px | 0.30 / 0.40 |" in both
    assert "| 4 of 6 | 2 of 3 |" in both
    assert "| JavaScript, gzipped, kB | 24.0 | 370.0 |" in both


def test_a_bundle_weighs_what_it_imports_too(tmp_path: Path) -> None:
    (tmp_path / "mindar-image.prod.js").write_text('import { a } from "./one.js";')
    (tmp_path / "one.js").write_text('import { b } from "./two.js";' + "x" * 10_000)
    (tmp_path / "two.js").write_text("y")
    (tmp_path / "other.js").write_bytes(np.random.default_rng(1).bytes(10_000))

    weights = Bytes.of(
        {"https://ar.example.org/worker.1.js?a": 5, "https://x/page.css": 7}, tmp_path
    )

    assert (weights.worker, weights.scripts, weights.page) == (5, 5, 12)
    assert 100 < weights.peer_scripts < 1000
