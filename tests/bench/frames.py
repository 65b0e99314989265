"""Seeded camera frames of a printed picture, easy, medium and hard, with their truth."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.e2e.clips import View, homography_of
from tests.pictures import photo_like, poster

Rgb = NDArray[np.uint8]
Corners = NDArray[np.float64]

WIDTH_PX, HEIGHT_PX = 640, 480
# Frames are drawn this much larger and averaged down.
SUPERSAMPLING: Final = 2


@dataclass(frozen=True, slots=True)
class Level:
    """How hard a frame is: ranges that each frame draws from, all uniform."""

    fill: tuple[float, float]
    tilt_deg: tuple[float, float]
    roll_deg: float
    blur_px: tuple[float, float]
    noise: tuple[float, float]
    off_centre: float


LEVELS: Final = {
    "easy": Level((0.6, 0.9), (0, 20), 10, (0.4, 0.8), (1, 3), 0.04),
    "medium": Level((0.42, 0.75), (20, 45), 30, (0.5, 1.1), (2, 5), 0.1),
    "hard": Level((0.3, 0.5), (40, 62), 90, (0.6, 1.4), (3, 8), 0.14),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One camera frame.

    Attributes:
        level: ``easy``, ``medium`` or ``hard``.
        pixels: (480, 640, 3) red, green, blue, as the runtime gets them from a camera.
        corners: (4, 2) x, y of the picture's top left, top right, bottom right, bottom left.
    """

    level: str
    pixels: Rgb
    corners: Corners

    def is_there(self, corners: Corners) -> bool:
        """Tell whether corners are where they should be, within 10 px or 6 % of the diagonal."""
        off_px = np.linalg.norm(corners - self.corners, axis=1).mean()
        diagonal_px = np.linalg.norm(self.corners[2] - self.corners[0])
        return bool(off_px < max(10.0, 0.06 * diagonal_px))


def frames_of(picture: Rgb, *, seed: int, per_level: int) -> list[Frame]:
    """Take frames of one picture, the same for the same seed."""
    rng = np.random.default_rng(seed)
    return [
        _frame(picture, name, level, rng)
        for name, level in LEVELS.items()
        for _ in range(per_level)
    ]


def _frame(picture: Rgb, name: str, level: Level, rng: np.random.Generator) -> Frame:
    size = (WIDTH_PX * SUPERSAMPLING, HEIGHT_PX * SUPERSAMPLING)
    shift = rng.uniform(-level.off_centre, level.off_centre, 2)
    view = View(
        fill=rng.uniform(*level.fill),
        tilt_deg=rng.uniform(*level.tilt_deg),
        tilt_axis_deg=rng.uniform(0, 360),
        roll_deg=rng.uniform(-level.roll_deg, level.roll_deg),
        centre=(0.5 + shift[0], 0.5 + shift[1]),
    )
    height_px, width_px = picture.shape[:2]
    pose = homography_of(view, picture_size=(width_px, height_px), size=size)
    edges = np.array([[0, 0], [width_px, 0], [width_px, height_px], [0, height_px]], np.float64)
    corners = cv2.perspectiveTransform(edges[None], pose)[0] / SUPERSAMPLING
    scene = _put(picture, pose, _background(rng), size=size)
    small = cv2.resize(scene, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    seen = cv2.GaussianBlur(small.astype(np.float32), (0, 0), rng.uniform(*level.blur_px))
    light = rng.uniform(0.75, 1.1)
    shot = seen * light + rng.normal(0, rng.uniform(*level.noise), (HEIGHT_PX, WIDTH_PX, 1))
    return Frame(name, np.clip(np.rint(shot), 0, 255).astype(np.uint8), np.asarray(corners))


def _put(picture: Rgb, pose: Corners, scene: Rgb, *, size: tuple[int, int]) -> Rgb:
    """Draw the picture into the scene; reduced first where a warp would alias."""
    height_px, width_px = picture.shape[:2]
    edges = np.array([[0, 0], [width_px, 0], [width_px, height_px], [0, height_px]], np.float64)
    seen = cv2.perspectiveTransform(edges[None], pose)[0]
    longest_px = max(np.linalg.norm(seen - np.roll(seen, 1, axis=0), axis=1))
    factor = min(1.0, 1.2 * longest_px / max(width_px, height_px))
    reduced = (max(1, round(width_px * factor)), max(1, round(height_px * factor)))
    source = cv2.resize(picture, reduced, interpolation=cv2.INTER_AREA)
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    grow = np.diag([width_px / reduced[0], height_px / reduced[1], 1.0])
    warp = np.linalg.inv(half) @ pose @ grow @ half
    drawn = cv2.warpPerspective(source, warp, size, flags=cv2.INTER_LINEAR)
    cover = cv2.warpPerspective(
        np.ones(source.shape[:2], np.uint8), warp, size, flags=cv2.INTER_NEAREST
    )
    return np.where(cover[..., None] > 0, drawn, scene).astype(np.uint8)


def _background(rng: np.random.Generator) -> Rgb:
    """A busy room, a little out of focus."""
    draw = poster if rng.random() < 0.5 else photo_like
    picture = draw(seed=int(rng.integers(2**31)), width_px=WIDTH_PX, height_px=HEIGHT_PX)
    soft = cv2.GaussianBlur(picture, (0, 0), 1.5)
    size = (WIDTH_PX * SUPERSAMPLING, HEIGHT_PX * SUPERSAMPLING)
    return np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR), np.uint8)
