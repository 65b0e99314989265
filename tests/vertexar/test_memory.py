"""Work that takes too much memory fails by itself, and the process goes on."""

import resource
import sys

import cv2
import numpy as np
import pytest

from vertexar import memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits it")
MB = 2**20


def test_within_the_limit_nothing_changes() -> None:
    with memory.at_most(200):
        size = len(bytearray(100 * MB))

    assert size == 100 * MB


def test_beyond_the_limit_memory_is_refused_and_afterwards_given_again() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)

    with pytest.raises(MemoryError), memory.at_most(200):
        bytearray(300 * MB)

    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert len(bytearray(300 * MB)) == 300 * MB


def test_what_the_process_has_already_is_not_counted() -> None:
    held = bytearray(300 * MB)

    with memory.at_most(200):
        more = bytearray(100 * MB)

    assert len(held) + len(more) == 400 * MB


def test_a_limit_that_is_lower_already_stays() -> None:
    with pytest.raises(MemoryError), memory.at_most(100), memory.at_most(1000):
        bytearray(300 * MB)


def test_opencvs_own_error_is_known_for_what_it_is() -> None:
    small = np.zeros((1000, 1000), np.uint8)

    with pytest.raises(cv2.error) as caught, memory.at_most(100):
        cv2.resize(small, (30_000, 30_000))

    assert memory.ran_out(caught.value)


def test_numpys_own_error_is_known_for_what_it_is() -> None:
    with pytest.raises(MemoryError) as caught, memory.at_most(100):
        np.ones(300 * MB, np.uint8)

    assert memory.ran_out(caught.value)


def test_an_error_that_hides_it_is_seen_through() -> None:
    unreadable = ValueError("unreadable")
    unreadable.__cause__ = MemoryError()

    assert memory.ran_out(unreadable)


def test_other_errors_are_something_else() -> None:
    with pytest.raises(cv2.error) as caught:
        cv2.resize(np.zeros((0, 0), np.uint8), (1, 1))

    assert not memory.ran_out(caught.value)
    assert not memory.ran_out(ValueError("bad_alloc"))
