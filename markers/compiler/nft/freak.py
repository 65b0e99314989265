"""How a point looks to jsartoolkitNFT: its directions, and 666 comparisons of blurred samples.

The runtime computes the same for the camera's frame and counts differing bits, so every constant
here is fixed by it. The samples lie as in ``.mind``, but each ring is read from the image of the
pyramid whose blur fits the ring, a point may have several directions, and the bits of a byte run
from the least significant one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import Angles, Descriptors, Rows
from markers.compiler.freak import (
    DESCRIPTOR_BYTES,
    DIRECTION_BINS,
    PATTERN,
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
FIELD_SIGMA: Final = np.float32(3)
FIELD_RADIUS: Final = 1.5
# A smaller peak than this share of the highest is no direction of its own.
PEAK_MIN: Final = 0.8

SMOOTHING_IN_ONE: Final = reduce(np.convolve, [np.array(SMOOTHING)] * SMOOTHING_PASSES)


# Points whose samples, and whose fields, are worked out at once.
AT_ONCE: Final = 512
FIELDS_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True)
class Directions:
    """Directions of points, some of which have several.

    Attributes:
        rows: (M,) row of the point, ascending.
        angles_rad: (M,) in [0, 2 pi), opposite to where brightness grows.
    """

    rows: Rows
    angles_rad: Angles


def find_directions(stack: Stack, pictures: NDArray[np.int32], keypoints: Keypoints) -> Directions:
    """Find the directions in which brightness falls around each point.

    Args:
        stack: the pyramids.
        pictures: (N,) picture of each point.
        keypoints: (N) points.
    """
    if not len(keypoints):
        return Directions(np.empty(0, np.int64), np.empty(0, np.float32))
    return _peaks(_smoothed(_histograms(stack, pictures, keypoints)))


def describe(
    stack: Stack, pictures: NDArray[np.int32], keypoints: Keypoints, angles_rad: Angles
) -> Descriptors:
    """Compare the 37 samples around each point, pair by pair.

    Args:
        stack: the pyramids.
        pictures: (N,) picture of each point.
        keypoints: (N) points.
        angles_rad: (N,) a direction of each; the pattern is turned by it.

    Returns:
        (N, 84) bits of the pairs (i, j), i < j, in order, the least significant first: sample i is
        darker than sample j.
    """
    descriptors = np.empty((len(keypoints), DESCRIPTOR_BYTES), np.uint8)
    for rows in _portions(np.arange(len(keypoints)), AT_ONCE):
        samples = _samples(stack, pictures[rows], keypoints.take(rows), angles_rad[rows])
        bits = np.concatenate(
            [samples[:, i : i + 1] < samples[:, i + 1 :] for i in range(len(PATTERN))], axis=1
        )
        descriptors[rows] = np.packbits(bits, axis=1, bitorder="little")
    return descriptors


def _portions(rows: Rows, size: int) -> Iterator[Rows]:
    """Take rows a few at a time, so that what is computed of them stays in the cache."""
    for first in range(0, len(rows), size):
        yield rows[first : first + size]


def _samples(
    stack: Stack, pictures: NDArray[np.int32], keypoints: Keypoints, angles_rad: Angles
) -> NDArray[np.float32]:
    """(N, 37) greys of the pattern around each point."""
    sigmas = keypoints.sigmas_px
    levels, octaves = stack.locate(pictures[:, None], sigmas[:, None] * SAMPLE_SIGMAS)
    each = np.append(np.repeat(np.arange(6), SAMPLES_PER_RING), 6)
    levels, octaves = levels[:, each], octaves[:, each]
    cos, sin = sigmas * np.cos(angles_rad), sigmas * np.sin(angles_rad)
    x, y = PATTERN.astype(np.float32).T
    places_x = keypoints.points_px[:, :1] + np.outer(cos, x) - np.outer(sin, y)
    places_y = keypoints.points_px[:, 1:] + np.outer(sin, x) + np.outer(cos, y)
    return stack.sample(levels, *_in_octave(places_x, places_y, octaves))


def _in_octave(
    x_px: NDArray[np.float32], y_px: NDArray[np.float32], octaves: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Carry places in an image to pixels of its octaves."""
    share = np.exp2(-octaves).astype(np.float32)
    shift = share / np.float32(2) - np.float32(0.5)
    return (
        np.asarray(x_px * share + shift, np.float32),
        np.asarray(y_px * share + shift, np.float32),
    )


