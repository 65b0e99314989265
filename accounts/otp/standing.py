"""Who has a second factor, and who must have one."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django_otp.plugins.otp_email.models import EmailDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import CAPABILITIES, BackupCode, Capability, User

OWNERS = [role for role, can in CAPABILITIES.items() if Capability.MANAGE_OWNERS in can]
TOTP, EMAIL = "totp", "email"


# For who starts an installation and reads what its commands print.
HOW_TO_REQUIRE = (
    "The back office asks for no second factor: with REQUIRE_2FA_FOR_STAFF=True it leads everybody "
    "to set one up as they sign in."
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How it is with a user's second factor.

    Attributes:
        method: "totp", "email", or "" without one.
        is_required: whether the user must have one.
        backup_codes_left: how many have not been used.
    """

    method: str
    is_required: bool
    backup_codes_left: int


def is_enrolled(user: User) -> bool:
    """Whether signing in asks this user for a code."""
    app, mail = (
        Exists(kind.objects.filter(user=OuterRef("pk"), confirmed=True))
        for kind in (TOTPDevice, EmailDevice)
    )
    return User.objects.filter(app | mail, pk=user.pk).exists()


def is_required(user: User) -> bool:
    """Whether this user must have a second factor: staff and owners, where settings say so."""
    if not settings.REQUIRE_2FA_FOR_STAFF:
        return False
    is_staff = user.is_staff or user.is_superuser
    return is_staff or user.memberships.filter(role__in=OWNERS).exists()


def must_enrol(user: User) -> bool:
    """Whether nothing may open for this user but setting up a second factor."""
    return is_required(user) and not is_enrolled(user)


def standing(user: User) -> Standing:
    """Tell how it is with a user's second factor."""
    method = ""
    if totp_of(user) is not None:
        method = TOTP
    elif email_of(user) is not None:
        method = EMAIL
    left = BackupCode.objects.filter(code_set__user=user).count()
    return Standing(method=method, is_required=is_required(user), backup_codes_left=left)


def totp_of(user: User) -> Any:
    """The user's `TOTPDevice`, or None."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).first()


def email_of(user: User) -> Any:
    """The user's `EmailDevice`, or None."""
    return EmailDevice.objects.filter(user=user, confirmed=True).first()


def device_of(user: User) -> Any:
    """The device that signing in asks for, or None."""
    return totp_of(user) or email_of(user)
