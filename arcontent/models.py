"""AR content: a marker, the videos shown on it, a code that never dies, and what was counted."""

import re
import secrets
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, User
from arcontent import languages
from arcontent.links import LinkValidator
from markers.models import Marker
from vertexar.leases import LeasedModel, LeasedQuerySet
from vertexar.models import BaseModel

if TYPE_CHECKING:
    from uuid import UUID

CODE_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that are mistaken for another in print
CODE_LENGTH = 10  # 31^10 = 8.2e14 codes
CODE = re.compile(r"[0-9A-Za-z_-]{1,32}")


def new_code() -> str:
    """Make a code that nobody guesses; the database sees to it that it is never given twice."""
    return "".join(secrets.choice(CODE_LETTERS) for _n in range(CODE_LENGTH))


def is_code(text: str) -> bool:
    """Whether a text can be a code; a NUL byte, for one, would be an error in the database."""
    return CODE.fullmatch(text) is not None


class ContentStatus(models.TextChoices):
    """Where a content stands, derived from its marker and videos."""

    PROCESSING = "processing", _("being prepared")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")


class VideoFit(models.TextChoices):
    """How a video of another shape than the picture is fitted to it."""

    COVER = "cover", _("covers the picture, cut at its edges")
    CONTAIN = "contain", _("is seen whole, with the picture beside it")
    STRETCH = "stretch", _("is stretched")


class WhenLost(models.TextChoices):
    """What becomes of the video when the picture leaves the camera's view."""

    HIDE = "hide", _("it fades away")
    KEEP = "keep", _("it stays where it was")
    FULL_SCREEN = "full_screen", _("it goes on over the whole screen")


class ARContentQuerySet(models.QuerySet["ARContent"]):
    """Questions about content."""

    def visible_to(self, user: User) -> Self:
        """The content of the organisations the user belongs to."""
        return self.filter(organization__in=Organization.objects.visible_to(user))

    def by_code(self, code: str) -> Self:
        """The content of a printed or typed code, if it is one of ours; of whatever text, none."""
        return self.filter(code=code.lower()) if is_code(code) else self.none()

    def with_parts(self) -> Self:
        """With all that a status, a manifest or an API answer needs, in three queries."""
        captions = Captions.objects.defer("webvtt").order_by("created_at")
        videos = Video.objects.order_by("position", "created_at").prefetch_related(
            Prefetch("captions", queryset=captions)
        )
        return self.select_related("marker", "organization").prefetch_related(
            Prefetch("videos", queryset=videos)
        )


