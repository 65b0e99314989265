"""Markers in the back office: read only, made by the pipeline."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from accounts.admin_scope import ScopedAdmin
from accounts.models import User
from markers import services
from markers.models import Marker
from vertexar.errors import DomainError

SCORE_FAIR, SCORE_GOOD = 35, 65
FAILURES = {
    "aspect_too_extreme": _("The picture is too long and narrow to be recognised."),
    "picture_too_small": _("The picture is too small to be recognised."),
    "too_few_features": _("There is too little in it for a phone to recognise."),
    "too_many_attempts": _("The work broke off several times. Press “Compile again” or report it."),
    "took_too_long": _("It took too long."),
    "undecodable_image": _("The picture can't be read."),
}
# The compiler knows no Django: its hints are kept in English, and translated where they are shown.
HINTS = [
    gettext_noop("The file is not a complete picture; save it again as JPEG or PNG."),
    gettext_noop("Use a picture of at least 100 pixels on its short side."),
    gettext_noop("Crop the picture to at most four times as long as wide."),
    gettext_noop("Use a picture with more detail: contrast, edges, texture."),
]
REASONS = {
    "low_contrast": _("The picture is pale: use stronger differences of light and dark."),
    "blurred": _("The picture is out of focus or was enlarged: use a sharper original."),
    "too_small": _("The file is small: use a picture of at least 256 pixels on its short side."),
    "few_points": _("There is little to hold on to: add detail, texture or sharp-edged shapes."),
    "clustered": _("All detail is in few places: spread it over the picture, or crop to it."),
    "few_details_upper_half": _("Add detail to the upper half."),
    "few_details_lower_half": _("Add detail to the lower half."),
    "few_details_left_half": _("Add detail to the left half."),
    "few_details_right_half": _("Add detail to the right half."),
    "repetitive": _("A pattern repeats: its places can't be told apart; add something unique."),
    "mostly_text": _("It is mostly small text: letters look alike; add a picture."),
    "few_tracking_points": _("Once found, it is hard to follow: add corners and strong edges."),
    "lost_when_small": _("It is not recognised from afar: add larger shapes."),
    "lost_when_tilted": _("It is not recognised from the side: add larger, stronger shapes."),
}
SHARES = {
    "detect_rate": _("recognised in simulated shots"),
    "detect_rate_small": _("… from afar"),
    "detect_rate_tilted": _("… at an angle"),
    "coverage": _("area with detail"),
}
COUNTS = {
    "keypoints": _("points to recognise it by"),
    "tracking_points": _("points to hold on to"),
    "contrast": _("contrast"),
}


def quality_meter(score: int | None) -> SafeString | str:
    """Draw a score of 0..100; a dash while there is none."""
    if score is None:
        return "–"
    meter = '<meter min="0" max="100" low="{1}" high="{2}" optimum="100" value="{0}">{0}</meter>'
    whole = f'<span class="desk-quality">{meter} {{0}} / 100</span>'
    return format_html(whole, score, SCORE_FAIR, SCORE_GOOD)


def explained_quality(marker: Marker) -> SafeString | str:
    """Draw a marker's score, say what it means, and what would raise it."""
    score = marker.quality_score
    if score is None:
        return "–"
    if score >= SCORE_GOOD:
        verdict = gettext("Phones will recognise it well.")
    elif score >= SCORE_FAIR:
        verdict = gettext("It will work, but could be recognised better.")
    else:
        verdict = gettext("Phones will hardly recognise it.")
    codes = marker.quality_report.get("reasons", [])
    reasons = format_html_join("", "<li>{}</li>", ((REASONS.get(code, code),) for code in codes))
    return format_html(
        '<div>{} <span class="desk-verdict">{}</span>{}</div>',
        quality_meter(score),
        verdict,
        format_html('<ul class="desk-reasons">{}</ul>', reasons) if reasons else "",
    )


@admin.register(Marker)
class MarkerAdmin(ScopedAdmin[Marker]):
    """What phones recognise."""

    list_display = ["thumbnail", "size", "status", "quality", "created_at"]
    list_display_links = ["thumbnail", "size"]
    list_filter = ["status", ("organization", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["sha256", "arcontents__title", "arcontents__code"]
    search_help_text = _("Title or code of what is shown on it")
    date_hierarchy = "created_at"
    actions = ["recompile"]
    fieldsets = [
        (None, {"fields": ["status", "failure", "explanation", "figures"]}),
        (_("Picture"), {"fields": ["large_picture", "feature_preview", "size", "organization"]}),
        (
            _("Technical"),
            {
                "classes": ["collapse"],
                "fields": ["compiler_version", "attempt", "sha256", "created_at", "updated_at"],
            },
        ),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Markers are made by uploading content."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Marker | None = None) -> bool:
        """A printed picture must not go dark."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Marker | None = None) -> list[str]:
        """All of it: the pipeline writes these."""
        return [str(name) for name in flatten_fieldsets(self.fieldsets)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Marker]:
        """Scope to the organisations of whoever asks."""
        user = cast("User", request.user)
        return super().get_queryset(request).filter(pk__in=Marker.objects.visible_to(user))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Offer no "Save" where nothing can be typed in."""
        context |= {"show_save": False, "show_save_and_continue": False, "show_close": True}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("picture"))
    def thumbnail(self, marker: Marker) -> str:
        return format_html('<img src="{}" alt="" class="desk-thumbnail">', marker.picture_url)

    @admin.display(description=_("size, px"))
    def size(self, marker: Marker) -> str:
        return f"{marker.width_px} × {marker.height_px}"

    @admin.display(description=_("quality"), ordering="quality_score")
    def quality(self, marker: Marker) -> str:
        return quality_meter(marker.quality_score)

    @admin.display(description=_("quality"))
    def explanation(self, marker: Marker) -> str:
        return explained_quality(marker)

    @admin.display(description=_("failure"))
    def failure(self, marker: Marker) -> str:
        if not marker.failure_code:
            return "–"
        reason = FAILURES.get(marker.failure_code, marker.failure_code)
        hint = gettext(marker.failure_hint) if marker.failure_hint else ""
        return f"{reason} {hint}".strip()

    @admin.display(description=_("measured"))
    def figures(self, marker: Marker) -> str:
        report = marker.quality_report
        shares = [(SHARES[key], f"{report[key]:.0%}") for key in SHARES if key in report]
        counts = [(COUNTS[key], f"{report[key]:.0f}") for key in COUNTS if key in report]
        rows = format_html_join("", "<dt>{}</dt><dd>{}</dd>", shares + counts)
        return format_html('<dl class="desk-figures">{}</dl>', rows) if rows else "–"

    @admin.display(description=_("picture"))
    def large_picture(self, marker: Marker) -> str:
        return format_html('<img src="{}" alt="" class="desk-picture">', marker.picture_url)

    @admin.display(description=_("features found"))
    def feature_preview(self, marker: Marker) -> str:
        if marker.preview_url is None:
            return "–"
        return format_html('<img src="{}" alt="" class="desk-picture">', marker.preview_url)

    @admin.action(description=_("Compile again"), permissions=["change"])
    def recompile(self, request: HttpRequest, queryset: QuerySet[Marker]) -> None:
        """Queue the chosen markers."""
        queued = 0
        for marker in queryset:
            try:
                services.recompile_marker(marker=marker)
            except DomainError as error:
                self.message_user(request, f"{marker}: {error.message}", messages.WARNING)
            else:
                queued += 1
        message = gettext("%(queued)d of %(total)d queued.")
        counts: dict[str, Any] = {"queued": queued, "total": queryset.count()}
        self.message_user(request, message % counts)
