"""Phone shots that never were: the picture as a camera would see it, at a known place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import GrayImage
from markers.compiler.pyramid import AreaSampler

# The runtime looks for points in crops of this size.
VIEW_PX: Final = 256
# Long side of the picture, seen from the front, as a share of the view: a quarter of a camera
# frame to more than half of it. A close one reaches beyond the view, as beyond the runtime's crop.
FILLS: Final = (0.6, 1.0, 1.5)
TILTS_DEG: Final = (0.0, 35.0, 58.0)
BLUR_SIGMA_PX: Final = (0.5, 1.1)
NOISE_SIGMA: Final = (2.0, 6.0)
# Distance of the camera in view widths: about 45 degrees of field of view.
FOCAL: Final = 1.2

Homography = NDArray[np.float64]
"""(3, 3), continuous picture coordinates (a pixel's edge is an integer) to pixels of the view."""


@dataclass(frozen=True, slots=True)
class View:
    """One simulated shot.

    Attributes:
        gray: (256, 256) what the camera sees.
        truth: where each point of the picture is in it.
        is_small: the picture takes up the least of the view.
        is_tilted: the picture is seen most from the side.
    """

    gray: GrayImage
    truth: Homography
    is_small: bool
    is_tilted: bool


def simulate_views(
    sampler: AreaSampler, *, width_px: int, height_px: int, count: int, seed: int
) -> Iterator[View]:
    """Make ``count`` views that go through all sizes and tilts in turn, random in the rest.

    Args:
        sampler: the picture.
        width_px, height_px: its size.
        count: how many; 9 make each size meet each tilt once.
        seed: of turns, directions of tilt, places, blur and noise.
    """
    rng = np.random.default_rng(seed)
    for number in range(count):
        fill = FILLS[number % len(FILLS)]
        tilt_deg = TILTS_DEG[number // len(FILLS) % len(TILTS_DEG)]
        scale = fill * VIEW_PX / max(width_px, height_px)
        truth = _placed(
            rng, scale=scale, tilt_rad=np.deg2rad(tilt_deg), size_px=(width_px, height_px)
        )
        # Sampled near the view's resolution first: a warp of the whole picture would alias.
        source_scale = min(1.0, 1.25 * scale)
        yield View(
            _photographed(sampler.at(source_scale), source_scale, truth, rng),
            truth,
            is_small=fill == min(FILLS),
            is_tilted=tilt_deg == max(TILTS_DEG),
        )


def _placed(
    rng: np.random.Generator, *, scale: float, tilt_rad: float, size_px: tuple[int, int]
) -> Homography:
    """Turn the picture, tilt it about a random axis in its plane, and move it a little."""
    turn, axis = rng.uniform(-0.5, 0.5), rng.uniform(0, 2 * np.pi)
    shift = rng.uniform(-0.06, 0.06, 2)
    rotation = _about_z(axis) @ _about_x(tilt_rad) @ _about_z(turn - axis)
    width_px, height_px = size_px
    centred = np.array([[1, 0, -width_px / 2], [0, 1, -height_px / 2], [0, 0, 1]])
    unit = scale / VIEW_PX / FOCAL
    plane = np.column_stack([rotation[:, 0] * unit, rotation[:, 1] * unit, (*shift / FOCAL, 1.0)])
    centre = VIEW_PX / 2 - 0.5
    focal_px = FOCAL * VIEW_PX
    camera = np.array([[focal_px, 0, centre], [0, focal_px, centre], [0, 0, 1]])
    return np.asarray(camera @ plane @ centred)


def _photographed(
    source: GrayImage, scale: float, truth: Homography, rng: np.random.Generator
) -> GrayImage:
    to_picture = np.array([[1 / scale, 0, 0.5 / scale], [0, 1 / scale, 0.5 / scale], [0, 0, 1]])
    warp, size = truth @ to_picture, (VIEW_PX, VIEW_PX)
    seen = cv2.warpPerspective(source, warp, size, flags=cv2.INTER_LINEAR).astype(np.float32)
    cover = cv2.warpPerspective(np.ones_like(source), warp, size, flags=cv2.INTER_NEAREST)
    scene = np.where(cover > 0, seen, _background(rng))
    blurred = cv2.GaussianBlur(scene.astype(np.float32), (0, 0), rng.uniform(*BLUR_SIGMA_PX))
    noise = rng.standard_normal(size, dtype=np.float32) * np.float32(rng.uniform(*NOISE_SIGMA))
    return np.clip(np.rint(blurred + noise), 0, 255).astype(np.uint8)


def _background(rng: np.random.Generator) -> NDArray[np.float32]:
    """A room out of focus: soft blotches, with points of their own."""
    coarse = rng.uniform(40, 215, (24, 24)).astype(np.float32)
    return cv2.resize(coarse, (VIEW_PX, VIEW_PX), interpolation=cv2.INTER_CUBIC).astype(
        np.float32, copy=False
    )


def _about_x(angle_rad: float) -> Homography:
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])


def _about_z(angle_rad: float) -> Homography:
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
