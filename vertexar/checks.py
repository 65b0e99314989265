"""System checks: what a serving process can't do without, each with a hint. `manage.py check`."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security)
def secret_key_is_set(**kwargs: Any) -> list[CheckMessage]:
    """No secret has a default."""
    if settings.SECRET_KEY:
        return []
    hint = "Set SECRET_KEY, or SECRET_KEY_FILE to a file that holds it; `manage.py up` makes one."
    return [Error("There is no SECRET_KEY.", hint=hint, id="vertexar.E001")]


@register()
def public_url_is_a_url(**kwargs: Any) -> list[CheckMessage]:
    """QR codes are printed from it: it must be right before the first one."""
    parts = urlsplit(settings.PUBLIC_URL)
    if parts.scheme in {"http", "https"} and parts.hostname and not parts.path.strip("/"):
        return []
    hint = "For instance https://ar.example.org: scheme and host, no path."
    return [Error(f"PUBLIC_URL is {settings.PUBLIC_URL!r}.", hint=hint, id="vertexar.E002")]


@register()
def limits_are_in_order(**kwargs: Any) -> list[CheckMessage]:
    """A lease that is renewed every third of it must be long enough for a renewal to be late."""
    if settings.LEASE_SECONDS >= 3:
        return []
    hint = "A worker renews its lease three times in LEASE_SECONDS."
    return [Error("LEASE_SECONDS is below 3.", hint=hint, id="vertexar.E003")]
