"""A tree over descriptors, by which the runtime finds near ones without looking at all of them."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from markers.compiler.arrays import Descriptors, Distances, Rows

CENTRES: Final = 8
HYPOTHESES: Final = 128
LEAF_MAX: Final = 16
"""Descriptors of a leaf that are not parted further, unless more are allowed."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A node of the tree.

    Attributes:
        centre: row of the descriptor that stands for the node; None at the root.
        rows: rows in the node, ascending, if it is a leaf; else empty.
        children: the nodes below; none if it is a leaf.
    """

    centre: int | None
    rows: tuple[int, ...]
    children: tuple["Cluster", ...]


def hamming_distances(first: Descriptors, second: Descriptors) -> Distances:
    """Count differing bits of each pair.

    Args:
        first: (N, 84) descriptors.
        second: (M, 84) descriptors.

    Returns:
        (N, M) bits, 0..672.
    """
    differing = _as_words(first)[:, None, :] ^ _as_words(second)[None, :, :]
    return np.asarray(np.bitwise_count(differing).sum(axis=2, dtype=np.uint16))


def build_clusters(descriptors: Descriptors, *, seed: int, leaf_max: int = LEAF_MAX) -> Cluster:
    """Part descriptors again and again into up to eight clusters around one of their own.

    Args:
        descriptors: (N, 84); none gives one empty leaf.
        seed: of the centres that are tried.
        leaf_max: so many, or fewer, are not parted.

    Returns:
        The root; each row is in exactly one leaf.
    """
    if len(descriptors) <= leaf_max:
        return Cluster(None, tuple(range(len(descriptors))), ())
    rng = np.random.default_rng(seed)
    distances = hamming_distances(descriptors, descriptors)
    return _build(distances, np.arange(len(descriptors)), centre=None, rng=rng, leaf_max=leaf_max)


def _build(
    distances: Distances,
    rows: Rows,
    *,
    centre: int | None,
    rng: np.random.Generator,
    leaf_max: int,
) -> Cluster:
    if len(rows) > leaf_max:
        centres, nearest = _part(distances[np.ix_(rows, rows)], rng)
        groups = [np.flatnonzero(nearest == number) for number in range(len(centres))]
        filled = [(int(rows[c]), rows[g]) for c, g in zip(centres, groups, strict=True) if len(g)]
        if len(filled) > 1:
            children = tuple(
                _build(distances, g, centre=c, rng=rng, leaf_max=leaf_max) for c, g in filled
            )
            return Cluster(centre, (), children)
    return Cluster(centre, tuple(int(row) for row in rows), ())


def _part(distances: Distances, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Of many random choices of centres, take the one with the least sum of distances.

    Returns:
        (8,) centres, and (N,) which of them is the nearest to each row; the first of equals.
    """
    choices = np.argsort(rng.random((HYPOTHESES, len(distances))), axis=1, kind="stable")
    choices = choices[:, :CENTRES]
    sums = distances[choices].min(axis=1).sum(axis=1, dtype=np.int64)
    best = choices[np.argmin(sums)]
    return best, np.argmin(distances[best], axis=0)


def _as_words(descriptors: Descriptors) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
    padded = np.zeros((len(descriptors), 88), np.uint8)  # 11 words of 8 bytes
    padded[:, : descriptors.shape[1]] = descriptors
    return padded.view(np.uint64)
