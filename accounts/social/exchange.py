"""Sending somebody to a provider, and hearing from it who came back. No rules of ours are here.

django-allauth keeps `state` and PKCE, asks the provider and reads its answer. Added here: a nonce,
the signature of an ID token (django-allauth leaves it to TLS), and that whatever a provider answers
ends as an error one can be told of.
"""

import logging
import secrets
from dataclasses import dataclass
from typing import Any, TypedDict

from allauth.socialaccount.adapter import (
    DefaultSocialAccountAdapter,
)
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.github.views import (
    GitHubOAuth2Adapter,
)
from allauth.socialaccount.providers.google.views import (
    GoogleOAuth2Adapter,
)
from allauth.socialaccount.providers.oauth2.client import (
    OAuth2Error,
)
from allauth.socialaccount.providers.openid_connect.views import (
    OpenIDConnectOAuth2Adapter,
)
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from requests import RequestException

from accounts.social.people import Identity
from accounts.social.providers import GITHUB, GOOGLE, configured, id_of
from vertexar.errors import DomainError

logger = logging.getLogger(__name__)

# What comes of reading an answer that is not as it should be; an id that is too long is the last.
UNREADABLE = (OAuth2Error, KeyError, TypeError, ValueError, AttributeError, ImproperlyConfigured)
NAME_MAX = 150


class Client(TypedDict):
    """The program that somebody signs in for."""

    redirect_uri: str
    state: str
    challenge: str


class Errand(TypedDict):
    """What somebody was sent to a provider for. It waits in the session.

    `to` is a path of ours, or "". `client` is None for the back office.
    """

    to: str
    client: Client | None


@dataclass(frozen=True, slots=True)
class Return:
    """Somebody who came back, as the provider knows them."""

    identity: Identity
    errand: Errand


