"""A marker: the picture a phone recognises, and the target compiled from it."""

from typing import TYPE_CHECKING, Any, Self

from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, User
from vertexar.leases import LeasedModel, LeasedQuerySet

if TYPE_CHECKING:
    from uuid import UUID


class MarkerQuerySet(LeasedQuerySet["Marker"]):
    """Questions about markers."""

    working = "compiling"

    def visible_to(self, user: User) -> Self:
        """The markers of the organisations the user belongs to."""
        return self.filter(organization__in=Organization.objects.visible_to(user))


class Marker(LeasedModel):
    """A picture and what our compiler made of it. The last target stays live while it is redone."""

    class Status(models.TextChoices):
        """Where the compiling stands."""

        PENDING = "pending", _("waiting")
        COMPILING = "compiling", _("being compiled")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.PENDING
    )
    organization_id: "UUID"
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="markers", verbose_name=_("organisation")
    )
    picture = models.CharField(_("picture"), max_length=200, help_text=_("Key in the file store."))
    sha256 = models.CharField(max_length=64, db_index=True)
    width_px = models.PositiveIntegerField(_("width, px"))
    height_px = models.PositiveIntegerField(_("height, px"))

    target = models.CharField(_("target"), max_length=200, blank=True)
    preview = models.CharField(_("feature preview"), max_length=200, blank=True)
    compiler_version = models.CharField(_("compiler"), max_length=32, blank=True)
    quality_score = models.PositiveSmallIntegerField(_("quality"), null=True, blank=True)
    quality_report = models.JSONField[dict[str, Any], dict[str, Any]](
        _("quality report"), default=dict, blank=True
    )

    objects = MarkerQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("marker")
        verbose_name_plural = _("markers")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["pending", "compiling", "ready", "failed"]),
                name="marker_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="ready") | ~Q(target=""), name="marker_ready_has_target"
            ),
            models.CheckConstraint(
                condition=Q(quality_score=None) | Q(quality_score__lte=100),
                name="marker_quality_score_in_range",
            ),
        ]
        indexes = [
            models.Index(
                "queued_at",
                name="marker_unfinished",
                condition=Q(status__in=["pending", "compiling"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.width_px}×{self.height_px} · {self.sha256[:8]}"

    @property
    def is_usable(self) -> bool:
        """Whether a phone can recognise it now, be it by an older target."""
        return bool(self.target)

    @property
    def picture_url(self) -> str:
        """Where a browser finds the picture."""
        return default_storage.url(self.picture)

    @property
    def target_url(self) -> str | None:
        """Where a browser finds the compiled target, if there is one."""
        return default_storage.url(self.target) if self.target else None

    @property
    def preview_url(self) -> str | None:
        """Where a browser finds the picture with its features drawn, if it is compiled."""
        return default_storage.url(self.preview) if self.preview else None
