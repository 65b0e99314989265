"""What the cameras of the visits show."""

from pathlib import Path
from typing import Final

import numpy as np

from tests.e2e.clips import Clip, Rgb, View, render_clip

FPS: Final = 30
LEAD_IN_FRAMES: Final = 45
_LOOP_FRAMES: Final = 180


def render_coming_in(path: Path, picture: Rgb) -> Clip:
    """Nothing but a desk for a second and a half, then the picture on it, in slow motion."""
    return _render(path, picture, lead_in_frames=LEAD_IN_FRAMES, shown_frames=90)


def render_already_there(path: Path, picture: Rgb) -> Clip:
    """The picture in slow motion from the first frame on; the end meets the beginning."""
    return _render(path, picture, lead_in_frames=0, shown_frames=_LOOP_FRAMES)


def _render(path: Path, picture: Rgb, *, lead_in_frames: int, shown_frames: int) -> Clip:
    return render_clip(
        path, picture=picture, motion=_sway, fps=FPS, lead_in_frames=lead_in_frames,
        shown_frames=shown_frames, tail_frames=0,
    )  # fmt: skip


def _sway(seconds: float) -> View:
    """As a hand moves that looks on: some 20 px and 6 degrees to and fro in six seconds."""
    turn = 2 * np.pi * seconds * FPS / _LOOP_FRAMES
    return View(
        fill=0.6,
        tilt_deg=20 + 6 * np.sin(turn),
        tilt_axis_deg=60,
        roll_deg=6 * np.sin(turn + 1),
        centre=(0.5 + 0.03 * np.sin(turn), 0.5 + 0.03 * np.sin(2 * turn)),
    )
