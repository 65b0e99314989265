"""Setting up a second factor, and giving it up: an app that shows codes, or codes by e-mail."""

import base64
import io
from dataclasses import dataclass
from typing import Any

import qrcode
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_otp.plugins.otp_email.models import EmailDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from qrcode.image.svg import SvgPathFillImage

from accounts import audit
from accounts.models import ApiSession, BackupCodeSet, User
from accounts.otp.codes import digits_of, judge, refuse_unless, send_code
from accounts.otp.standing import EMAIL, TOTP, is_enrolled
from vertexar.errors import Conflict, NotAllowed


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app must know.

    Attributes:
        key: tells one secret from another.
        secret: Base32 (RFC 4648), to be typed where no code can be scanned.
        url: the same as `otpauth://totp/…`.
        qr: the URL as a QR code, an SVG picture as a `data:` URL.
    """

    key: int
    secret: str
    url: str
    qr: str

    @property
    def spaced_secret(self) -> str:
        """The secret in groups of four, as one types it."""
        return " ".join(self.secret[at : at + 4] for at in range(0, len(self.secret), 4))


@transaction.atomic
def begin_totp(user: User) -> Enrolment:
    """Make a secret for an app. It asks for nothing until `confirm_totp`; an older one is void.

    Raises:
        Conflict: the user has a second factor.
    """
    User.objects.select_for_update().get(pk=user.pk)  # one at a time
    _refuse_a_second(user)
    TOTPDevice.objects.filter(user=user, confirmed=False).delete()
    return enrolment_of(TOTPDevice.objects.create(user=user, name=TOTP, confirmed=False))


def pending_totp(user: User) -> Enrolment | None:
    """What `begin_totp` gave last, if it waits to be confirmed."""
    device = TOTPDevice.objects.filter(user=user, confirmed=False).first()
    return None if device is None else enrolment_of(device)


def confirm_totp(user: User, code: str, *, here: ApiSession | None = None) -> list[str]:
    """Take the app's first code for proof that it knows the secret.

    Sessions of the API that the password alone had opened end, but for the one at hand.

    Returns:
        Ten backup codes, to be shown this once.

    Raises:
        Conflict: nothing was begun.
        WrongCode: it is not the code.
        TooManyRequests: too many were not.
    """
    return _confirm(user, TOTPDevice, code, method=TOTP, here=here)


@transaction.atomic
def begin_email(user: User) -> None:
    """Send a first code to the user's address. It is asked for nothing until `confirm_email`.

    Raises:
        NotAllowed: codes by e-mail are not wanted here.
        Conflict: the user has a second factor.
    """
    if not settings.OTP_EMAIL:
        raise NotAllowed(
            _("Codes do not come by e-mail here."),
            code="otp_email_off",
            hint=_("Use an authenticator app."),
        )
    User.objects.select_for_update().get(pk=user.pk)  # one at a time
    _refuse_a_second(user)
    device, _made = EmailDevice.objects.get_or_create(
        user=user, confirmed=False, defaults={"name": EMAIL}
    )
    send_code(device)


def confirm_email(user: User, code: str, *, here: ApiSession | None = None) -> list[str]:
    """Take the first code for proof that the user reads mail to their address.

    Returns and raises what `confirm_totp` does.
    """
    return _confirm(user, EmailDevice, code, method=EMAIL, here=here)


@transaction.atomic
def renew_backup_codes(user: User) -> list[str]:
    """Replace a user's backup codes, used or not.

    Raises:
        Conflict: the user has no second factor that they could stand in for.
    """
    if not is_enrolled(user):
        raise Conflict(_("There is no second factor yet."), code="otp_not_enrolled")
    codes = _new_backup_codes(user)
    audit.record(audit.Action.OTP_ENROLLED, actor=user, target=user, method="backup codes")
    return codes


@transaction.atomic
def remove(user: User) -> None:
    """Take away one's own second factor with its backup codes.

    Raises:
        Conflict: there is none.
    """
    delete_all(user)
    audit.record(audit.Action.OTP_REMOVED, actor=user, target=user)


def delete_all(user: User) -> None:
    """Delete a user's second factor and backup codes.

    Raises:
        Conflict: there is none.
    """
    if not is_enrolled(user):
        raise Conflict(_("There is no second factor yet."), code="otp_not_enrolled")
    for kind in (TOTPDevice, EmailDevice, BackupCodeSet):
        kind.objects.filter(user=user).delete()


def enrolment_of(device: Any) -> Enrolment:
    """Say a TOTP device's secret in the three ways an app may want it."""
    buffer = io.BytesIO()
    qrcode.make(device.config_url, image_factory=SvgPathFillImage).save(buffer)
    qr = base64.b64encode(buffer.getvalue()).decode()
    return Enrolment(
        key=device.pk,
        secret=base64.b32encode(device.bin_key).decode(),
        url=device.config_url,
        qr=f"data:image/svg+xml;base64,{qr}",
    )


def _refuse_a_second(user: User) -> None:
    if is_enrolled(user):
        raise Conflict(
            _("There is a second factor already."),
            code="otp_enrolled",
            hint=_("Remove it first to set up another."),
        )


def _confirm(
    user: User, kind: Any, code: str, *, method: str, here: ApiSession | None
) -> list[str]:
    codes: list[str] = []
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # one at a time
        _refuse_a_second(user)
        device = kind.objects.select_for_update().filter(user=user, confirmed=False).first()
        if device is None:
            raise Conflict(
                _("Nothing waits to be confirmed."),
                code="otp_not_begun",
                hint=_("Begin with setting up a second factor."),
            )
        is_good, wait_s = judge(device, digits_of(code) or "")
        if is_good:
            kind.objects.filter(pk=device.pk).update(confirmed=True)
            codes = _new_backup_codes(user)
            _end_other_sessions(user, keep=here)
            audit.record(audit.Action.OTP_ENROLLED, actor=user, target=user, method=method)
    refuse_unless(is_good=is_good, wait_s=wait_s)
    return codes


def _new_backup_codes(user: User) -> list[str]:
    code_set: BackupCodeSet
    code_set, _made = BackupCodeSet.objects.get_or_create(user=user, defaults={"name": "backup"})
    return code_set.renew()


def _end_other_sessions(user: User, *, keep: ApiSession | None) -> None:
    now, others = timezone.now(), user.api_sessions.live()
    if keep is not None:
        others = others.exclude(pk=keep.pk)
    others.update(ended_at=now, end_reason=ApiSession.EndReason.ENDED, updated_at=now)
