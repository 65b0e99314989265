"""Single camera frames of a printed picture, in colour, with their truth."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tests.e2e.clips import Conditions, Corners, Rgb, View, render_clip, still
from tests.pictures import encode_png

WIDTH_PX, HEIGHT_PX = 640, 480


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One camera frame.

    Attributes:
        png: the frame.
        corners: (4, 2) x, y of the picture's top left, top right, bottom right, bottom left.
    """

    png: bytes
    corners: Corners


def take_shot(picture: Rgb, view: View, conditions: Conditions, *, seed: int = 11) -> Shot:
    """Draw one frame; ``seed`` is that of clutter and noise."""
    with tempfile.TemporaryDirectory() as folder:
        clip = render_clip(
            Path(folder) / "clip.y4m",
            picture=picture,
            motion=still(view),
            conditions=conditions,
            size=(WIDTH_PX, HEIGHT_PX),
            lead_in_frames=0,
            shown_frames=1,
            tail_frames=0,
            seed=seed,
        )
        frame = clip.path.read_bytes().partition(b"FRAME\n")[2]
    planes = np.frombuffer(frame, np.uint8).reshape(HEIGHT_PX * 3 // 2, WIDTH_PX)
    pixels = np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420), np.uint8)
    (corners,) = clip.corners
    assert corners is not None
    return Shot(encode_png(pixels), corners)
