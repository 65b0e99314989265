"""One running system for all end-to-end tests, its contents, and the clips its visitors see."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.browsers import Browsers, lending_browsers
from tests.e2e.clips import Clip, View, render_clip, still
from tests.e2e.patches import make_film
from tests.e2e.system import Content, Starting, System, starting_system
from tests.pictures import encode_png, poster

PICTURE = poster(seed=7, width_px=800, height_px=600)
OTHER_PICTURE = poster(seed=8, width_px=800, height_px=600)
FPS = 15
LEAD_IN_FRAMES = 30
SHOWN_FRAMES = 75
TAIL_FRAMES = 45


@pytest.fixture(scope="package")
def starting() -> Iterator[Starting]:
    """A system on its way: it takes a while, in which clips can be rendered."""
    with starting_system() as on_its_way:
        yield on_its_way


@pytest.fixture(scope="package")
def browsers() -> Iterator[Browsers]:
    with lending_browsers() as browsers:
        yield browsers


@pytest.fixture(scope="package")
def folder(starting: Starting, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("e2e")


@pytest.fixture(scope="package")
def moving(folder: Path) -> Clip:
    """The picture comes in, sways, turns and leaves."""

    def sway(seconds: float) -> View:
        return View(
            fill=0.6,
            tilt_deg=25 * np.sin(seconds),
            tilt_axis_deg=60,
            roll_deg=15 * np.sin(0.7 * seconds),
            centre=(0.5 + 0.06 * np.sin(1.1 * seconds), 0.48),
        )

    return render_clip(
        folder / "moving.y4m", picture=PICTURE, motion=sway, fps=FPS,
        lead_in_frames=LEAD_IN_FRAMES, shown_frames=SHOWN_FRAMES, tail_frames=TAIL_FRAMES,
    )  # fmt: skip


@pytest.fixture(scope="package")
def resting(folder: Path) -> Clip:
    """The picture lies still, seen from the side, small enough for a screen held upright."""
    view = View(fill=0.28, tilt_deg=30, tilt_axis_deg=75, roll_deg=-12, centre=(0.48, 0.52))
    return render_clip(
        folder / "resting.y4m", picture=PICTURE, motion=still(view), lead_in_frames=0,
        shown_frames=30, tail_frames=0,
    )  # fmt: skip


@pytest.fixture(scope="package")
def unhurried(folder: Path) -> Clip:
    """The picture lies still before a camera of five frames a second."""
    return render_clip(
        folder / "unhurried.y4m", picture=PICTURE, fps=5, lead_in_frames=0, shown_frames=10,
        tail_frames=0,
    )  # fmt: skip


@pytest.fixture(scope="package")
def upright(folder: Path) -> Clip:
    """The same of a camera held upright."""
    view = View(fill=0.42, tilt_deg=30, tilt_axis_deg=20, roll_deg=10, centre=(0.52, 0.48))
    return render_clip(
        folder / "upright.y4m", picture=PICTURE, motion=still(view), size=(480, 640),
        lead_in_frames=0, shown_frames=30, tail_frames=0,
    )  # fmt: skip


@pytest.fixture(scope="package")
def empty(folder: Path) -> Clip:
    """Clutter and nothing else."""
    return render_clip(folder / "empty.y4m", picture=None, shown_frames=30)


@pytest.fixture(scope="package")
def other(folder: Path) -> Clip:
    """Another picture of the same make."""
    view = View(fill=0.6, tilt_deg=10)
    return render_clip(
        folder / "other.y4m", picture=OTHER_PICTURE, motion=still(view), lead_in_frames=0,
        shown_frames=30, tail_frames=0,
    )  # fmt: skip


@pytest.fixture(scope="package")
def film(folder: Path) -> bytes:
    """A video of the picture's form that shows on a screenshot where its corners are."""
    return make_film(folder / "film.mp4").read_bytes()


@pytest.fixture(scope="package")
def system(
    starting: Starting,
    moving: Clip,
    resting: Clip,
    upright: Clip,
    empty: Clip,
    other: Clip,
    film: bytes,
) -> System:
    """A system that serves; all that had to be rendered has been, while it started."""
    return starting.wait()


@pytest.fixture(scope="package")
def content(system: System, film: bytes) -> Content:
    """A picture that comes alive, with something to click on our own host."""
    return system.upload(
        title="Harbour & lights",
        image=encode_png(PICTURE),
        video=film,
        call_to_action_label="Order a print",
        call_to_action_url=f"{system.url}/health/live",
    )


@pytest.fixture
def address(system: System, content: Content) -> str:
    """Where the picture comes alive."""
    return f"{system.url}/ar/{content.code}"
