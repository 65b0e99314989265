"""Languages by their codes, as captions have them."""

import re

from django.conf.locale import LANG_INFO
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from vertexar.errors import DomainError

MAX_LENGTH = 35  # what RFC 5646 asks to have room for
_CODE = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|[0-9]{3}))?",
    re.IGNORECASE,
)


def normal_code(text: str) -> str:
    """Write a code of BCP 47 the usual way: `pt-br` is `pt-BR`.

    Taken are a language, its script and its region. Variants and extensions are not: they make no
    difference to whoever chooses captions.

    Raises:
        DomainError: language_invalid, with the field `language`.
    """
    found = _CODE.fullmatch(text)
    if found is None:
        error = DomainError(
            _("This is not the code of a language."),
            code="language_invalid",
            hint=_("Send one such as ru, en or pt-BR."),
        )
        error.field = "language"
        raise error
    parts = (found["language"].lower(), (found["script"] or "").title(), found["region"] or "")
    return "-".join(filter(None, (*parts[:2], parts[2].upper())))


def own_name(code: str) -> str:
    """What a language calls itself; its code where that is not known.

    Where its name in a region or a script is not known, it is that elsewhere.
    """
    known = code.lower()
    while known not in LANG_INFO:
        known, dash, _rest = known.rpartition("-")
        if not dash:
            return code
    return str(get_language_info(known)["name_local"])


def known_languages() -> list[tuple[str, str]]:
    """Codes and own names of the languages that Django knows, by their names."""
    codes = [code for code, info in LANG_INFO.items() if "name_local" in info]
    named = ((normal_code(code), own_name(code)) for code in codes)
    return sorted(named, key=lambda language: language[1].casefold())
