"""What the clips show: ordinary conditions, harder ones, and a camera that hardly moves."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from tests.e2e.clips import View

FPS: Final = 15
FRAME_PX: Final = (640, 480)  # width, height
_FOCAL_SHARE: Final = 0.5 / np.tan(np.radians(22.5))  # of the frame's height, as in clips.View


@dataclass(frozen=True, slots=True)
class Shot:
    """One kind of clip.

    Attributes:
        name: what it is called in the table.
        view: how the picture is seen; a seed moves it a little.
        light: factor on all values.
        blur_px: sigma of a Gaussian.
        streak_px: length of the trace that a point leaves while the shutter is open.
        noise: sigma of Gaussian noise, of 255.
        covered: share of the picture's width, from the left, that something lies on.
        has_glare: a lamp is mirrored in a part of the picture.
        readout: share of the time between two frames in which the rows are read, one by one.
        distortion: share by which a lens moves the frame's corners inwards.
        bend: angle over which the picture is bent, as around a column, in radians.
        has_rival: another picture is in view, of the same size.
        move: ``drift`` is a hand that aims, ``sway`` one that moves; ``tremble`` and ``rest``
            keep still.
        frames: of the clip.
    """

    name: str
    view: View = field(default_factory=View)
    light: float = 1.0
    blur_px: float = 0.0
    streak_px: float = 0.0
    noise: float = 2.0
    covered: float = 0.0
    has_glare: bool = False
    readout: float = 0.0
    distortion: float = 0.0
    bend: float = 0.0
    has_rival: bool = False
    move: str = "drift"
    frames: int = 10

    @property
    def is_flat(self) -> bool:
        """Whether a homography can tell where the picture is."""
        return not (self.readout or self.distortion or self.bend)


ORDINARY: Final = (
    Shot("head-on"),
    Shot("tilt 30, horizontal axis", View(tilt_deg=30)),
    Shot("tilt 45, horizontal axis", View(tilt_deg=45)),
    Shot("tilt 60, horizontal axis", View(tilt_deg=60)),
    Shot("tilt 30, vertical axis", View(tilt_deg=30, tilt_axis_deg=90)),
    Shot("tilt 45, vertical axis", View(tilt_deg=45, tilt_axis_deg=90)),
    Shot("tilt 60, vertical axis", View(tilt_deg=60, tilt_axis_deg=90)),
    Shot("fill 20 %", View(fill=0.2)),
    Shot("fill 30 %", View(fill=0.3)),
    Shot("fill 40 %", View(fill=0.4)),
    Shot("fill 80 %", View(fill=0.8)),
    Shot("turned 45", View(roll_deg=45)),
    Shot("turned 90", View(roll_deg=90)),
    Shot("turned 135", View(roll_deg=135)),
    Shot("upside down", View(roll_deg=180)),
    Shot("light 0.25x", light=0.25),
    Shot("light 0.5x", light=0.5),
    Shot("light 1.5x", light=1.5),
    Shot("blur 1 px", blur_px=1),
    Shot("blur 2 px", blur_px=2),
    Shot("noise 8", noise=8),
    Shot("half covered", covered=0.5),
    Shot("fill 40 %, tilt 60, turned 45", View(fill=0.4, tilt_deg=60, roll_deg=45)),
)
HARDER: Final = (
    Shot("tilt 65", View(tilt_deg=65, tilt_axis_deg=20)),
    Shot("tilt 70", View(tilt_deg=70, tilt_axis_deg=70)),
    Shot("tilt 75", View(tilt_deg=75, tilt_axis_deg=110)),
    Shot("fill 20 %, tilt 45", View(fill=0.2, tilt_deg=45)),
    Shot("fill 15 %", View(fill=0.15)),
    Shot("fill 12 %", View(fill=0.12)),
    Shot("fill 10 %", View(fill=0.1)),
    Shot("fill 150 %", View(fill=1.5)),
    Shot("blur 3 px", blur_px=3),
    Shot("blur 3 px, fill 30 %", View(fill=0.3), blur_px=3),
    Shot("motion blur of 8 px", streak_px=8),
    Shot("glare", has_glare=True),
    Shot("60 % covered", covered=0.6),
    Shot("light 0.15x, noise 6", light=0.15, noise=6),
    Shot("rolling shutter", readout=0.6, move="sway"),
    Shot("lens distortion of 2 %", View(fill=0.7), distortion=0.02),
    Shot("bent by 30 degrees", bend=0.52),
    Shot("two pictures in view", View(fill=0.45, centre=(0.27, 0.45)), has_rival=True),
    Shot("at the frame's edge", View(centre=(0.14, 0.22))),
)
STEADY: Final = (
    Shot("still, noise 2", move="rest", frames=45),
    Shot("still, noise 4", noise=4, move="rest", frames=45),
    Shot("tremor of 0.3 px", move="tremble", frames=45),
    Shot("slow motion", move="sway", frames=45),
)
# Something else before the camera; the picture is another one than is looked for.
STRANGER: Final = Shot("stranger", move="sway", frames=15)

TREMOR_PX: Final = 0.3


def moved_view(shot: Shot, rng: np.random.Generator) -> Callable[[float], View]:
    """Say how a clip moves: a view for each time, counted in frames.

    The start is a little beside what the shot says, so that no two clips see a picture alike.
    """
    spin = rng.uniform(-1, 1, size=8)
    base = shot.view
    start = replace(
        base,
        fill=base.fill * (1 + 0.03 * spin[0]),
        tilt_axis_deg=base.tilt_axis_deg + 8 * spin[1],
        roll_deg=base.roll_deg + 4 * spin[2],
        centre=(base.centre[0] + 0.02 * spin[3], base.centre[1] + 0.02 * spin[4]),
    )
    direction = np.pi * spin[5]
    tremor = rng.normal(0, TREMOR_PX, size=(shot.frames + 2, 2))

    def at(frame: float) -> View:
        x_px, y_px, grown, rolled = 0.0, 0.0, 1.0, 0.0
        if shot.move == "drift":
            x_px, y_px = 1.4 * frame * np.cos(direction), 1.4 * frame * np.sin(direction)
            grown, rolled = 1 + 0.002 * spin[6] * frame, 0.3 * spin[7] * frame
        elif shot.move == "sway":
            phase = 2 * np.pi * frame / (4 * FPS)
            x_px = 60 * np.sin(phase) * np.cos(direction)
            y_px = 60 * np.sin(phase) * np.sin(direction)
            grown, rolled = 1 + 0.08 * np.sin(1.3 * phase), 6 * np.sin(0.7 * phase)
        elif shot.move == "tremble":
            x_px, y_px = tremor[int(frame)] + 0.15 * frame
        centre = (start.centre[0] + x_px / FRAME_PX[0], start.centre[1] + y_px / FRAME_PX[1])
        return replace(
            start, fill=start.fill * grown, roll_deg=start.roll_deg + rolled, centre=centre
        )

    return at


def stranger_view(rng: np.random.Generator) -> View:
    """A view of a picture that is not the one that is looked for."""
    return View(
        fill=rng.uniform(0.3, 1.1),
        tilt_deg=rng.uniform(0, 55),
        tilt_axis_deg=rng.uniform(0, 360),
        roll_deg=rng.uniform(-180, 180),
        centre=(rng.uniform(0.35, 0.65), rng.uniform(0.35, 0.65)),
    )


def focal_px() -> float:
    """Focal length of the camera, in pixels of the frame."""
    return float(FRAME_PX[1] * _FOCAL_SHARE)
