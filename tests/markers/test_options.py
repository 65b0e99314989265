"""What may be chosen about compiling: taken as it is, or refused with a code and a hint."""

from typing import Any

import pytest

from markers.compiler import ROBUST, CompileOptions
from markers.compiler.nft.options import PHYSICAL_WIDTH_MM as WIDTH_OF_COMPILER
from markers.options import (
    DEFAULTS,
    PHYSICAL_WIDTH_MM,
    OptionOutOfRange,
    UnusableOptions,
    checked_options,
    same_options,
)

NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"profile": "lean"},
        {"profile": "robust", "enhance": False},
        {"physical_width_mm": 5},
        {"physical_width_mm": 10_000},
        {"enhance": True, "physical_width_mm": 210.5},
    ],
)
def test_options_that_make_sense_are_taken_as_they_are(options: dict[str, Any]) -> None:
    assert checked_options(dict(options)) == options


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], "unusable_options"),
        (None, "unusable_options"),
        ("lean", "unusable_options"),
        ({"nonsense": 1}, "unusable_options"),
        ({"profile": "best"}, "unusable_options"),
        ({"profile": None}, "unusable_options"),
        ({"profile": ["lean"]}, "unusable_options"),
        ({"profile": {"lean": True}}, "unusable_options"),
        ({"enhance": 1}, "unusable_options"),
        ({"enhance": "true"}, "unusable_options"),
        ({"enhance": None}, "unusable_options"),
        ({"physical_width_mm": True}, "unusable_options"),
        ({"physical_width_mm": None}, "unusable_options"),
        ({"physical_width_mm": "210"}, "unusable_options"),
        ({"physical_width_mm": [210]}, "unusable_options"),
        ({"physical_width_mm": {"mm": 210}}, "unusable_options"),
        ({"physical_width_mm": NAN}, "unusable_options"),
        ({"physical_width_mm": INFINITY}, "unusable_options"),
        ({"physical_width_mm": -INFINITY}, "unusable_options"),
        ({"physical_width_mm": 0}, "option_out_of_range"),
        ({"physical_width_mm": 4.99}, "option_out_of_range"),
        ({"physical_width_mm": -210}, "option_out_of_range"),
        ({"physical_width_mm": 10_000.01}, "option_out_of_range"),
        ({"physical_width_mm": 10**400}, "option_out_of_range"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_a_code_and_a_hint(
    options: Any, code: str
) -> None:
    with pytest.raises(UnusableOptions) as refused:
        checked_options(options)

    assert refused.value.code == code
    assert refused.value.hint
    assert refused.value.field == "options"


def test_the_hint_says_what_may_be_chosen() -> None:
    with pytest.raises(UnusableOptions) as refused:
        checked_options({"profile": "best"})
    with pytest.raises(OptionOutOfRange) as too_wide:
        checked_options({"physical_width_mm": 10**6})

    assert "lean, robust" in refused.value.hint
    assert "from 5 to 10000" in too_wide.value.hint


@pytest.mark.parametrize(
    "options",
    [{}, {"profile": "robust"}, {"enhance": True}, DEFAULTS],
)
def test_a_default_that_is_named_is_the_same_as_one_that_is_not(options: dict[str, Any]) -> None:
    ways = same_options(options)

    assert len(ways) == 4
    assert all(way in ways for way in ({}, {"profile": "robust"}, DEFAULTS, {"enhance": True}))


def test_another_choice_stays_in_all_ways_to_ask_for_it() -> None:
    ways = same_options({"profile": "lean", "physical_width_mm": 210})

    assert len(ways) == 2
    assert {"profile": "lean", "physical_width_mm": 210, "enhance": True} in ways
    assert {"profile": "lean", "physical_width_mm": 210} in ways


def test_the_defaults_are_the_compiler_s() -> None:
    assert CompileOptions() == ROBUST
    assert (DEFAULTS["profile"], DEFAULTS["enhance"]) == ("robust", ROBUST.enhance)


def test_a_print_is_as_wide_here_as_in_the_compiler() -> None:
    assert PHYSICAL_WIDTH_MM == WIDTH_OF_COMPILER
