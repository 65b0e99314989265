"""Markers in the back office: read only, made by the pipeline."""

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from markers import services
from markers.models import Marker
from vertexar.errors import DomainError

READ_ONLY = [
    "large_picture", "feature_preview", "organization", "status", "failure_code",
    "failure_hint", "quality_score", "quality_report", "compiler_version", "attempt",
    "width_px", "height_px", "sha256", "created_at", "updated_at",
]  # fmt: skip


@admin.register(Marker)
class MarkerAdmin(admin.ModelAdmin[Marker]):
    """What phones recognise."""

    list_display = ["thumbnail", "organization", "status", "quality_score", "created_at"]
    list_display_links = ["thumbnail"]
    list_filter = ["status", "organization"]
    list_select_related = ["organization"]
    search_fields = ["sha256", "arcontents__title", "arcontents__code"]
    date_hierarchy = "created_at"
    actions = ["recompile"]
    fields = tuple(READ_ONLY)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Markers are made by uploading content."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Marker | None = None) -> bool:
        """A printed picture must not go dark."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Marker | None = None) -> list[str]:
        """All of it: the pipeline writes these."""
        return READ_ONLY

    def get_queryset(self, request: HttpRequest) -> QuerySet[Marker]:
        """Scope to the organisations of whoever asks."""
        user = cast("User", request.user)
        return super().get_queryset(request).filter(pk__in=Marker.objects.visible_to(user))

    @admin.display(description=_("picture"))
    def thumbnail(self, marker: Marker) -> str:
        return format_html('<img src="{}" alt="" class="thumbnail">', marker.picture_url)

    @admin.display(description=_("picture"))
    def large_picture(self, marker: Marker) -> str:
        return format_html('<img src="{}" alt="" class="large-picture">', marker.picture_url)

    @admin.display(description=_("features found"))
    def feature_preview(self, marker: Marker) -> str:
        if marker.preview_url is None:
            return "–"
        return format_html('<img src="{}" alt="" class="large-picture">', marker.preview_url)

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
        message = _t("%(queued)d of %(total)d queued.")
        counts: dict[str, Any] = {"queued": queued, "total": queryset.count()}
        self.message_user(request, message % counts)