def _histograms(
    stack: Stack, pictures: NDArray[np.int32], keypoints: Keypoints
) -> NDArray[np.float64]:
    """(N, 36) gradients around each point, counted by direction."""
    levels, octaves = stack.locate(pictures, keypoints.sigmas_px)
    x, y = _in_octave(keypoints.points_px[:, 0], keypoints.points_px[:, 1], octaves)
    sigmas = np.maximum(np.float32(1), FIELD_SIGMA * np.ldexp(keypoints.sigmas_px, -octaves))
    reaches = np.ceil(FIELD_RADIUS * sigmas).astype(np.int32)
    histograms = np.empty((len(keypoints), DIRECTION_BINS), np.float64)
    for reach in set(reaches.tolist()):
        for rows in _portions(np.flatnonzero(reaches == reach), FIELDS_AT_ONCE):
            histograms[rows] = _count_fields(
                stack, levels[rows], x[rows], y[rows], sigmas[rows], reach_px=reach
            )
    return histograms


def _count_fields(
    stack: Stack,
    levels: NDArray[np.int32],
    x_px: NDArray[np.float32],
    y_px: NDArray[np.float32],
    sigmas_px: NDArray[np.float32],
    *,
    reach_px: int,
) -> NDArray[np.float64]:
    """Count the gradients in fields of one size; places and widths in pixels of the levels."""
    steps = np.arange(-reach_px - 1, reach_px + 2, dtype=np.int32)
    columns = np.rint(x_px).astype(np.int32)[:, None] + steps
    rows = np.rint(y_px).astype(np.int32)[:, None] + steps
    greys = stack.patches(levels, columns, rows)
    columns, rows = columns[:, 1:-1], rows[:, 1:-1]
    across = ((columns - x_px[:, None]) / sigmas_px[:, None]).astype(np.float32) ** 2
    down = ((rows - y_px[:, None]) / sigmas_px[:, None]).astype(np.float32) ** 2
    across[~stack.contains_x(levels[:, None], columns)] = np.inf
    down[~stack.contains_y(levels[:, None], rows)] = np.inf
    squares = down[:, :, None] + across[:, None, :]
    inside = np.flatnonzero(squares <= FIELD_RADIUS**2)
    lengths, angles = cv2.cartToPolar(
        (greys[:, 1:-1, 2:] - greys[:, 1:-1, :-2]).take(inside),
        (greys[:, 2:, 1:-1] - greys[:, :-2, 1:-1]).take(inside),
    )
    strengths = lengths.ravel() * np.exp(squares.take(inside) * np.float32(-0.5))
    # From the direction opposite to the gradient, in bins, half a bin before the first.
    turns = angles.ravel() * np.float32(DIRECTION_BINS / (2 * np.pi))
    turns += np.float32(DIRECTION_BINS / 2 - 0.5)
    lower = turns.astype(np.int64)
    turns -= lower
    lower += inside // squares[0].size * (2 * DIRECTION_BINS)
    upper = _added(lower, strengths * turns, len(levels))
    return _added(lower, strengths, len(levels)) - upper + np.roll(upper, 1, axis=1)


def _added(bins: Rows, values: NDArray[np.float32], count: int) -> NDArray[np.float64]:
    """Add up values in ``count`` histograms that go round twice; (count, 36)."""
    total = np.bincount(bins, values, 2 * DIRECTION_BINS * count)
    return np.asarray(total.reshape(count, 2, DIRECTION_BINS).sum(axis=1), np.float64)


def _smoothed(histograms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Smooth (N, 36) histograms, whose ends meet; all passes in one."""
    reach = SMOOTHING_PASSES
    around = np.concatenate([histograms[:, -reach:], histograms, histograms[:, :reach]], axis=1)
    smooth = cv2.sepFilter2D(around, cv2.CV_64F, SMOOTHING_IN_ONE, np.ones(1))
    return np.asarray(smooth[:, reach:-reach], np.float64)


def _peaks(histograms: NDArray[np.float64]) -> Directions:
    left, right = np.roll(histograms, 1, axis=1), np.roll(histograms, -1, axis=1)
    # Of two equal neighbours one is the peak: edges of drawings lie exactly between two bins.
    is_peak = (histograms > left) & (histograms >= right)
    is_peak &= histograms > PEAK_MIN * histograms.max(axis=1, keepdims=True)
    rows, bins = np.nonzero(is_peak)
    before, top, after = left[rows, bins], histograms[rows, bins], right[rows, bins]
    shift = (before - after) / (2 * (before - 2 * top + after))
    angles = (2 * np.pi * (bins + shift + 0.5) / DIRECTION_BINS) % (2 * np.pi)
    return Directions(rows, angles.astype(np.float32))
