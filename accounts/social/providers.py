"""Which providers there are: those in the settings, and no others."""

import re
from typing import Any
from urllib.parse import urlsplit

from allauth.socialaccount.models import SocialApp
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.http import Http404

GOOGLE, GITHUB, OPENID = "google", "github", "openid_connect"
ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
FIELDS = ("id", "name", "server_url", "client_id", "secret")
# By https, or the scheme of an app, which is a domain backwards (RFC 8252, 7.1).
REDIRECT = re.compile(r"(https://[!-~]+|[a-z][a-z0-9-]*(\.[a-z0-9-]+)+:/[!-~]*)")
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


def configured() -> list[SocialApp]:
    """Every provider that people can sign in with. None of them is a row of a table."""
    apps = []
    if settings.GOOGLE_CLIENT_ID:
        keys = {"client_id": settings.GOOGLE_CLIENT_ID, "secret": settings.GOOGLE_CLIENT_SECRET}
        apps.append(SocialApp(provider=GOOGLE, name="Google", **keys))
    if settings.GITHUB_CLIENT_ID:
        keys = {"client_id": settings.GITHUB_CLIENT_ID, "secret": settings.GITHUB_CLIENT_SECRET}
        apps.append(SocialApp(provider=GITHUB, name="GitHub", **keys))
    apps.extend(_openid(given) for given in settings.OPENID_PROVIDERS if not _problem_of(given))
    return apps


def id_of(app: SocialApp) -> str:
    """What a provider is called in addresses, and with the accounts that come from it."""
    return str(app.provider_id or app.provider)


def buttons() -> list[dict[str, str]]:
    """What a page needs to offer them: `id` and `name` of each."""
    return [{"id": id_of(app), "name": app.name} for app in configured()]


def found(provider_id: str) -> SocialApp:
    """Look a provider up by its id.

    Raises:
        Http404: it is not configured.
    """
    for app in configured():
        if id_of(app) == provider_id:
            return app
    raise Http404


@register(Tags.security)
def openid_providers_are_described(**kwargs: Any) -> list[CheckMessage]:
    """One that is not can't be signed in with."""
    given = settings.OPENID_PROVIDERS
    problems = [problem for one in given if (problem := _problem_of(one))]
    ids = [one["id"] for one in given if not _problem_of(one)]
    problems += [f"The id {one!r} is given twice." for one in sorted({*ids}) if ids.count(one) > 1]
    hint = "OPENID_PROVIDERS is a JSON list of objects with " + ", ".join(FIELDS) + "."
    return [Error(problem, hint=hint, id="accounts.E001") for problem in problems]


@register(Tags.security)
def redirect_uris_are_whole(**kwargs: Any) -> list[CheckMessage]:
    """Codes that open accounts are sent there: nothing is guessed, nothing is left open."""
    hint = (
        "Such as https://studio.example.org/back or org.example.studio:/back, with nothing after #."
    )
    return [
        Error(f"Nobody can be sent back to {uri!r}.", hint=hint, id="accounts.E002")
        for uri in settings.SOCIAL_REDIRECT_URIS
        if not REDIRECT.fullmatch(uri) or "#" in uri
    ]


def _problem_of(given: Any) -> str:
    """What is wrong with an entry of OPENID_PROVIDERS, "" for nothing. It names no secret."""
    if not isinstance(given, dict):
        return "An OpenID provider is no object."
    if missing := [name for name in FIELDS if not isinstance(given.get(name), str)]:
        return f"An OpenID provider has no {', '.join(missing)}."
    if not ID.fullmatch(given["id"]) or given["id"] in {GOOGLE, GITHUB}:
        return f"{given['id']!r} can't be the id of an OpenID provider."
    url = urlsplit(given["server_url"])
    if url.scheme != "https" and not (url.scheme == "http" and url.hostname in LOOPBACK_HOSTS):
        return f"The OpenID provider {given['id']!r} is not asked by https."
    return ""


def _openid(given: dict[str, str]) -> SocialApp:
    return SocialApp(
        provider=OPENID,
        provider_id=given["id"],
        name=given["name"],
        client_id=given["client_id"],
        secret=given["secret"],
        settings={"server_url": given["server_url"].rstrip("/")},
    )
