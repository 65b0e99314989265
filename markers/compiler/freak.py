"""How a point looks: its direction, and 666 comparisons of blurred pixels around it.

The runtime computes the same for the camera's frame and counts differing bits, so every constant
here is fixed by it. Unlike the published FREAK, all 37 samples of a point are taken from one image:
the second of the point's own octave.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import Angles, Descriptors, FloatImage, Points
from markers.compiler.keypoints import Keypoints, image_to_octave
from markers.compiler.pyramid import Octave

BITS: Final = 666
DESCRIPTOR_BYTES: Final = 84

DIRECTION_BINS: Final = 36
DIRECTION_RADIUS_PX: Final = 4.5
DIRECTION_VARIANCE_PX2: Final = 9.0
SMOOTHING: Final = (0.274068619061197, 0.451862761877606, 0.274068619061197)
SMOOTHING_PASSES: Final = 5

# Six rings of six points, outer to inner, and the centre.
RING_RADII_PX: Final = tuple(
    7 * radius for radius in (1, 0.930969, 0.847306, 0.741094, 0.595502, 0.362783)
)
RING_STARTS_DEG: Final = (180, 90, 0, -90, 180, 90)
RING_STEP_DEG: Final = 60
# A first sample that is brighter by less than this still counts as darker.
BIAS: Final = 0.01


def _sample_pattern() -> NDArray[np.float64]:
    """(37, 2) places of the samples, x then y, in pixels of the octave, for direction 0."""
    starts = np.deg2rad(RING_STARTS_DEG)[:, None]
    angles = starts + np.deg2rad(RING_STEP_DEG) * np.arange(6)[None, :]
    radii = np.array(RING_RADII_PX)[:, None]
    rings = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=-1).reshape(-1, 2)
    return np.concatenate([rings, np.zeros((1, 2))])


def _direction_field() -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """(P, 2) pixels x, y around a point that tell its direction, and (P,) their weights."""
    reach = int(DIRECTION_RADIUS_PX)
    steps = np.arange(-reach, reach + 1)
    field = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    squares = (field**2).sum(axis=1)
    is_near = squares <= DIRECTION_RADIUS_PX**2
    # The runtime's exponential: the Taylor polynomial of sixth order.
    x = -squares[is_near] / (2 * DIRECTION_VARIANCE_PX2)
    weights = sum(x**n / factorial for n, factorial in enumerate((1, 1, 2, 6, 24, 120, 720)))
    return field[is_near], np.asarray(weights, np.float32)


PATTERN: Final = _sample_pattern()
FIELD, FIELD_WEIGHTS = _direction_field()
FIRST, SECOND = np.triu_indices(len(PATTERN), k=1)


def find_directions(pyramid: Sequence[Octave], keypoints: Keypoints) -> Angles:
    """Find the direction in which brightness grows around each point.

    Args:
        pyramid: octaves of the image in which the points were found.
        keypoints: (N) points.

    Returns:
        (N,) radians in (-pi, pi]; the strongest peak of a smoothed histogram of gradients.
    """
    places = image_to_octave(keypoints.points_px, keypoints.octaves)
    histograms = np.zeros((len(keypoints), DIRECTION_BINS), np.float64)
    for number in _octaves_of(keypoints):
        rows = np.flatnonzero(keypoints.octaves == number)
        histograms[rows] = _gradient_histograms(pyramid[number].twice, places[rows])
    return _strongest_peaks(_smooth(histograms))


def _octaves_of(keypoints: Keypoints) -> NDArray[np.intp]:
    """Numbers of the octaves that have points (``np.unique`` would load all masked arrays)."""
    return np.flatnonzero(np.bincount(keypoints.octaves))


def describe(pyramid: Sequence[Octave], keypoints: Keypoints, angles_rad: Angles) -> Descriptors:
    """Compare the 37 samples around each point, pair by pair.

    Args:
        pyramid: octaves of the image in which the points were found.
        keypoints: (N) points.
        angles_rad: (N,) their directions; the pattern is turned by them.

    Returns:
        (N, 84) bits of the pairs (i, j), i < j, in order: sample i darker than sample j + 0.01.
    """
    places = image_to_octave(keypoints.points_px, keypoints.octaves).astype(np.float64)
    samples = np.zeros((len(keypoints), len(PATTERN)), np.float64)
    for number in _octaves_of(keypoints):
        rows = np.flatnonzero(keypoints.octaves == number)
        turned = _turned_pattern(angles_rad[rows])
        samples[rows] = _read(pyramid[number].twice, places[rows, None, :] + turned)
    return pack_bits(samples)


def pack_bits(samples: NDArray[np.float64]) -> Descriptors:
    """Turn (N, 37) samples into (N, 84) bytes of comparisons, most significant bit first."""
    bits = samples[:, FIRST] < samples[:, SECOND] + BIAS
    return np.packbits(bits, axis=1).reshape(len(samples), DESCRIPTOR_BYTES)


def _turned_pattern(angles_rad: Angles) -> NDArray[np.float64]:
    cos, sin = np.cos(angles_rad.astype(np.float64)), np.sin(angles_rad.astype(np.float64))
    x, y = PATTERN.T
    return np.stack(
        [np.outer(cos, x) - np.outer(sin, y), np.outer(sin, x) + np.outer(cos, y)], axis=-1
    )


def _read(image: FloatImage, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read an image bilinearly at (..., 2) places x, y; beyond the border the border goes on."""
    height_px, width_px = image.shape
    x = np.clip(places[..., 0], 0, width_px - 1)
    y = np.clip(places[..., 1], 0, height_px - 1)
    left = np.minimum(x.astype(np.int64), width_px - 2)
    top = np.minimum(y.astype(np.int64), height_px - 2)
    across, down = x - left, y - top
    upper = image[top, left] * (1 - across) + image[top, left + 1] * across
    lower = image[top + 1, left] * (1 - across) + image[top + 1, left + 1] * across
    return np.asarray(upper * (1 - down) + lower * down)


