"""What may be chosen about compiling a marker, checked before a row is made of it."""

from typing import Any

from django.utils.translation import gettext as _

from vertexar.errors import DomainError

CHOICES: dict[str, tuple[object, ...]] = {
    "profile": ("lean", "robust"),
}


class UnusableOptions(DomainError):
    """Options that no compiler of ours knows."""

    code = "unusable_options"
    field = "options"


def checked_options(options: Any) -> dict[str, Any]:
    """Answer with the options, if each is known and has a value that it may have.

    Raises:
        UnusableOptions: something else is among them; the message names it.
    """
    if not isinstance(options, dict):
        raise UnusableOptions(_("Options are names with values."))
    for name, value in options.items():
        if name not in CHOICES:
            message = _("There is no option “%(name)s”.") % {"name": name}
            raise UnusableOptions(message, hint=_known(CHOICES))
        if value not in CHOICES[name]:
            message = _("The option “%(name)s” can't have that value.") % {"name": name}
            raise UnusableOptions(message, hint=_known(CHOICES[name]))
    return options


def _known(names: Any) -> str:
    return _("It may be: %(names)s.") % {"names": ", ".join(map(str, names))}
