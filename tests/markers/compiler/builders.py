"""Targets and images for the compiler's tests, made of seeded random numbers."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler import ROBUST, CompiledTarget, CompileOptions, compile_target
from markers.compiler.arrays import Descriptors, GrayImage
from markers.compiler.clusters import build_clusters
from markers.compiler.decode import to_gray
from markers.compiler.target import FeatureSet, Keyframe, Target, TrackingImage
from tests.pictures import RgbPicture, poster


def gray_poster(*, seed: int = 1, width_px: int = 320, height_px: int = 240) -> GrayImage:
    """A picture full of points."""
    return to_gray(poster(seed=seed, width_px=width_px, height_px=height_px))


def blob(
    *, x: float, y: float, sigma_px: float = 4.0, height: float = 120.0, size_px: int = 96
) -> GrayImage:
    """A soft round spot on mid grey; a negative height makes it dark."""
    rows, columns = np.mgrid[:size_px, :size_px]
    squares = (columns - x) ** 2 + (rows - y) ** 2
    pixels = 128 + height * np.exp(-squares / (2 * sigma_px**2))
    return np.asarray(np.rint(np.clip(pixels, 0, 255)), np.uint8)


def grain(*, cell_px: int = 4, seed: int = 3) -> RgbPicture:
    """A rough surface: spots of one size, everywhere, and nothing larger."""
    rng = np.random.default_rng(seed)
    spots = rng.uniform(-110, 110, (480 // cell_px, 640 // cell_px)).astype(np.float32)
    rough = 128 + cv2.resize(spots, (640, 480), interpolation=cv2.INTER_CUBIC)
    return np.repeat(np.clip(rough, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def random_descriptors(rng: np.random.Generator, count: int) -> Descriptors:
    """(count, 84) bits; the last six of each are 0."""
    descriptors = rng.integers(0, 256, (count, 84), dtype=np.uint8)
    descriptors[:, -1] &= 0b11000000
    return descriptors


def random_features(rng: np.random.Generator, count: int) -> FeatureSet:
    descriptors = random_descriptors(rng, count)
    return FeatureSet(
        points_px=rng.uniform(0, 600, (count, 2)).astype(np.float32),
        sizes=rng.choice(np.array([2, 4, 8], np.int32), count),
        angles_rad=rng.uniform(-np.pi, np.pi, count).astype(np.float32),
        descriptors=descriptors,
        root=build_clusters(descriptors, seed=1),
    )


def random_target(
    *, seed: int, bright: int = 20, dark: int = 20, keyframes: int = 1, tracked: int = 3
) -> Target:
    """A target of any numbers of points; no picture gives it."""
    rng = np.random.default_rng(seed)
    pixels: NDArray[np.uint8] = rng.integers(0, 256, (16, 24), dtype=np.uint8)
    points = rng.integers(0, 16, (tracked, 2)).astype(np.int32)
    return Target(
        width_px=int(rng.integers(100, 5000)),
        height_px=int(rng.integers(100, 5000)),
        tracking=(
            TrackingImage(0.5, pixels, points[:0]),
            TrackingImage(float(rng.uniform(0.01, 1)), pixels[::2, ::2].copy(), points),
        ),
        keyframes=tuple(
            Keyframe(
                float(rng.uniform(0.01, 1)),
                int(rng.integers(100, 641)),
                int(rng.integers(100, 641)),
                maxima=random_features(rng, bright),
                minima=random_features(rng, dark),
            )
            for _ in range(keyframes)
        ),
    )


@lru_cache(maxsize=32)
def compiled(picture: bytes, options: CompileOptions = ROBUST) -> CompiledTarget:
    """Compile an encoded picture, or remember what it gave: the same bytes give the same target."""
    return compile_target(picture, options)


def soft_blotches() -> RgbPicture:
    """A poster out of all focus: colours, and nothing to hold on to."""
    return cv2.GaussianBlur(poster(seed=1), (0, 0), 60).astype(np.uint8)


def checkerboard() -> RgbPicture:
    """A pattern that repeats, and nothing else."""
    cells = np.indices((12, 16)).sum(axis=0) % 2 * 200 + 20
    return np.repeat(np.kron(cells, np.ones((40, 40)))[..., None], 3, axis=2).astype(np.uint8)
