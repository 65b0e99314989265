"""Who is signed in over the API, and who was asked to join."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Organization, Role, User
from vertexar.models import BaseModel


class ApiSessionQuerySet(models.QuerySet["ApiSession"]):
    """Questions about sessions."""

    def live(self) -> Self:
        """Those that were not ended and have not run out, nor went on for SESSION_MAX_DAYS."""
        now = timezone.now()
        return self.filter(
            ended_at=None, expires_at__gt=now, created_at__gt=now - settings.SESSION_MAX
        )


class ApiSession(BaseModel):
    """One signing in over the API, with all the tokens that follow from it."""

    class EndReason(models.TextChoices):
        """Why a session ended before its time."""

        SIGNED_OUT = "signed_out", _("signed out")
        REUSED = "reused", _("an old refresh token was used again")
        ENDED = "ended", _("ended by an administrator")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="api_sessions",
        verbose_name=_("user"),
    )
    # The user's session hash when it began: another password or version, and it is over.
    auth_hash = models.CharField(max_length=64, editable=False)
    # The one refresh token that is good for another.
    refresh_jti = models.CharField(max_length=32, editable=False)
    refreshed_at = models.DateTimeField(_("last used"), default=timezone.now)
    expires_at = models.DateTimeField(_("ends"), db_index=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    end_reason = models.CharField(
        _("why it ended"), max_length=16, blank=True, choices=EndReason.choices
    )
    ip = models.GenericIPAddressField(_("address"), null=True, blank=True)
    user_agent = models.CharField(_("program"), max_length=200, blank=True)

    objects = ApiSessionQuerySet.as_manager()

    class Meta:
        ordering = ["-refreshed_at"]
        verbose_name = _("API session")
        verbose_name_plural = _("API sessions")

    def __str__(self) -> str:
        return f"{self.user} · {self.user_agent or self.ip or self.pk}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Questions about invitations."""

    def open(self) -> Self:
        """Those that may still be accepted."""
        return self.filter(accepted_at=None, expires_at__gt=timezone.now())

    def visible_to(self, user: User) -> Self:
        """Those of the organisations the user belongs to."""
        return self.filter(organization__in=Organization.objects.visible_to(user))


class Invitation(BaseModel):
    """Somebody is asked by e-mail to join an organisation. Of its token only the hash is kept."""

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="invitations", verbose_name=_("organisation")
    )
    email = models.EmailField(_("email address"))
    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.VIEWER)
    token_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("invited by"),
    )
    expires_at = models.DateTimeField(_("ends"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.email} · {self.organization}"
