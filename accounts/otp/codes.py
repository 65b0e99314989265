"""Judging codes, and asking for one at sign-in.

Keeping secrets and slowing guesses down is django-otp's work. A judged code is written down in a
transaction of its own that is committed whatever comes of it: a wrong one counts.
"""

import re
from math import ceil
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_login_failed
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django_otp.plugins.otp_email.models import EmailDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import audit, tasks
from accounts.lockout import judging
from accounts.mail import post
from accounts.models import BackupCodeSet, User
from accounts.models.otp import as_backup_code
from accounts.otp.standing import email_of, is_enrolled, totp_of
from vertexar.errors import DomainError, NotSignedIn, TooManyRequests


class OtpRequired(NotSignedIn):
    """The password was right; a code is needed too."""

    code = "otp_required"


class OtpWrong(NotSignedIn):
    """The password was right, the code was not."""

    code = "otp_wrong"


class WrongCode(DomainError):
    """A code that is not good, or not any more."""

    code = "otp_wrong"
    field = "code"


class WrongPassword(DomainError):
    """Not the password of who is signed in."""

    code = "wrong_password"
    field = "password"


def check_sign_in(request: HttpRequest, user: User, code: str) -> Any:
    """Ask whose password was right for their second factor.

    Args:
        request: for the lock-out, which counts a wrong code as it does a wrong password.
        user: of whom `authenticate` is sure.
        code: of the app or the mail, or a backup code; "" if none came.

    Returns:
        The device, for `django_otp.login`; None for a user without a second factor.

    Raises:
        OtpRequired: no code came. If codes come by e-mail, one is under way now.
        OtpWrong: it is not good.
        TooManyRequests: too many were not good.
    """
    if not is_enrolled(user):
        return None
    if not code.strip():
        if (device := email_of(user)) is not None:
            send_code(device)
        raise OtpRequired(_("A code of your second factor is needed."), hint=_hint(user))
    try:
        return verify(user, code)
    except WrongCode as error:
        user_login_failed.send(
            sender=__name__, credentials={"username": user.get_username()}, request=request
        )
        raise OtpWrong(error.message, hint=_hint(user)) from error


def verify(user: User, code: str) -> Any:
    """Judge a code. It is good once.

    Returns:
        The device that it is of.

    Raises:
        WrongCode: it is not good.
        TooManyRequests: too many were not good; this one was not judged.
    """
    with transaction.atomic():
        device, code = _device_for(user, code)
        is_good, wait_s = judge(device, code)
        if is_good and isinstance(device, BackupCodeSet):
            left = device.codes.count()
            audit.record(audit.Action.OTP_BACKUP_USED, actor=user, target=user, left=left)
    refuse_unless(is_good=is_good, wait_s=wait_s)
    return device


def check_password(request: HttpRequest, user: User, password: str) -> None:
    """Make sure once more who is signed in. Who has no password chooses one by mail first.

    Raises:
        WrongPassword: it is not theirs, or they are locked out.
    """
    if not user.has_usable_password():  # or a stolen token would be enough
        raise WrongPassword(
            _("You have no password yet."),
            hint=_("Choose one by mail, as if you had forgotten it."),
        )
    with judging():
        found = authenticate(request, username=user.get_username(), password=password)
    if found is None or found.pk != user.pk:
        raise WrongPassword(_("The password is wrong."))


@transaction.atomic
def send_code(device: Any) -> None:
    """Mail a new code, unless one went out within the last minute."""
    device = EmailDevice.objects.select_for_update().get(pk=device.pk)
    is_allowed, _why = device.generate_is_allowed()
    if not is_allowed:
        return
    device.cooldown_set(commit=False)
    device.generate_token(valid_secs=settings.OTP_EMAIL_TOKEN_VALIDITY)
    post(tasks.send_otp_code, str(device.user_id))


def _device_for(user: User, code: str) -> tuple[Any, str]:
    """Find and lock the one device that a code of this form can be of; others are not bothered."""
    if (digits := digits_of(code)) is not None:
        for kind in (TOTPDevice, EmailDevice):
            device = kind.objects.select_for_update().filter(user=user, confirmed=True).first()
            if device is not None:
                return device, digits
    elif (backup := as_backup_code(code)) is not None:
        return BackupCodeSet.objects.select_for_update().filter(user=user).first(), backup
    return None, ""


def digits_of(code: str) -> str | None:
    """Read a code of an app or a mail however it was typed; None if it can't be one."""
    digits = "".join(code.split())
    return digits if re.fullmatch("[0-9]{6}", digits) else None


def judge(device: Any, code: str) -> tuple[bool, int]:
    """Whether it is good, and for how many seconds the device judges none, if so."""
    if device is None:
        return False, 0
    is_allowed, why = device.verify_is_allowed()
    if not is_allowed:
        return False, max(1, ceil((why["locked_until"] - timezone.now()).total_seconds()))
    return device.verify_token(code), 0


def refuse_unless(*, is_good: bool, wait_s: int) -> None:
    """Turn what `judge` says into an error. Called when it is committed.

    Raises:
        TooManyRequests: the code was not judged.
        WrongCode: it was, and is not good.
    """
    if wait_s:
        raise TooManyRequests(
            _("Too many wrong codes. Wait a little."), retry_after_s=wait_s, code="otp_throttled"
        )
    if not is_good:
        raise WrongCode(_("The code is wrong, or was used already."))


def _hint(user: User) -> str:
    if totp_of(user) is None:
        return _("Send the code that was mailed to you, or a backup code, as otp.")
    return _("Send the code that your app shows, or a backup code, as otp.")
