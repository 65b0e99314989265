"""Tokens of the links in mails: short-lived, good once, void as soon as the account changes."""

from uuid import UUID

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext as _

from accounts.models import User
from vertexar.errors import DomainError


class LinkNotValid(DomainError):
    """A link of a mail that was used, has run out, or never was one."""

    code = "link_not_valid"


class UserLink(PasswordResetTokenGenerator):
    """Tokens for one purpose. One that was followed changes the account, and so is void.

    A token also ends with the password, the address, the end of all sessions, signing in,
    verification and deactivation, and PASSWORD_RESET_MINUTES after it was made.
    """

    def __init__(self, purpose: str) -> None:
        self.key_salt = f"accounts.links.{purpose}"
        super().__init__()

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        state = super()._make_hash_value(user, timestamp)
        return f"{state}|{user.session_version}|{user.email_verified_at}|{user.is_active}"


RESET = UserLink("reset")
VERIFY = UserLink("verify")


def change_to(address: str) -> UserLink:
    """Make or check tokens by which a user takes that address."""
    return UserLink(f"address:{address}")


def uid_of(user: User) -> str:
    """Name a user in a link."""
    return urlsafe_base64_encode(user.pk.bytes)


def user_by(uid: str, token: str, link: UserLink) -> User:
    """Find whom a link is for, and lock them until the transaction's end: it is good for once.

    Raises:
        LinkNotValid: it is not good, or not any more.
    """
    user = _named(uid, User.objects.select_for_update())
    if user is None or not link.check_token(user, token):
        raise link_not_valid()
    return user


def user_waiting(uid: str, token: str, link: UserLink) -> User | None:
    """Find whom a link is for if it is good, to show them what it does."""
    user = user_of(uid)
    return user if user is not None and link.check_token(user, token) else None


def user_of(uid: str) -> User | None:
    """Find whom a link names, good or not."""
    return _named(uid, User.objects.all())


def link_not_valid() -> LinkNotValid:
    """Say so, and what helps."""
    return LinkNotValid(
        _("This link was used already or has run out."), hint=_("Ask for a new one.")
    )


def encoded(text: str) -> str:
    """Write a text so that it can be a part of a path."""
    return urlsafe_base64_encode(text.encode())


def decoded(text: str) -> str:
    """Read what `encoded` wrote.

    Raises:
        LinkNotValid: it did not write this.
    """
    try:
        return urlsafe_base64_decode(text).decode()
    except ValueError as error:
        raise link_not_valid() from error


def url(name: str, *parts: str) -> str:
    """Give the public address of a page."""
    return f"{settings.PUBLIC_URL}{reverse(name, args=parts)}"


def _named(uid: str, users: QuerySet[User]) -> User | None:
    try:
        return users.filter(pk=UUID(bytes=urlsafe_base64_decode(uid))).first()
    except ValueError:
        return None
