"""How a point looks to jsartoolkitNFT: its directions, and 666 comparisons of blurred samples.

The runtime computes the same for the camera's frame and counts differing bits, so every constant
here is fixed by it. The samples lie as in ``.mind``, but each ring is read from the image of the
pyramid whose blur fits the ring, a point may have several directions, and the bits of a byte run
from the least significant one.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import Angles, Descriptors, Rows
from markers.compiler.freak import (
    DESCRIPTOR_BYTES,
    DIRECTION_BINS,
    FIRST,
    PATTERN,
    SECOND,
    SMOOTHING,
    SMOOTHING_PASSES,
)
from markers.compiler.nft.keypoints import Keypoints
from markers.compiler.nft.pyramid import Stack

# Blur of the samples, outer ring to inner and the centre, in widths of the point.
SAMPLE_SIGMAS: Final = 7 * np.array([0.55, 0.475, 0.4, 0.325, 0.25, 0.175, 0.1], np.float32)
SAMPLES_PER_RING: Final = 6

# The field that tells a direction is weighted by a Gaussian of this many widths of the point, of
# a pixel at least, and ends at so many of its standard deviations.
FIELD_SIGMA: Final = 3.0
FIELD_RADIUS: Final = 1.5
# A smaller peak than this share of the highest is no direction of its own.
PEAK_MIN: Final = 0.8


@dataclass(frozen=True, slots=True)
class Directions:
    """Directions of points, some of which have several.

    Attributes:
        rows: (M,) row of the point, ascending.
        angles_rad: (M,) in [0, 2 pi), opposite to where brightness grows.
    """

    rows: Rows
    angles_rad: Angles


def find_directions(stack: Stack, layers: NDArray[np.int32], keypoints: Keypoints) -> Directions:
    """Find the directions in which brightness falls around each point.

    Args:
        stack: the layers' pyramids.
        layers: (N,) layer of each point.
        keypoints: (N) points.
    """
    if not len(keypoints):
        return Directions(np.empty(0, np.int64), np.empty(0, np.float32))
    return _peaks(_smooth(_histograms(stack, layers, keypoints)))


def describe(
    stack: Stack, layers: NDArray[np.int32], keypoints: Keypoints, angles_rad: Angles
) -> Descriptors:
    """Compare the 37 samples around each point, pair by pair.

    Args:
        stack: the layers' pyramids.
        layers: (N,) layer of each point.
        keypoints: (N) points.
        angles_rad: (N,) a direction of each; the pattern is turned by it.

    Returns:
        (N, 84) bits of the pairs (i, j), i < j, in order, the least significant first: sample i is
        darker than sample j.
    """
    sigmas = keypoints.sigmas_px
    levels, octaves = stack.locate(layers[:, None], sigmas[:, None] * SAMPLE_SIGMAS)
    each = np.append(np.repeat(np.arange(6), SAMPLES_PER_RING), 6)
    levels, octaves = levels[:, each], octaves[:, each]
    cos, sin = sigmas * np.cos(angles_rad), sigmas * np.sin(angles_rad)
    x, y = PATTERN.astype(np.float32).T
    places_x = keypoints.points_px[:, :1] + np.outer(cos, x) - np.outer(sin, y)
    places_y = keypoints.points_px[:, 1:] + np.outer(sin, x) + np.outer(cos, y)
    samples = stack.sample(levels, *_in_octave(places_x, places_y, octaves))
    bits = np.take(samples, FIRST, axis=1) < np.take(samples, SECOND, axis=1)
    return np.packbits(bits, axis=1, bitorder="little").reshape(-1, DESCRIPTOR_BYTES)


def _in_octave(
    x_px: NDArray[np.float32], y_px: NDArray[np.float32], octaves: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Carry places in a layer to pixels of its octaves."""
    share = np.ldexp(np.float32(1), -octaves)
    shift = share / 2 - np.float32(0.5)
    return x_px * share + shift, y_px * share + shift


def _histograms(
    stack: Stack, layers: NDArray[np.int32], keypoints: Keypoints
) -> NDArray[np.float64]:
    """(N, 36) gradients around each point, counted by direction."""
    levels, octaves = stack.locate(layers, keypoints.sigmas_px)
    x, y = _in_octave(keypoints.points_px[:, 0], keypoints.points_px[:, 1], octaves)
    spread = np.maximum(1, FIELD_SIGMA * np.ldexp(keypoints.sigmas_px, -octaves))
    radius = FIELD_RADIUS * spread
    reach = int(np.ceil(radius.max()))
    middle_x, middle_y = np.rint(x).astype(np.int32), np.rint(y).astype(np.int32)
    steps = np.arange(-reach, reach + 1, dtype=np.int32)
    field_y, field_x = (axis.ravel() for axis in np.meshgrid(steps, steps, indexing="ij"))
    squares = ((middle_x - x)[:, None] + field_x) ** 2 + ((middle_y - y)[:, None] + field_y) ** 2
    columns, rows = middle_x[:, None] + field_x, middle_y[:, None] + field_y
    is_near = (squares <= (radius**2)[:, None]) & stack.contains(levels[:, None], columns, rows)
    points, cells = np.nonzero(is_near)
    across, down = stack.gradients(levels[points], columns[is_near], rows[is_near])
    lengths, angles = cv2.cartToPolar(across, down)
    weights = np.exp(-squares[points, cells] / (2 * spread**2)[points])
    strengths = lengths.ravel() * weights
    bins = angles.ravel() * np.float32(DIRECTION_BINS / (2 * np.pi)) + np.float32(
        DIRECTION_BINS / 2 - 0.5
    )
    lower = np.floor(bins).astype(np.int64)
    share = bins - lower
    start = points * DIRECTION_BINS
    total = len(keypoints) * DIRECTION_BINS
    counted = np.bincount(start + lower % DIRECTION_BINS, strengths * (1 - share), total)
    counted += np.bincount(start + (lower + 1) % DIRECTION_BINS, strengths * share, total)
    return counted.reshape(-1, DIRECTION_BINS)


def _smooth(histograms: NDArray[np.float64]) -> NDArray[np.float64]:
    before, here, after = SMOOTHING
    for _ in range(SMOOTHING_PASSES):
        histograms = (
            before * np.roll(histograms, 1, axis=1)
            + here * histograms
            + after * np.roll(histograms, -1, axis=1)
        )
    return histograms


def _peaks(histograms: NDArray[np.float64]) -> Directions:
    left, right = np.roll(histograms, 1, axis=1), np.roll(histograms, -1, axis=1)
    is_peak = (histograms > left) & (histograms > right)
    is_peak &= histograms > PEAK_MIN * histograms.max(axis=1, keepdims=True)
    rows, bins = np.nonzero(is_peak)
    before, top, after = left[rows, bins], histograms[rows, bins], right[rows, bins]
    shift = (before - after) / (2 * (before - 2 * top + after))
    angles = (2 * np.pi * (bins + shift + 0.5) / DIRECTION_BINS) % (2 * np.pi)
    return Directions(rows, angles.astype(np.float32))