class NotReturned(DomainError):
    """Nobody came back, or nobody knows who.

    Attributes:
        errand: what they had been sent for; None if that is not known either.
    """

    code = "social_failed"

    def __init__(
        self, message: str, *, code: str | None = None, hint: str = "", errand: Errand | None = None
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.errand = errand


class Adapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # untyped
    """Tells django-allauth which providers there are."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Those in the settings; its tables are left empty."""
        return [
            app
            for app in configured()
            if provider in {None, app.provider, app.provider_id}
            and client_id in {None, app.client_id}
        ]


class SignedOpenID(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # untyped
    """An OpenID provider whose ID tokens are believed by their signature."""

    def complete_login(self, *args: Any, **kwargs: Any) -> SocialLogin:
        """Read who came, with the provider's keys at hand."""
        self.did_fetch_access_token = False  # what would let it pass without
        return super().complete_login(*args, **kwargs)


class PlainGitHub(GitHubOAuth2Adapter):  # type: ignore[misc]  # untyped
    """GitHub, without addresses that could be taken for others."""

    def get_emails(self, headers: dict[str, str]) -> list[dict[str, Any]]:
        """Read the addresses."""
        return [one for one in super().get_emails(headers) or [] if one["email"].isascii()]


def leave(request: HttpRequest, app: SocialApp, errand: Errand) -> str:
    """Prepare to send somebody to a provider; the session remembers what for.

    Returns:
        The address to send them to.

    Raises:
        NotReturned: the provider is away, or describes itself in no way that can be understood.
    """
    provider = app.get_provider(request)
    nonce = secrets.token_urlsafe(24)
    params = {} if app.provider == GITHUB else {"nonce": nonce}  # it is no OpenID provider
    data = {"errand": errand, "nonce": nonce}
    try:
        answer = provider.redirect(request, process="login", data=data, auth_params=params)
    except RequestException as error:
        raise _away(app, error, errand) from error
    except UNREADABLE as error:
        raise _failed(app, error, errand) from error
    return str(answer["Location"])


def come_back(request: HttpRequest, app: SocialApp) -> Return:
    """Ask a provider who it is that it has sent back.

    Raises:
        NotReturned: they changed their mind, were not sent by us, or the provider can't say it.
    """
    provider = app.get_provider(request)
    try:
        state = provider.unstash_redirect_state(request, request.GET.get("state", ""))
    except PermissionDenied as error:
        raise NotReturned(
            _("This was not begun here, or too long ago."),
            code="social_not_begun",
            hint=_("Begin again, in the same browser."),
        ) from error
    errand: Errand = state["data"]["errand"]
    if request.GET.get("error") == "access_denied":
        raise NotReturned(
            _("You have not let %(provider)s tell who you are.") % {"provider": app.name},
            code="social_cancelled",
            hint=_("Begin again, or sign in with your password."),
            errand=errand,
        )
    if not request.GET.get("code"):
        raise _failed(app, request.GET.get("error", "no code"), errand)
    try:
        login = _ask(request, app, verifier=state.get("pkce_code_verifier"))
        return Return(_identity(app, login, nonce=state["data"]["nonce"]), errand)
    except RequestException as error:
        raise _away(app, error, errand) from error
    except UNREADABLE as error:
        raise _failed(app, error, errand) from error


def _ask(request: HttpRequest, app: SocialApp, *, verifier: str | None) -> SocialLogin:
    """Take the code that came for what the provider knows."""
    if app.provider == GOOGLE:
        adapter = GoogleOAuth2Adapter(request)
    elif app.provider == GITHUB:
        adapter = PlainGitHub(request)
    else:
        adapter = SignedOpenID(request, app.provider_id)
    client = adapter.get_client(request, app)
    answer = adapter.get_access_token_data(request, app, client, pkce_code_verifier=verifier)
    token = adapter.parse_token(answer)
    return adapter.complete_login(request, app, token, response=answer)


def _identity(app: SocialApp, login: SocialLogin, *, nonce: str) -> Identity:
    """Read who it is.

    Raises:
        ValueError: the ID token is not of this signing in, or the rest is of somebody else.
    """
    told = login.account.extra_data
    if app.provider != GITHUB:
        id_token = told if app.provider == GOOGLE else told["id_token"]
        if not constant_time_compare(str(id_token["nonce"]), nonce):
            raise ValueError("the nonce is another")
        # OpenID Connect Core 1.0, 5.3.2
        if "userinfo" in told and told["userinfo"]["sub"] != id_token["sub"]:
            raise ValueError("the user info is of another subject")
    uid = str(login.account.uid)
    if not uid.isprintable():
        raise ValueError("an id that can't be kept")
    primary = (address for address in login.email_addresses if address.primary)
    # Some say it as a text, and any text but "" is true to Python.
    email = next((one.email for one in primary if one.verified in (True, "true")), "")
    # django-allauth has made it small letters, which the sign for Kelvin turns into a plain k.
    is_plain = all(
        str(claims.get("email", "")).isascii()
        for claims in (told, told.get("userinfo") or {}, told.get("id_token") or {})
    )
    return Identity(
        provider=id_of(app),
        provider_name=app.name,
        uid=uid,
        email=str(email or "") if is_plain else "",
        username=_name(login.user.username),
        first_name=_name(login.user.first_name),
        last_name=_name(login.user.last_name),
    )


def _name(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())[:NAME_MAX]


def _away(app: SocialApp, error: RequestException, errand: Errand) -> NotReturned:
    logger.warning("social login by %s: it does not answer: %s", id_of(app), error)
    return NotReturned(
        _("%(provider)s does not answer.") % {"provider": app.name},
        code="social_provider_away",
        hint=_("Try again in a little while, or sign in with your password."),
        errand=errand,
    )


def _failed(app: SocialApp, error: Exception | str, errand: Errand) -> NotReturned:
    logger.warning("social login by %s: no good answer: %r", id_of(app), error)
    return NotReturned(
        _("%(provider)s has not told who you are.") % {"provider": app.name},
        hint=_("Begin again, or sign in with your password."),
        errand=errand,
    )
