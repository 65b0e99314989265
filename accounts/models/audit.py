"""Who did what to what, when and from where. PostgreSQL itself refuses to change or delete it."""

from typing import Any, Self
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Organization, User


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    """Questions about what was done."""

    def visible_to(self, user: User) -> Self:
        """What was done in the user's organisations; for a superuser everything."""
        if user.is_superuser:
            return self
        return self.filter(organization__in=Organization.objects.visible_to(user))


class AuditEntry(models.Model):
    """One thing that somebody did or tried. It outlives what it is about."""

    class Action(models.TextChoices):
        """What can be done."""

        LOGIN = "login", _("signed in")
        LOGIN_FAILED = "login.failed", _("failed to sign in")
        LOCKED_OUT = "login.locked_out", _("was locked out")
        UNLOCKED = "login.unlocked", _("unlocked")
        LOGOUT = "logout", _("signed out")
        TOKEN_REUSED = "token.reused", _("used an old refresh token")
        REGISTERED = "user.registered", _("registered")
        EMAIL_VERIFIED = "user.email_verified", _("verified the address")
        PASSWORD_CHANGED = "password.changed", _("changed the password")
        PASSWORD_RESET = "password.reset", _("asked for a new password")
        DEACTIVATED = "user.deactivated", _("deactivated")
        ACTIVATED = "user.activated", _("activated")
        SESSIONS_ENDED = "user.sessions_ended", _("ended all sessions")
        ERASED = "user.erased", _("erased")
        EXPORTED = "user.exported", _("exported")
        INVITED = "member.invited", _("invited")
        JOINED = "member.joined", _("joined")
        ROLE_CHANGED = "member.role_changed", _("changed the role")
        REMOVED = "member.removed", _("removed from the organisation")
        OTP_ENROLLED = "otp.enrolled", _("set up the second factor")
        OTP_REMOVED = "otp.removed", _("removed the second factor")
        OTP_BACKUP_USED = "otp.backup_used", _("used a backup code")
        OTP_RECOVERED = "otp.recovered", _("took away a lost second factor")
        CREATED = "created", _("created")
        CHANGED = "changed", _("changed")
        DELETED = "deleted", _("deleted")
        RECOMPILED = "marker.recompiled", _("compiled again")
        BACKUP = "backup", _("worked on a backup")
        BACKUP_MADE = "backup_made", _("made a backup")
        BACKUP_FAILED = "backup_failed", _("failed to make a backup")
        BACKUP_TESTED = "backup_tested", _("restored a backup to try it out")
        BACKUP_RESTORED = "backup_restored", _("restored a backup")
        KEYS_ROTATED = "keys.rotated", _("renewed the signing keys")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    at = models.DateTimeField(_("when"), default=timezone.now, db_index=True)
    action = models.CharField(_("what"), max_length=32, choices=Action.choices, db_index=True)
    # No constraints: these rows are never touched, whatever becomes of those they name.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("who"),
    )
    organization = models.ForeignKey(
        Organization,
        models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("organisation"),
    )
    object_type = models.CharField(_("kind"), max_length=64, blank=True)
    object_id = models.CharField(_("key"), max_length=64, blank=True, db_index=True)
    details = models.JSONField[dict[str, Any], dict[str, Any]](
        _("details"), default=dict, blank=True
    )
    ip = models.GenericIPAddressField(_("address"), null=True, blank=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action}"
