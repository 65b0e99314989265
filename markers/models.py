"""A marker: the picture a phone recognises, and the target compiled from it."""

from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Case, F, OuterRef, Q, When
from django.db.models.functions import JSONObject
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, User
from markers.options import same_options
from vertexar.leases import LeasedModel, LeasedQuerySet
from vertexar.models import BaseModel

if TYPE_CHECKING:
    from uuid import UUID


Owned = TypeVar("Owned", bound=models.Model)

# The files that runtimes recognise a marker by, and the columns with their keys in the store.
TARGET_FILES: Final = {"mind": "target", "iset": "iset", "fset": "fset", "fset3": "fset3"}


class OwnedQuerySet(models.QuerySet[Owned]):
    """Rows that belong to an organisation."""

    def visible_to(self, user: User) -> Self:
        """Those of the organisations the user belongs to."""
        return self.filter(organization__in=Organization.objects.visible_to(user))


class MarkerPreset(BaseModel):
    """Compile options under a name, for a studio that prints the same kind of picture often."""

    organization_id: "UUID"
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="marker_presets", verbose_name=_("organisation")
    )
    name = models.CharField(_("name"), max_length=100)
    options = models.JSONField[dict[str, Any], dict[str, Any]](_("options"), default=dict)

    objects = OwnedQuerySet["MarkerPreset"].as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("marker preset")
        verbose_name_plural = _("marker presets")
        constraints = [
            models.UniqueConstraint(
                "organization",
                "name",
                name="markerpreset_name_once_per_organization",
                violation_error_message=_("There is a preset of this name."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MarkerBatch(BaseModel):
    """Pictures that were sent together; how far they are is read off their markers."""

    organization_id: "UUID"
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="marker_batches", verbose_name=_("organisation")
    )

    objects = OwnedQuerySet["MarkerBatch"].as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("batch of markers")
        verbose_name_plural = _("batches of markers")

    def __str__(self) -> str:
        return str(self.pk)


class MarkerQuerySet(LeasedQuerySet["Marker"]):
    """Questions about markers."""

    working = "compiling"

    def visible_to(self, user: User) -> Self:
        """The markers of the organisations the user belongs to."""
        return self.filter(organization__in=Organization.objects.visible_to(user))

    def with_look_alikes(self) -> Self:
        """Each with `look_alike_ids`: whom it may be mistaken for and how alike they are.

        It is a list of `{"marker": id, "likeness": 0..1}`, most alike first, read with the row.
        """
        me = OuterRef("pk")
        pairs = LookAlike.objects.filter(Q(marker=me) | Q(other=me)).order_by("-likeness", "pk")
        them = Case(When(marker=me, then="other"), default="marker")
        pair = JSONObject(marker=them, likeness="likeness")
        return self.annotate(look_alike_ids=ArraySubquery(pairs.values(pair=pair)))


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
    sha256 = models.CharField(max_length=64)
    width_px = models.PositiveIntegerField(_("width, px"))
    height_px = models.PositiveIntegerField(_("height, px"))

    batch = models.ForeignKey(
        MarkerBatch,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="markers",
        verbose_name=_("batch of markers"),
    )
    options = models.JSONField[dict[str, Any], dict[str, Any]](
        _("options"), default=dict, blank=True
    )

    target = models.CharField(_("target"), max_length=200, blank=True)
    iset = models.CharField(".iset", max_length=200, blank=True, default="", db_default="")
    fset = models.CharField(".fset", max_length=200, blank=True, default="", db_default="")
    fset3 = models.CharField(".fset3", max_length=200, blank=True, default="", db_default="")
    preview = models.CharField(_("feature preview"), max_length=200, blank=True)
    heat_map = models.CharField(
        _("heat map"), max_length=200, blank=True, default="", db_default=""
    )
    file_bytes = models.JSONField[dict[str, int], dict[str, int]](
        _("size of the files, bytes"), default=dict, blank=True, db_default={}
    )
    nft_report = models.JSONField[dict[str, Any], dict[str, Any]](
        _("NFT report"), default=dict, blank=True, db_default={}
    )
    compiler_version = models.CharField(_("compiler"), max_length=32, blank=True)
    compile_seconds = models.FloatField(_("time to compile, s"), null=True, blank=True)
    quality_score = models.PositiveSmallIntegerField(_("quality"), null=True, blank=True)
    quality_report = models.JSONField[dict[str, Any], dict[str, Any]](
        _("quality report"), default=dict, blank=True
    )
    # The target that was last compared with the organisation's others.
    compared_target = models.CharField(
        max_length=200, blank=True, default="", db_default="", editable=False
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
            models.Index("sha256", "compiler_version", name="marker_result_by_picture"),
            models.Index(
                "queued_at",
                name="marker_unfinished",
                condition=Q(status__in=["pending", "compiling"]),
            ),
            models.Index(
                "created_at", name="marker_not_compared", condition=~Q(compared_target=F("target"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.width_px}×{self.height_px} · {self.sha256[:8]}"

    def twin(self, compiler_version: str) -> "Marker | None":
        """Find a marker whose picture, options and compiler were the same, and which is done.

        Any organisation's will do: files are named by their content and shared as it is. One from
        before there were NFT files has not all that can be made of the picture.
        """
        return (
            Marker.objects.filter(
                sha256=self.sha256,
                options__in=same_options(self.options),
                compiler_version=compiler_version,
                status=Marker.Status.READY,
            )
            .exclude(pk=self.pk)
            .exclude(nft_report={})
            .order_by("created_at")
            .first()
        )

    def look_alike_markers(self) -> "list[tuple[Marker, float]]":
        """Find whom it may be mistaken for, and how alike they are (0..1), most alike first."""
        pairs = LookAlike.objects.filter(Q(marker=self) | Q(other=self))
        return [
            (pair.other if pair.marker_id == self.pk else pair.marker, pair.likeness)
            for pair in pairs.select_related("marker", "other").order_by("-likeness", "pk")
        ]

    @property
    def is_usable(self) -> bool:
        """Whether a phone can recognise it now, be it by an older target."""
        return bool(self.target)

    @property
    def physical_width_mm(self) -> float | None:
        """Width of the print, if somebody said it."""
        return self.options.get("physical_width_mm")

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

    @property
    def heat_map_url(self) -> str | None:
        """Where a browser finds the picture with colours where it is recognised by."""
        return default_storage.url(self.heat_map) if self.heat_map else None


class LookAlike(BaseModel):
    """Two markers that a camera may take for each other."""

    marker_id: "UUID"
    marker = models.ForeignKey(
        Marker, models.CASCADE, related_name="look_alikes", verbose_name=_("marker")
    )
    other = models.ForeignKey(Marker, models.CASCADE, related_name="+", verbose_name=_("marker"))
    likeness = models.FloatField(_("likeness"), help_text=_("0 to 1; from 0.2 on, confusable."))

    class Meta:
        verbose_name = _("look-alike")
        verbose_name_plural = _("look-alikes")
        constraints = [
            models.UniqueConstraint("marker", "other", name="lookalike_pair_once"),
            models.CheckConstraint(
                condition=~Q(marker=F("other")), name="lookalike_of_two_markers"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.marker} ~ {self.other}: {self.likeness:.2f}"
