import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markers.compiler.clusters import CENTRES, LEAF_MAX, Cluster, build_clusters, hamming_distances
from tests.markers.compiler.builders import random_descriptors


def leaves(node: Cluster) -> list[Cluster]:
    return [leaf for child in node.children for leaf in leaves(child)] or [node]


@settings(deadline=None, max_examples=30)
@given(count=st.integers(0, 200), seed=st.integers(0, 2**32))
def test_each_row_is_in_exactly_one_small_leaf(count: int, seed: int) -> None:
    descriptors = random_descriptors(np.random.default_rng(seed), count)

    found = leaves(build_clusters(descriptors, seed=1))

    assert sorted(row for leaf in found for row in leaf.rows) == list(range(count))
    assert all(len(leaf.rows) <= LEAF_MAX for leaf in found)


@settings(deadline=None, max_examples=20)
@given(count=st.integers(17, 200), seed=st.integers(0, 2**32))
def test_a_child_stands_around_one_of_its_own(count: int, seed: int) -> None:
    descriptors = random_descriptors(np.random.default_rng(seed), count)

    root = build_clusters(descriptors, seed=1)

    assert root.centre is None
    assert 2 <= len(root.children) <= CENTRES
    for child in root.children:
        assert child.centre in [row for leaf in leaves(child) for row in leaf.rows]


def test_a_descriptor_is_nearest_to_the_centre_of_its_branch() -> None:
    descriptors = random_descriptors(np.random.default_rng(5), 150)
    distances = hamming_distances(descriptors, descriptors)

    root = build_clusters(descriptors, seed=1)

    branches = {
        child.centre: [row for leaf in leaves(child) for row in leaf.rows]
        for child in root.children
        if child.centre is not None
    }
    assert len(branches) == len(root.children)
    for centre, rows in branches.items():
        nearest = distances[rows][:, list(branches)].min(axis=1)
        assert np.array_equal(distances[rows, centre], nearest)


def test_descriptors_alike_share_a_branch() -> None:
    rng = np.random.default_rng(6)
    kinds = random_descriptors(rng, 3)
    kind_of = np.repeat([0, 1, 2], 30)
    descriptors = kinds[kind_of]
    descriptors[np.arange(90), rng.integers(0, 83, 90)] ^= 1  # each a little different

    root = build_clusters(descriptors, seed=1)

    for child in root.children:
        assert len({int(kind_of[row]) for leaf in leaves(child) for row in leaf.rows}) == 1


@pytest.mark.parametrize("count", [0, 1, 16])
def test_few_descriptors_are_one_leaf(count: int) -> None:
    root = build_clusters(random_descriptors(np.random.default_rng(1), count), seed=1)

    assert root == Cluster(None, tuple(range(count)), ())


def test_descriptors_that_cannot_be_told_apart_are_one_leaf() -> None:
    root = build_clusters(np.zeros((50, 84), np.uint8), seed=1)

    assert root.rows == tuple(range(50))


def test_the_same_seed_gives_the_same_tree() -> None:
    descriptors = random_descriptors(np.random.default_rng(3), 120)

    assert build_clusters(descriptors, seed=4) == build_clusters(descriptors, seed=4)
    assert build_clusters(descriptors, seed=4) != build_clusters(descriptors, seed=5)


@given(count=st.integers(0, 10), other=st.integers(0, 10), seed=st.integers(0, 2**32))
def test_a_distance_is_the_number_of_differing_bits(count: int, other: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = random_descriptors(rng, count), random_descriptors(rng, other)

    distances = hamming_distances(first, second)

    assert distances.shape == (count, other)
    for i in range(count):
        for j in range(other):
            assert distances[i, j] == np.unpackbits(first[i] ^ second[j]).sum()