class ARContent(BaseModel):
    """A printed picture that comes alive."""

    organization_id: "UUID"
    marker_id: "UUID"
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="arcontents", verbose_name=_("organisation")
    )
    marker = models.ForeignKey(
        Marker, models.PROTECT, related_name="arcontents", verbose_name=_("marker")
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    title = models.CharField(_("title"), max_length=200)
    code = models.CharField(_("code"), max_length=32, unique=True, default=new_code, editable=False)
    call_to_action_label = models.CharField(_("button text"), max_length=60, blank=True)
    call_to_action_url = models.CharField(
        _("button link"), max_length=500, blank=True, validators=[LinkValidator()]
    )
    video_fit = models.CharField(
        _("a video of another shape"),
        max_length=16,
        choices=VideoFit.choices,
        default=VideoFit.COVER,
        db_default=VideoFit.COVER,
    )
    when_lost = models.CharField(
        _("when the picture leaves the view"),
        max_length=16,
        choices=WhenLost.choices,
        default=WhenLost.HIDE,
        db_default=WhenLost.HIDE,
    )
    stacked_alpha = models.BooleanField(
        _("see-through video"),
        default=False,
        db_default=False,
        help_text=_(
            "The video’s upper half is what is seen, its lower half how opaque: white is solid, "
            "black lets the picture through."
        ),
    )
    idempotency_key = models.CharField(max_length=200, blank=True, editable=False)
    upload_sha256 = models.CharField(max_length=64, blank=True, editable=False)

    objects = ARContentQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("AR content")
        verbose_name_plural = _("AR content")
        constraints = [
            models.UniqueConstraint(
                "organization",
                "idempotency_key",
                condition=~Q(idempotency_key=""),
                name="arcontent_idempotency_key_once",
            ),
            models.CheckConstraint(
                condition=Q(call_to_action_url="") | ~Q(call_to_action_label=""),
                name="arcontent_link_has_a_text",
                violation_error_message=_("A button needs a text."),
            ),
            models.CheckConstraint(
                condition=Q(video_fit__in=["cover", "contain", "stretch"]),
                name="arcontent_video_fit_known",
            ),
            models.CheckConstraint(
                condition=Q(when_lost__in=["hide", "keep", "full_screen"]),
                name="arcontent_when_lost_known",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def playable_videos(self) -> "list[Video]":
        """The videos a viewer may be given now, first one first."""
        return [video for video in self.videos.all() if video.enabled and video.rendition]

    @property
    def status(self) -> ContentStatus:
        """Ready once there is a target and a video to show; failed when one of them can't come."""
        if self.marker.is_usable and self.playable_videos:
            return ContentStatus.READY
        return ContentStatus.FAILED if self.failure else ContentStatus.PROCESSING

    @property
    def failure(self) -> dict[str, str] | None:
        """What went wrong with which part, and what to do about it; None when nothing did."""
        if self.marker.status == Marker.Status.FAILED:
            return _failure_of("image", self.marker)
        failed = [v for v in self.videos.all() if v.status == Video.Status.FAILED]
        return _failure_of("video", failed[0]) if failed else None

    @property
    def viewer_url(self) -> str:
        """What the QR code says."""
        return f"{settings.PUBLIC_URL}{reverse('viewer', args=[self.code])}"

    @property
    def qr_url(self) -> str:
        """Where the QR code is, as a vector."""
        return f"{settings.PUBLIC_URL}{reverse('qr-svg', args=[self.code])}"


def _failure_of(part: str, row: LeasedModel) -> dict[str, str]:
    return {"part": part, "code": row.failure_code, "hint": row.shown_hint}


class VideoQuerySet(LeasedQuerySet["Video"]):
    """Questions about videos."""

    working = "processing"

    def visible_to(self, user: User) -> Self:
        """The videos of the content the user may see."""
        return self.filter(content__in=ARContent.objects.visible_to(user))

    def playable(self) -> Self:
        """Those that a viewer may be given now."""
        return self.filter(enabled=True).exclude(rendition="")


class Video(LeasedModel):
    """A video of a content: what was uploaded, and what browsers are given of it."""

    class Status(models.TextChoices):
        """Where the preparing stands."""

        PENDING = "pending", _("waiting")
        PROCESSING = "processing", _("being prepared")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.PENDING
    )
    content_id: "UUID"
    content = models.ForeignKey(
        ARContent, models.CASCADE, related_name="videos", verbose_name=_("AR content")
    )
    original = models.CharField(_("original"), max_length=200)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField(_("size, bytes"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    enabled = models.BooleanField(_("enabled"), default=True)

    rendition = models.CharField(_("rendition"), max_length=200, blank=True)
    poster = models.CharField(_("poster"), max_length=200, blank=True)
    width_px = models.PositiveIntegerField(_("width, px"), null=True, blank=True)
    height_px = models.PositiveIntegerField(_("height, px"), null=True, blank=True)
    duration_s = models.FloatField(_("duration, s"), null=True, blank=True)

    objects = VideoQuerySet.as_manager()

    class Meta:
        ordering = ["content", "position", "created_at"]
        verbose_name = _("video")
        verbose_name_plural = _("videos")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["pending", "processing", "ready", "failed"]),
                name="video_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="ready") | ~Q(rendition=""), name="video_ready_has_rendition"
            ),
        ]
        indexes = [
            models.Index(
                "queued_at",
                name="video_unfinished",
                condition=Q(status__in=["pending", "processing"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.content} · {self.position + 1}"

    @property
    def rendition_url(self) -> str:
        """Where a browser finds the playable file."""
        return default_storage.url(self.rendition)

    @property
    def poster_url(self) -> str:
        """Where a browser finds the first picture of it."""
        return default_storage.url(self.poster)


class Captions(BaseModel):
    """What is said in a video, in one language: WebVTT that was written anew when it came.

    The text is in the row: it is small, no file is left behind when it goes, and the page that
    shows it is of the same origin, as browsers demand of captions.
    """

    video_id: "UUID"
    video = models.ForeignKey(
        Video, models.CASCADE, related_name="captions", verbose_name=_("video")
    )
    language = models.CharField(_("language"), max_length=languages.MAX_LENGTH)
    webvtt = models.TextField()
    cue_count = models.PositiveIntegerField(_("captions"))
    ends_s = models.FloatField(_("end, s"))

    class Meta:
        ordering = ["video", "created_at"]
        verbose_name = _("captions")
        verbose_name_plural = _("captions")
        constraints = [
            models.UniqueConstraint("video", "language", name="captions_one_in_a_language"),
        ]

    def __str__(self) -> str:
        return f"{self.video} · {self.language}"

    @property
    def label(self) -> str:
        """What the language calls itself."""
        return languages.own_name(self.language)

    @property
    def url(self) -> str:
        """Where a viewer finds them: a path, to be of the page's own origin."""
        return reverse("captions", args=[self.video.content.code, self.pk])


class DailyStat(models.Model):
    """How often a content was opened, found, played and clicked on one day. No personal data."""

    content_id: "UUID"
    content = models.ForeignKey(ARContent, models.CASCADE, related_name="daily_stats")
    day = models.DateField(_("day"))
    opened = models.PositiveIntegerField(_("opened"), default=0)
    found = models.PositiveIntegerField(_("found"), default=0)
    played = models.PositiveIntegerField(_("played"), default=0)
    clicked = models.PositiveIntegerField(_("clicked"), default=0)

    class Meta:
        ordering = ["content", "-day"]
        verbose_name = _("day")
        verbose_name_plural = _("statistics")
        constraints = [
            models.UniqueConstraint("content", "day", name="dailystat_one_row_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.content} · {self.day}"
