"""The demo as a visitor sees it. With VERTEXAR_WRITE_IMAGES=1 the README's picture is written."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from arcontent.demo.film import make_film
from arcontent.demo.poster import draw_poster
from tests.e2e.browsers import Browsers
from tests.e2e.clips import Clip, Rgb, View, render_clip, still
from tests.e2e.system import ROOT, Content, System
from tests.e2e.viewer import WITHOUT_WISHES, Device, opened_viewer
from tests.pictures import encode_png

pytestmark = pytest.mark.e2e

IMAGE = ROOT / "docs" / "images" / "comes-alive.png"
WRITES = os.environ.get("VERTEXAR_WRITE_IMAGES") == "1"
FRAME_SIZE = (1280, 960)
WALL_SIZE = (2400, 1800)
SEEN_AT_S = 2.6  # of the film: far from the poster's moment


@pytest.fixture(scope="module")
def poster() -> Rgb:
    return np.asarray(draw_poster().convert("RGB"), dtype=np.uint8)


@pytest.fixture(scope="module")
def demo(system: System, poster: Rgb, folder: Path) -> Content:
    film = (
        make_film(folder / "demo.mp4")
        if WRITES
        else make_film(folder / "demo.mp4", seconds=2, width_px=360)
    )
    return system.upload(title="Harbour Lights", image=encode_png(poster), video=film.read_bytes())


@pytest.fixture(scope="module")
def on_a_wall(poster: Rgb, folder: Path) -> Clip:
    """The poster on a plastered wall, seen a little from the side."""
    view = View(fill=1.3, tilt_deg=14, tilt_axis_deg=100, roll_deg=-2.5)
    return render_clip(
        folder / "wall.y4m", picture=wall_with(poster), motion=still(view), size=FRAME_SIZE,
        lead_in_frames=0, shown_frames=15, tail_frames=0,
    )  # fmt: skip


def wall_with(picture: Rgb) -> Rgb:
    """Draw a wall in warm light with a picture on it, and the shadow that the picture throws."""
    width, height = WALL_SIZE
    rng = np.random.default_rng(5)
    plaster = sum(
        cv2.resize(
            rng.normal(0, strength, (height // grain, width // grain)),
            WALL_SIZE,
            interpolation=cv2.INTER_CUBIC,
        )
        for grain, strength in ((3, 2.0), (12, 1.5), (90, 2.5))
    )
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    light = 1.06 - 0.4 * np.hypot(across - 0.3, 0.8 * (down - 0.25))
    wall = np.array([206.0, 198.0, 186.0]) * light[..., None] + np.asarray(plaster)[..., None]
    shown_height = round(height * 0.62)
    shown = cv2.resize(
        picture,
        (round(picture.shape[1] * shown_height / picture.shape[0]), shown_height),
        interpolation=cv2.INTER_AREA,
    )
    top, left = (height - shown.shape[0]) // 2, (width - shown.shape[1]) // 2
    area = (slice(top, top + shown.shape[0]), slice(left, left + shown.shape[1]))
    shadow = np.zeros((height, width))
    shadow[area[0].start + 14 : area[0].stop + 14, area[1].start + 10 : area[1].stop + 10] = 0.5
    wall *= 1 - cv2.GaussianBlur(shadow, (0, 0), 16)[..., None]
    wall[area] = shown
    return np.asarray(np.clip(np.rint(wall), 0, 255), dtype=np.uint8)


def stopped_at(moment_s: float) -> str:
    """Whether the film is there, and if so it stays: a screenshot may take a second."""
    return f"""((film) => Math.abs(film.currentTime - {moment_s}) < 0.15
      && (film.playbackRate = 0, true))(document.querySelector("#overlay"))"""


def test_the_demo_poster_comes_alive(
    browsers: Browsers, system: System, demo: Content, on_a_wall: Clip
) -> None:
    address = f"{system.url}/ar/{demo.code}"
    device = Device(size=FRAME_SIZE)
    with opened_viewer(
        browsers, address, camera=on_a_wall, device=device, scripts=(WITHOUT_WISHES,)
    ) as viewer:
        viewer.start()
        viewer.reach("tracking")
        viewer.bare()
        viewer.page.evaluate("document.querySelector('#overlay').style.visibility = 'hidden'")
        printed = viewer.shot()
        viewer.page.evaluate("document.querySelector('#overlay').style.visibility = ''")
        moment_s = SEEN_AT_S if WRITES else 1.0
        viewer.wait_for(stopped_at(moment_s))

        alive = viewer.shot()

    changed = np.abs(alive.astype(np.int16) - printed).max(axis=2) > 40
    assert changed.mean() > 0.005
    assert not changed[: FRAME_SIZE[1] // 20].any()
    if WRITES:
        write_image(printed, alive)


def write_image(printed: Rgb, alive: Rgb) -> None:
    """Write what the camera sees beside what the visitor sees."""
    strip = printed.shape[0] // 25  # the clip's counter is in the lowest one
    printed, alive = printed[strip:-strip], alive[strip:-strip]
    height, width = printed.shape[:2]
    cut = slice(width // 2 - height * 2 // 5, width // 2 + height * 2 // 5)
    gap = np.full((height, height // 60, 3), 255, dtype=np.uint8)
    both = np.hstack([printed[:, cut], gap, alive[:, cut]])
    IMAGE.parent.mkdir(parents=True, exist_ok=True)
    small = cv2.resize(both, None, fx=0.65, fy=0.65, interpolation=cv2.INTER_AREA)
    IMAGE.write_bytes(encode_png(np.asarray(small, dtype=np.uint8)))