def _gradient_histograms(image: FloatImage, places: Points) -> NDArray[np.float64]:
    """(N, 36) weighted gradients around (N, 2) places, shared between the two nearest bins."""
    height_px, width_px = image.shape
    around = places.astype(np.int64)[:, None, :] + FIELD[None, :, :]
    x = np.clip(around[..., 0], 1, width_px - 2)
    y = np.clip(around[..., 1], 1, height_px - 2)
    dx, dy = image[y, x + 1] - image[y, x - 1], image[y + 1, x] - image[y - 1, x]
    strengths = np.hypot(dx, dy) * FIELD_WEIGHTS
    bins = (np.arctan2(dy, dx) + np.pi) * (DIRECTION_BINS / (2 * np.pi)) - 0.5
    lower = np.floor(bins)
    shares = bins - lower
    first = lower.astype(np.int64) % DIRECTION_BINS
    offset = np.arange(len(places))[:, None] * DIRECTION_BINS
    cells = np.concatenate([offset + first, offset + (first + 1) % DIRECTION_BINS])
    weights = np.concatenate([strengths * (1 - shares), strengths * shares])
    total = len(places) * DIRECTION_BINS
    counted = np.bincount(cells.ravel(), weights=weights.ravel(), minlength=total)
    return counted.astype(np.float64, copy=False).reshape(len(places), DIRECTION_BINS)


def _smooth(histograms: NDArray[np.float64]) -> NDArray[np.float64]:
    before, here, after = SMOOTHING
    for _ in range(SMOOTHING_PASSES):
        histograms = (
            before * np.roll(histograms, 1, axis=1)
            + here * histograms
            + after * np.roll(histograms, -1, axis=1)
        )
    return histograms


def _strongest_peaks(histograms: NDArray[np.float64]) -> Angles:
    rows = np.arange(len(histograms))
    peaks = np.argmax(histograms, axis=1)
    left = histograms[rows, (peaks - 1) % DIRECTION_BINS]
    top = histograms[rows, peaks]
    right = histograms[rows, (peaks + 1) % DIRECTION_BINS]
    bend = left - 2 * top + right
    is_peak = bend < 0
    shifts = np.where(is_peak, (left - right) / (2 * np.where(is_peak, bend, 1)), 0)
    angles = 2 * np.pi * (peaks + shifts + 0.5) / DIRECTION_BINS - np.pi
    wrapped = np.where(angles > np.pi, angles - 2 * np.pi, angles)
    wrapped = np.where(wrapped <= -np.pi, wrapped + 2 * np.pi, wrapped)
    return np.asarray(wrapped, np.float32)
