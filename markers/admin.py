"""Markers in the back office: read only, made by the pipeline."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_scope import ScopedAdmin
from accounts.models import User
from markers import services, shown
from markers.files import target_response
from markers.forms import PresetForm
from markers.models import TARGET_FILES, Marker, MarkerPreset
from markers.wording import failure_said
from vertexar.errors import DomainError


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
        (None, {"fields": ["status", "failure", "explanation", "grades", "alike", "figures"]}),
        (_("Picture"), {"fields": ["pictures", "size", "organization"]}),
        (_("Files"), {"fields": ["files", "nft"]}),
        (
            _("Technical"),
            {
                "classes": ["collapse"],
                "fields": [
                    "chosen", "compiler_version", "duration", "attempt", "queued",
                    "created_at", "updated_at", "sha256",
                ],
            },
        ),
    ]  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Markers are made by uploading content."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Marker | None = None) -> bool:
        """Compiled again, not changed: a form would write over what a worker finds meanwhile."""
        return obj is None and super().has_change_permission(request)

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
        return shown.quality_meter(marker.quality_score)

    @admin.display(description=_("quality"))
    def explanation(self, marker: Marker) -> str:
        return shown.explained_quality(marker)

    @admin.display(description=_("how well it"))
    def grades(self, marker: Marker) -> str:
        return shown.grades(marker.quality_report)

    @admin.display(description=_("may be mistaken for"))
    def alike(self, marker: Marker) -> str:
        return shown.look_alikes(
            (
                reverse("admin:markers_marker_change", args=[other.pk]),
                other.picture_url,
                str(other),
                likeness,
            )
            for other, likeness in marker.look_alike_markers()
        )

    @admin.display(description=_("failure"))
    def failure(self, marker: Marker) -> str:
        if not marker.failure_code:
            return "–"
        return failure_said(marker.failure_code, marker.failure_hint)

    @admin.display(description=_("measured"))
    def figures(self, marker: Marker) -> str:
        return shown.measured(marker.quality_report)

    @admin.display(description=_("picture"))
    def pictures(self, marker: Marker) -> str:
        return shown.pictures(marker)

    @admin.display(description=_("to download"))
    def files(self, marker: Marker) -> str:
        return shown.files(marker)

    @admin.display(description="NFT")
    def nft(self, marker: Marker) -> str:
        return shown.nft(marker.nft_report)

    @admin.display(description=_("options"))
    def chosen(self, marker: Marker) -> str:
        return shown.options(marker.options)

    @admin.display(description=_("time to compile"))
    def duration(self, marker: Marker) -> str:
        return shown.seconds(marker.compile_seconds)

    @admin.display(description=_("queued"))
    def queued(self, marker: Marker) -> str:
        return date_format(timezone.localtime(marker.queued_at), "DATETIME_FORMAT")

    def get_urls(self) -> list[URLPattern]:
        """Add the downloads."""
        view = self.admin_site.admin_view(self.file_view)
        return [
            path("<uuid:pk>/target.<str:extension>", view, name="markers_marker_file"),
            *super().get_urls(),
        ]

    def file_view(self, request: HttpRequest, pk: str, extension: str) -> HttpResponseBase:
        """Hand out one of a marker's files."""
        marker = get_object_or_404(self.get_queryset(request), pk=pk)
        if extension not in TARGET_FILES or not self.has_view_permission(request, marker):
            raise Http404
        try:
            return target_response(marker, extension)
        except DomainError as error:
            self.message_user(request, f"{error.message} {error.hint}".strip(), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:markers_marker_change", args=[pk]))

    @admin.action(description=_("Compile again"), permissions=["change"])
    def recompile(self, request: HttpRequest, queryset: QuerySet[Marker]) -> None:
        """Queue the chosen markers."""
        queued = 0
        for marker in queryset:
            try:
                services.recompile_marker(marker=marker, actor=cast("User", request.user))
            except DomainError as error:
                self.message_user(request, f"{marker}: {error.message}", messages.WARNING)
            else:
                queued += 1
        message = gettext("%(queued)d of %(total)d queued.")
        counts: dict[str, Any] = {"queued": queued, "total": queryset.count()}
        self.message_user(request, message % counts)


@admin.register(MarkerPreset)
class MarkerPresetAdmin(ScopedAdmin[MarkerPreset]):
    """What is chosen about compiling, under a name: for the form of uploads, and for the API."""

    form = PresetForm
    list_display = ["name", "organization", "created_at"]
    list_filter = [("organization", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["name"]
    fieldsets = [
        (None, {"fields": ["organization", "name"]}),
        (_("Options"), {"fields": ["profile", "enhance", "physical_width_mm"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: MarkerPreset | None = None) -> Any:
        """Whose it is stays as it is."""
        return [] if obj is None else ["organization"]
