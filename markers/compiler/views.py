"""Camera frames that never were: the picture as a phone would see it, at a known place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import FloatImage, GrayImage, Points
from markers.compiler.pyramid import AreaSampler

# Size of the frames that stock runtimes ask the camera for.
FRAME_WIDTH_PX: Final = 640
FRAME_HEIGHT_PX: Final = 480
FIELD_OF_VIEW_DEG: Final = 45.0
# Its pixels are reduced to this many for one that is drawn, at most.
SAMPLED_FINER: Final = 1.2
# Values of the frame per value of what is before the camera.
LIGHT: Final = (0.75, 1.1)
# Cells across, and how far from grey: a room's large shapes, its things, its small clutter.
CLUTTER: Final = ((9, 70.0), (34, 45.0), (110, 22.0))

Homography = NDArray[np.float64]
"""(3, 3), continuous picture coordinates (a pixel's edge is an integer) to pixels of the frame."""


@dataclass(frozen=True, slots=True)
class Situation:
    """How somebody points a phone at the picture; ranges that each frame draws from, uniformly.

    Attributes:
        fill: share of the frame's width or height that the picture takes up, seen from the front.
        tilt_deg: between the picture's normal and the camera.
        roll_deg: the picture's turn in the frame, at most, to either side.
        off_centre: of the picture, in shares of the frame's sides, at most.
        blur_px: sigma of a Gaussian.
        noise: sigma, of 255.
    """

    fill: tuple[float, float]
    tilt_deg: tuple[float, float]
    roll_deg: float
    off_centre: float
    blur_px: tuple[float, float]
    noise: tuple[float, float]


NEAR: Final = Situation((0.6, 0.9), (0, 20), 10, 0.04, (0.4, 0.9), (1, 3))
ASIDE: Final = Situation((0.42, 0.75), (20, 45), 30, 0.1, (0.5, 1.1), (2, 5))
FAR: Final = Situation((0.25, 0.4), (0, 25), 45, 0.1, (0.5, 1.2), (2, 6))
TILTED: Final = Situation((0.5, 0.8), (48, 64), 45, 0.1, (0.5, 1.2), (2, 6))
FAR_AND_TILTED: Final = Situation((0.3, 0.5), (40, 62), 90, 0.14, (0.6, 1.4), (3, 8))
SITUATIONS: Final = (NEAR, FAR_AND_TILTED, ASIDE, FAR_AND_TILTED, FAR, TILTED)


@dataclass(frozen=True, slots=True)
class View:
    """One simulated frame.

    Attributes:
        gray: (480, 640) what the camera sees.
        truth: where each point of the picture is in it.
        outline: (4, 2) the picture's corners in its own pixels, see ``outline_of``.
        situation: what it was drawn from.
    """

    gray: GrayImage
    truth: Homography
    outline: Points
    situation: Situation

    @property
    def corners(self) -> Points:
        """(4, 2) where the picture's corners are in the frame."""
        return carried(self.outline, self.truth)

    @property
    def is_small(self) -> bool:
        """The picture is far off, and for no other reason hard to find."""
        return self.situation is FAR

    @property
    def is_tilted(self) -> bool:
        """The picture is seen from the side, and for no other reason hard to find."""
        return self.situation is TILTED


def simulate_views(
    sampler: AreaSampler, *, width_px: int, height_px: int, count: int, seed: int, finer: int
) -> Iterator[View]:
    """Make ``count`` views that go through all situations in turn, random within them.

    Args:
        sampler: the picture.
        width_px, height_px: its size.
        count: how many.
        seed: of all that is random; the same for every picture, so that all meet the same views.
        finer: how much finer the picture is drawn, to be averaged down as a sensor's pixel does.
    """
    outline = outline_of(width_px, height_px)
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        situation = SITUATIONS[number % len(SITUATIONS)]
        truth = _placed(rng, situation, size_px=(width_px, height_px))
        scene = _clutter(rng)
        _put(scene, sampler, outline, truth, finer=finer)
        yield View(_photographed(scene, situation, rng), truth, outline, situation)


def outline_of(width_px: int, height_px: int) -> Points:
    """(4, 2) corners of a picture: top left, top right, bottom right, bottom left."""
    return np.array([[0, 0], [width_px, 0], [width_px, height_px], [0, height_px]], np.float32)


def carried(points: Points, by: Homography) -> Points:
    """Carry (N, 2) points to where a homography puts them."""
    return np.asarray(cv2.perspectiveTransform(points[None], by)[0], np.float32)


def _placed(
    rng: np.random.Generator, situation: Situation, *, size_px: tuple[int, int]
) -> Homography:
    """Turn the picture, tilt it about a random axis in its plane, and move it a little."""
    roll = np.deg2rad(rng.uniform(-situation.roll_deg, situation.roll_deg))
    axis, tilt = rng.uniform(0, 2 * np.pi), np.deg2rad(rng.uniform(*situation.tilt_deg))
    shift = rng.uniform(-situation.off_centre, situation.off_centre, 2)
    frame_px = np.array([FRAME_WIDTH_PX, FRAME_HEIGHT_PX])
    scale = rng.uniform(*situation.fill) * float((frame_px / size_px).min())
    rotation = _about_z(axis) @ _about_x(tilt) @ _about_z(roll - axis)
    width_px, height_px = size_px
    centred = np.array([[1, 0, -width_px / 2], [0, 1, -height_px / 2], [0, 0, 1]])
    focal_px = FRAME_HEIGHT_PX / 2 / np.tan(np.deg2rad(FIELD_OF_VIEW_DEG) / 2)
    plane = np.column_stack(
        [rotation[:, 0] * scale, rotation[:, 1] * scale, (*(shift * frame_px), focal_px)]
    )
    middle = frame_px / 2 - 0.5
    camera = np.array([[focal_px, 0, middle[0]], [0, focal_px, middle[1]], [0, 0, 1]])
    return np.asarray(camera @ plane @ centred)


def _photographed(scene: FloatImage, situation: Situation, rng: np.random.Generator) -> GrayImage:
    """Let light, lens and sensor have their way with a scene."""
    blurred = cv2.GaussianBlur(scene, (0, 0), rng.uniform(*situation.blur_px))
    noise = rng.standard_normal(scene.shape, dtype=np.float32)
    noise *= np.float32(rng.uniform(*situation.noise))
    shot = blurred * np.float32(rng.uniform(*LIGHT)) + noise
    return np.asarray(np.clip(np.rint(shot), 0, 255), np.uint8)


def _put(
    scene: FloatImage, sampler: AreaSampler, outline: Points, truth: Homography, *, finer: int
) -> None:
    """Draw the picture into the scene, which is changed."""
    corners = carried(outline, truth)
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 2, scene.shape[::-1])
    columns, rows = (high - low).tolist()
    # Sampled near the frame's resolution first: a warp of the whole picture would alias.
    longest_px = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1).max()
    drawn_px = finer * float(longest_px)
    scale = min(1.0, SAMPLED_FINER * drawn_px / float(outline.max()))
    to_picture = np.array([[1 / scale, 0, 0.5 / scale], [0, 1 / scale, 0.5 / scale], [0, 0, 1]])
    middle = (finer - 1) / 2
    left, top = (middle - finer * low).tolist()
    to_fine = np.array([[finer, 0, left], [0, finer, top], [0, 0, 1]], np.float64)
    drawn = cv2.warpPerspective(
        sampler.at(scale),
        to_fine @ truth @ to_picture,
        (columns * finer, rows * finer),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    cover = np.zeros(drawn.shape, np.uint8)
    cv2.fillConvexPoly(cover, np.rint(carried(corners, to_fine)).astype(np.int32), 255)
    seen, share = (
        cv2.resize(one, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)
        for one in (drawn, cover)
    )
    part = scene[low[1] : high[1], low[0] : high[0]]
    part += (seen - part) * (share / 255)


def _clutter(rng: np.random.Generator) -> FloatImage:
    """A busy room: shapes of several sizes, with points of their own."""
    size = (FRAME_WIDTH_PX, FRAME_HEIGHT_PX)
    room = np.full(size[::-1], 120, np.float32)
    for cells, strength in CLUTTER:
        coarse = rng.uniform(-strength, strength, (cells * 3 // 4, cells)).astype(np.float32)
        room += cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
    return room


def _about_x(angle_rad: float) -> Homography:
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])


def _about_z(angle_rad: float) -> Homography:
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
