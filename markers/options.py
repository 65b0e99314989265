"""What may be chosen about compiling a marker, checked before a row is made of it."""

import math
from collections.abc import Iterable
from typing import Any, Final

from django.utils.translation import gettext as _

from vertexar.errors import DomainError

PROFILES: Final = ("lean", "robust")
PHYSICAL_WIDTH_MM: Final = (5.0, 10_000.0)
"""Least and largest width of a print; the compiler has the same range."""
DEFAULTS: Final = {"profile": "robust", "enhance": True}
"""What is meant by those that are not given; the compiler has the same."""
NAMES: Final = ("profile", "enhance", "physical_width_mm")


class UnusableOptions(DomainError):
    """Options that no compiler of ours knows."""

    code = "unusable_options"
    field = "options"


class OptionOutOfRange(UnusableOptions):
    """A number that no print has."""

    code = "option_out_of_range"


def checked_options(options: Any) -> dict[str, Any]:
    """Answer with the options, if each is known and has a value that it may have.

    Raises:
        UnusableOptions: something else is among them; the message names it.
        OptionOutOfRange: a number is too small or too large.
    """
    if not isinstance(options, dict):
        raise no_options()
    for name, value in options.items():
        if name == "profile":
            _check_choice(name, value, of=PROFILES)
        elif name == "enhance":
            _check_switch(name, value)
        elif name == "physical_width_mm":
            _check_number(name, value, *PHYSICAL_WIDTH_MM)
        else:
            message = _("There is no option “%(name)s”.") % {"name": name}
            raise UnusableOptions(message, hint=_known(NAMES))
    return options


def same_options(options: dict[str, Any]) -> list[dict[str, Any]]:
    """List all ways to ask for what these options ask for: a default may be named or left out."""
    ways = [{name: value for name, value in options.items() if DEFAULTS.get(name) != value}]
    for name, value in DEFAULTS.items():
        if name not in ways[0]:
            ways += [{**way, name: value} for way in ways]
    return ways


def no_options() -> UnusableOptions:
    """Say what options look like, to who sent something else."""
    return UnusableOptions(
        _("Options are names with values."),
        hint=_("Send a JSON object, for instance %(example)s.")
        % {"example": '{"physical_width_mm": 210}'},
    )


def _check_choice(name: str, value: Any, *, of: Iterable[str]) -> None:
    if value not in of:
        raise UnusableOptions(_not_that(name), hint=_known(of))


def _check_switch(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise UnusableOptions(_not_that(name), hint=_known(("true", "false")))


def _check_number(name: str, value: Any, least: float, most: float) -> None:
    hint = _("It may be a number from %(least)g to %(most)g.") % {"least": least, "most": most}
    # To Python True is a number, and JSON as it is sent may hold NaN and Infinity.
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or (isinstance(value, float) and not math.isfinite(value)):
        raise UnusableOptions(_not_that(name), hint=hint)
    if not least <= value <= most:
        raise OptionOutOfRange(_("“%(name)s” is out of range.") % {"name": name}, hint=hint)


def _not_that(name: str) -> str:
    return _("The option “%(name)s” can't have that value.") % {"name": name}


def _known(names: Iterable[str]) -> str:
    return _("It may be: %(names)s.") % {"names": ", ".join(names)}
