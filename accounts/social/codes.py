"""How a client of the API gets tokens for who signs in elsewhere: RFC 6749 with PKCE (RFC 7636).

The browser brings the client a code that is worth nothing without the verifier, which has never
left the client.
"""

import base64
import hashlib
import re
import secrets
from datetime import timedelta
from urllib.parse import urlencode

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from accounts import lockout, sessions
from accounts.models import SocialCode, User
from accounts.otp import codes as otp_codes
from accounts.sessions import TokenPair
from accounts.social.exchange import Client
from accounts.social.people import demand_heard
from vertexar.errors import DomainError, NotAllowed

LIFE = timedelta(seconds=60)
# So long after it was made, once its client has shown the verifier and the user looks for a code.
LIFE_WITH_SECOND_FACTOR = timedelta(minutes=5)
# RFC 8252, 7.3: any port. No name, which may lead elsewhere.
LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?(/[!-~]*)?")
NOT_IN_LOOPBACK = frozenset('#\\@"<>')


# What RFC 6749, 4.1.2.1 calls it when it is not the person who is refused.
OUR_FAULT = {
    "social_provider_away": "temporarily_unavailable",
    "social_failed": "server_error",
}


class RedirectNotAllowed(DomainError):
    """Nobody is sent there with a code."""

    code = "redirect_uri_not_allowed"
    field = "redirect_uri"


class CodeNotValid(DomainError):
    """A code that was used, has run out, is another client's, or never was one."""

    code = "social_code_not_valid"
    field = "code"


def demand_allowed(redirect_uri: str) -> None:
    """Let pass only addresses that are listed, letter by letter, or lie on the client's machine.

    Raises:
        RedirectNotAllowed: any other.
    """
    if redirect_uri in settings.SOCIAL_REDIRECT_URIS:
        return
    if LOOPBACK.fullmatch(redirect_uri) and NOT_IN_LOOPBACK.isdisjoint(redirect_uri):
        return
    raise RedirectNotAllowed(
        _("Nobody is sent to this address."),
        hint=_("Whoever runs this installation can add it to SOCIAL_REDIRECT_URIS."),
    )


def send_back(client: Client, **answer: str) -> HttpResponse:
    """Send the browser back to a client with an answer, and with the client's own state."""
    uri = client["redirect_uri"]
    query = urlencode({**answer, "state": client["state"]})
    # Not Django's redirect, which knows no schemes of apps, such as com.example.app:/back.
    response = HttpResponse(status=302)
    response["Location"] = f"{uri}{'&' if '?' in uri else '?'}{query}"
    response["Cache-Control"] = "no-store"
    return response


def refuse(client: Client, error: DomainError) -> HttpResponse:
    """Send the browser back with what was the case; our own code stands in `error_description`."""
    kind = OUR_FAULT.get(error.code, "access_denied")
    return send_back(client, error=kind, error_description=error.code)


def issue(account: SocialAccount, *, challenge: str) -> str:
    """Make a code for who has come in with an account elsewhere. Those of the past go.

    Args:
        account: whose.
        challenge: what the SHA-256 of the client's verifier is, in base64url without padding.
    """
    now, code = timezone.now(), secrets.token_urlsafe(32)
    SocialCode.objects.filter(expires_at__lt=now).delete()
    SocialCode.objects.create(
        account=account, code_sha256=_sha256(code), challenge=challenge, expires_at=now + LIFE
    )
    return code


def sign_in(request: HttpRequest, *, code: str, verifier: str, otp: str) -> TokenPair:
    """Take a code for a pair of tokens, once. Call it within `lockout.judging`.

    A code is used up by tokens or by a wrong verifier. Where a second factor is due it stays for
    as long as it takes to look for that.

    Raises:
        CodeNotValid: see there.
        NotAllowed: the account was closed meanwhile.
        LockedOut, OtpRequired, OtpWrong, TooManyRequests: as with a password.
    """
    rows = SocialCode.objects.select_for_update(of=["self"]).select_related("account__user")
    row = rows.filter(code_sha256=_sha256(code), expires_at__gt=timezone.now()).first()
    if row is None:
        raise _not_valid()
    if not constant_time_compare(_challenge_of(verifier), row.challenge):
        row.delete()
        raise _not_valid()
    user: User = row.account.user
    if not user.is_active:
        row.delete()
        raise NotAllowed(_("This account is closed."), code="account_inactive")
    demand_heard(request, user)
    row.expires_at = row.created_at + LIFE_WITH_SECOND_FACTOR
    row.save(update_fields=["expires_at", "updated_at"])
    otp_codes.check_sign_in(request, user, otp)
    row.delete()
    user_agent = request.headers.get("User-Agent", "")
    pair = sessions.begin_session(user, user_agent=user_agent, by=row.account.provider)
    lockout.forget_failures(request, user)
    return pair


def _challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _not_valid() -> CodeNotValid:
    return CodeNotValid(
        _("This code was used already or has run out."), hint=_("Begin to sign in again.")
    )


def _sha256(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
