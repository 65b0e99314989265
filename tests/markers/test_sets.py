"""Several targets in one file."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markers.compiler.encode import encode_mind, parse_mind
from markers.sets import NoTargetFile, merge_targets
from tests.markers.compiler.builders import random_target


@settings(deadline=None, max_examples=25)
@given(counts=st.lists(st.integers(0, 17), max_size=4))
def test_merged_files_are_one_file_of_all_their_targets_in_order(counts: list[int]) -> None:
    seeds = iter(range(100))
    groups = [[random_target(seed=next(seeds), bright=2) for _ in range(n)] for n in counts]

    merged = merge_targets([encode_mind(group) for group in groups])

    assert merged == encode_mind([target for group in groups for target in group])
    assert len(parse_mind(merged)) == sum(counts)


def test_a_merge_of_merges_is_a_merge() -> None:
    first, second, third = (encode_mind([random_target(seed=n)]) for n in range(3))

    assert merge_targets([merge_targets([first, second]), third]) == merge_targets(
        [first, second, third]
    )


def test_a_hundred_files_are_merged_in_milliseconds() -> None:
    minds = [encode_mind([random_target(seed=1, bright=400, dark=400, keyframes=3)])] * 100

    began = time.process_time()
    merged = merge_targets(minds)

    assert len(merged) > 30_000_000
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x82\xa1v\x02",
        b"\x82\xa1v\x02\xa8dataList",
        b"\x82\xa1v\x02\xa8dataList\xdc\x00",
        b"\x82\xa1v\x02\xa8dataList\xc0",
        b"\x82\xa1v\x01\xa8dataList\x90",
    ],
)
def test_what_is_no_target_file_is_not_merged(data: bytes) -> None:
    with pytest.raises(NoTargetFile):
        merge_targets([data])
