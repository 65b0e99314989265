"""System checks: what a serving process can't do without, each with a hint. `manage.py check`."""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from vertexar import throttles


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


@register()
def rates_are_rates(**kwargs: Any) -> list[CheckMessage]:
    """A rate that nobody understands would limit nobody, or break every answer."""
    hint = "For instance 5/min: a number above zero of requests in a sec, min, hour or day."
    errors: list[CheckMessage] = []
    for limit in throttles.LIMITS:
        try:
            throttles.parse_rate(getattr(settings, limit.setting))
        except ValueError as error:
            errors.append(Error(f"{limit.setting}: {error}.", hint=hint, id="vertexar.E004"))
    return errors


@register(Tags.security)
def lock_out_locks_out(**kwargs: Any) -> list[CheckMessage]:
    """With no tries nobody could sign in; with no time nobody would be locked out."""
    if settings.AUTH_MAX_ATTEMPTS >= 1 and settings.AUTH_LOCKOUT.total_seconds() >= 60:
        return []
    hint = "AUTH_MAX_ATTEMPTS and AUTH_LOCKOUT_MINUTES are whole numbers above zero."
    return [Error("Nobody is locked out sensibly.", hint=hint, id="vertexar.E005")]


@register(Tags.security)
def proxies_are_counted(**kwargs: Any) -> list[CheckMessage]:
    """Below zero, the header would be read from its wrong end."""
    if settings.NUM_PROXIES >= 0:
        return []
    return [Error("NUM_PROXIES is below 0.", hint="0 without proxies.", id="vertexar.E006")]


@register(Tags.security)
def origins_are_named(**kwargs: Any) -> list[CheckMessage]:
    """Every page in the world is nobody's intention, least of all with cookies."""
    origins = settings.CORS_ALLOWED_ORIGINS
    if "*" not in origins and not getattr(settings, "CORS_ALLOW_ALL_ORIGINS", False):
        return []
    hint = "Name them: CORS_ORIGINS=https://studio.example.org,https://shop.example.org"
    return [Error("CORS_ORIGINS lets every page call the API.", hint=hint, id="vertexar.E010")]


@register(Tags.security)
def networks_are_networks(**kwargs: Any) -> list[CheckMessage]:
    """One that nobody understands would let nobody in, and break /metrics."""
    hint = "For instance METRICS_NETWORKS=10.0.0.0/8,fd00::/8: the bits after the prefix are zero."
    errors: list[CheckMessage] = []
    for network in settings.METRICS_NETWORKS:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            errors.append(Error(f"METRICS_NETWORKS: {error}.", hint=hint, id="vertexar.E011"))
    return errors


@register()
def shares_are_shares(**kwargs: Any) -> list[CheckMessage]:
    """Of errors and requests that are reported."""
    names = ("SENTRY_SAMPLE_RATE", "SENTRY_TRACES_SAMPLE_RATE")
    return [
        Error(f"{name} is not from 0 to 1.", hint="0.1 is every tenth.", id="vertexar.E012")
        for name in names
        if not 0 <= getattr(settings, name) <= 1
    ]
