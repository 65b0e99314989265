"""Backup codes of a second factor. The app's own secret is django-otp's `TOTPDevice`."""

import secrets

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, ThrottlingMixin, TimestampMixin

BACKUP_CODES = 10
# 31 signs that nobody takes for another; ten of them are 49 bits.
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH = 10


class BackupCodeSet(TimestampMixin, ThrottlingMixin, Device):  # type: ignore[misc]  # untyped
    """The backup codes of one user, a device to django-otp; wrong ones slow it down."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="backup_code_set"
    )

    class Meta:
        verbose_name = _("backup codes")
        verbose_name_plural = _("backup codes")

    def renew(self) -> list[str]:
        """Replace all codes.

        Returns:
            The new ones, to be shown this once: only their hashes are kept.
        """
        codes = [new_code() for _number in range(BACKUP_CODES)]
        self.codes.all().delete()
        self.codes.bulk_create(
            BackupCode(code_set=self, hashed=make_password(code)) for code in codes
        )
        return [f"{code[:5]}-{code[5:]}" for code in codes]

    def verify_token(self, token: str) -> bool:
        """Use up the code, if it is one. Called with the row locked."""
        is_allowed, _why = self.verify_is_allowed()
        if not is_allowed:
            return False
        hashed = (code for code in self.codes.all() if check_password(token, code.hashed))
        if (used := next(hashed, None)) is None:
            self.throttle_increment()
            return False
        used.delete()
        self.throttle_reset(commit=False)
        self.set_last_used_timestamp(commit=False)
        self.save()
        return True

    def get_throttle_factor(self) -> int:
        """Wait a second after the first wrong code, then two, then four."""
        return 1


class BackupCode(models.Model):
    """One code that has not been used. It goes when it is."""

    code_set = models.ForeignKey(BackupCodeSet, models.CASCADE, related_name="codes")
    hashed = models.CharField(max_length=128, editable=False)

    class Meta:
        verbose_name = _("backup code")
        verbose_name_plural = _("backup codes")

    def __str__(self) -> str:
        return str(self.pk)


def new_code() -> str:
    """Make a code nobody can guess."""
    return "".join(secrets.choice(_SIGNS) for _sign in range(_LENGTH))


def as_backup_code(text: str) -> str | None:
    """Read a code however it was typed; None if it can't be one."""
    code = "".join(text.split()).replace("-", "").casefold()
    return code if len(code) == _LENGTH and set(code) <= set(_SIGNS) else None
