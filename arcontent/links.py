"""Links that lead out of a content: only such as browsers can open."""

from typing import Any
from urllib.parse import urlsplit

import idna
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.deconstruct import deconstructible
from django.utils.translation import gettext_lazy as _


@deconstructible
class LinkValidator(URLValidator):
    """An address of the web, http or https, of a host and a port that there can be.

    Django's own validator looks at the letters of an address alone. Browsers take it apart, and
    refuse what comes of it: a port above 65535, a name that is no name in Unicode (UTS 46 and, for
    what is not ASCII, RFC 5891), letters that turn into others when the name is looked up.
    """

    schemes = ["http", "https"]

    def __call__(self, value: Any) -> None:
        """Look at a link.

        Raises:
            ValidationError: it is none, or browsers would refuse it.
        """
        super().__call__(value)
        try:
            host = _host_looked_up(value)
            if ":" not in host:  # of an IPv6 address nothing is translated
                super().__call__(f"https://{host}")
        except (ValueError, ValidationError) as error:
            message = _("Browsers can’t open this link: look at its host and its port.")
            raise ValidationError(message, code="link_unopenable") from error


def _host_looked_up(url: str) -> str:
    """Translate the host of an address into the name that is asked for, in ASCII.

    Raises:
        ValueError: there is no such host, or the port is out of range.
    """
    parts = urlsplit(url.replace("\\", "/"))  # as browsers read it
    host, _port = parts.hostname or "", parts.port  # raises where the port is out of range
    if ":" in host:
        return host
    name = idna.uts46_remap(host, std3_rules=False, transitional=False)
    return ".".join(_label_looked_up(label) for label in name.split("."))


def _label_looked_up(label: str) -> str:
    """Translate one part of a host's name; raises ValueError where it can't be one."""
    if label.isascii() and not label.startswith("xn--"):
        return label
    return idna.alabel(label).decode()
