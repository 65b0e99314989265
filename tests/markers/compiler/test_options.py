"""What may be chosen, and what may not."""

from dataclasses import fields, replace
from typing import Any

import pytest

from markers.compiler import LEAN, ROBUST, CompileOptions, OptionOutOfRange
from markers.compiler.options import RANGES


@pytest.mark.parametrize("option", RANGES)
def test_a_number_out_of_range_is_refused_by_name(option: str) -> None:
    least, most = RANGES[option]
    is_list = isinstance(getattr(ROBUST, option), tuple)

    for number in (least - 1, most + 1, float("nan"), float("inf")):
        chosen: dict[str, Any] = {option: (number,) if is_list else number}
        with pytest.raises(OptionOutOfRange) as caught:
            replace(ROBUST, **chosen)

        assert caught.value.code == "option_out_of_range"
        assert caught.value.option == option
        assert option in caught.value.hint


def test_every_number_has_a_range() -> None:
    numbers = {field.name for field in fields(CompileOptions)} - {"enhance"}

    assert set(RANGES) == numbers


def test_tilted_keyframes_without_a_size_are_refused() -> None:
    with pytest.raises(ValueError, match="size"):
        CompileOptions(tilt_short_sides_px=())


def test_the_profiles_differ() -> None:
    assert LEAN != ROBUST
    assert CompileOptions() == ROBUST
