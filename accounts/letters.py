"""Who is written what: the worker's half of mail, which alone knows the links."""

import logging
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django_otp.plugins.otp_email.models import EmailDevice

from accounts import invitations, links
from accounts.mail import Letter, send
from accounts.models import Invitation, Role, User

logger = logging.getLogger(__name__)
MINUTE = timedelta(minutes=1)


def verification(user_id: str, *, language: str) -> None:
    """Send the link that opens a new account."""
    if (user := _user(user_id)) is None or user.is_active:
        logger.info("user %s: nothing to verify", user_id)
        return
    _send_link(Letter.VERIFY, user, "account-verify", links.VERIFY, language=language)


def reset(user_id: str, *, language: str) -> None:
    """Send the link to choose a new password by; nothing for nobody."""
    if (user := _user(user_id)) is None or not user.is_active:
        logger.info("user %s: no password to renew", user_id)
        return
    _send_link(Letter.RESET, user, "password_reset_confirm", links.RESET, language=language)


def address_change(user_id: str, *, address: str, language: str) -> None:
    """Send the link by which a user takes an address to that address."""
    if (user := _user(user_id)) is None:
        logger.info("user %s: gone", user_id)
        return
    parts = (links.uid_of(user), links.encoded(address), links.change_to(address).make_token(user))
    url = links.url("account-address", *parts)
    fields = {"username": user.username, "minutes": _minutes(), "link": url}
    send(Letter.ADDRESS_CHANGE, to=address, language=language, **fields)


def invitation(invitation_id: str, *, language: str) -> None:
    """Make an invitation's link and send it."""
    invited = Invitation.objects.open().select_related("organization", "invited_by")
    row = invited.filter(pk=invitation_id).first()
    if row is None:
        logger.info("invitation %s: gone or over", invitation_id)
        return
    fields = {
        "organization": row.organization.name,
        "inviter": row.invited_by.username if row.invited_by else row.organization.name,
        "role": Role(row.role).label,
        "days": settings.INVITATION_TIMEOUT.days,
        "link": links.url("account-invitation", invitations.new_token(row)),
    }
    send(Letter.INVITATION, to=row.email, language=language, **fields)


def otp_code(user_id: str, *, language: str) -> None:
    """Send the code of a second factor that is good now."""
    waiting = EmailDevice.objects.filter(user=user_id, valid_until__gt=timezone.now())
    device = waiting.exclude(token=None).select_related("user").first()
    if device is None:
        logger.info("user %s: no code waits", user_id)
        return
    fields = {"username": device.user.username, "code": device.token}
    send(Letter.OTP_CODE, to=device.user.email, language=language, **fields)


def notice(letter: str, *, address: str, username: str, language: str) -> None:
    """Send what holds no secret; its link leads to where one asks for a new password."""
    fields = {"username": username, "link": links.url("admin_password_reset")}
    send(Letter(letter), to=address, language=language, **fields)


def _send_link(
    letter: Letter, user: User, page: str, link: links.UserLink, *, language: str
) -> None:
    url = links.url(page, links.uid_of(user), link.make_token(user))
    fields = {"username": user.username, "minutes": _minutes(), "link": url}
    send(letter, to=user.email, language=language, **fields)


def _minutes() -> int:
    return timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT) // MINUTE


def _user(user_id: str) -> User | None:
    try:
        return User.objects.filter(pk=user_id).first()
    except ValidationError:  # no id at all
        return None
