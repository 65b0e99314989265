"""The studio's desk: upload picture and video, see how it goes, print the code, see who watched."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import home_organization
from arcontent import services, statistics
from arcontent.charts import daily_chart
from arcontent.models import ARContent
from markers.services import recompile_marker
from vertexar.errors import DomainError

CHART_DAYS = 30


class UploadForm(forms.ModelForm[ARContent]):
    """What a studio worker fills in. The files are looked into before anything is kept."""

    user: User  # set by the admin on a subclass, request by request
    image = forms.FileField(
        label=_("Picture"),
        allow_empty_file=True,
        help_text=_("The picture that will be printed: JPEG, PNG, WebP or HEIC, rich in detail."),
        widget=forms.ClearableFileInput(attrs={"accept": "image/*,.heic,.heif"}),
    )
    video = forms.FileField(
        label=_("Video"),
        allow_empty_file=True,
        help_text=_("What plays on the picture. Best in the picture's own shape."),
        widget=forms.ClearableFileInput(attrs={"accept": "video/*"}),
    )

    class Meta:
        model = ARContent
        fields = ["title", "call_to_action_label", "call_to_action_url"]

    def clean(self) -> dict[str, Any]:
        """Read the files, and say at the right field what is wrong with them."""
        cleaned = super().clean() or {}
        try:
            self.organization = home_organization(self.user)
            if "image" in cleaned and "video" in cleaned:
                self.upload = services.read_upload(image=cleaned["image"], video=cleaned["video"])
        except DomainError as error:
            text = f"{error.message} {error.hint}".strip()
            self.add_error(error.field or None, ValidationError(text, code=error.code))
        return cleaned

    def create(self) -> ARContent:
        """Make the content through the one door."""
        fields = {name: self.cleaned_data[name] for name in self.Meta.fields}
        return services.create_content(
            organization=self.organization, user=self.user, upload=self.upload, **fields
        )


@admin.register(ARContent)
class ARContentAdmin(admin.ModelAdmin[ARContent]):
    """Printed pictures that come alive."""

    list_display = ["thumbnail", "title", "state", "quality", "watched", "made"]
    list_display_links = ["thumbnail", "title"]
    list_filter = ["marker__status", "organization"]
    search_fields = ["title", "code"]
    date_hierarchy = "created_at"
    actions = ["compile_again"]
    add_fieldsets = [
        (None, {"fields": ["title", "image", "video"]}),
        (
            _("A button for viewers (optional)"),
            {"fields": ["call_to_action_label", "call_to_action_url"]},
        ),
    ]
    fieldsets = [
        (None, {"fields": ["title", "state", "quality", "links"]}),
        (_("Picture and code"), {"fields": ["picture_and_features", "qr_code"]}),
        (_("Viewers"), {"fields": ["statistics"]}),
        (
            _("A button for viewers (optional)"),
            {"fields": ["call_to_action_label", "call_to_action_url"]},
        ),
    ]
    readonly_fields = [
        "state", "quality", "links", "picture_and_features", "qr_code", "statistics",
    ]  # fmt: skip

    class Media:
        css = {"all": ["arcontent/admin/desk.css"]}
        js = ["arcontent/admin/desk.js"]

    # --- Reading -------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[ARContent]:
        """Scope to the organisations of whoever asks."""
        visible = ARContent.objects.visible_to(cast("User", request.user))
        watched = statistics.total_of(statistics.Event.OPENED)
        return visible.with_parts().annotate(opened_total=watched).order_by("-created_at")

    @admin.display(description=_("picture"))
    def thumbnail(self, content: ARContent) -> str:
        url = content.marker.picture_url
        return format_html('<img class="desk-thumbnail" src="{}" alt="">', url)

    @admin.display(description=_("status"))
    def state(self, content: ARContent) -> str:
        status, failure = content.status, content.failure
        badge = format_html(
            '<span class="desk-state desk-state-{}">{}</span>', status.value, status.label
        )
        if failure is None:
            return badge
        part = _t("Picture") if failure["part"] == "image" else _t("Video")
        reason = REASONS.get(failure["code"], failure["code"])
        return format_html(
            '{} <span class="desk-reason">{}: {} {}</span>', badge, part, reason, failure["hint"]
        )

    @admin.display(description=_("quality"), ordering="marker__quality_score")
    def quality(self, content: ARContent) -> str:
        score = content.marker.quality_score
        if score is None:
            return "–"
        meter = '<meter min="0" max="100" low="35" high="65" optimum="100" value="{0}">{0}</meter>'
        return format_html(meter + " {0} / 100", score)

    @admin.display(description=_("opened"), ordering="opened_total")
    def watched(self, content: ARContent) -> int:
        return int(getattr(content, "opened_total", 0))

    @admin.display(description=_("made"), ordering="created_at")
    def made(self, content: ARContent) -> str:
        return date_format(timezone.localtime(content.created_at), "SHORT_DATETIME_FORMAT")

    @admin.display(description=_("viewer"))
    def links(self, content: ARContent) -> str:
        return format_html(
            '<a href="{0}" target="_blank" rel="noopener">{0}</a>', content.viewer_url
        )

    @admin.display(description=_("Picture, and the features phones will look for"))
    def picture_and_features(self, content: ARContent) -> str:
        marker = content.marker
        if marker.preview_url is None:
            return format_html('<img class="desk-picture" src="{}" alt="">', marker.picture_url)
        return format_html(
            '<img class="desk-picture" src="{}" alt=""> <img class="desk-picture" src="{}" alt="">',
            marker.picture_url,
            marker.preview_url,
        )

    @admin.display(description=_("QR code"))
    def qr_code(self, content: ARContent) -> str:
        vector, raster = (reverse(name, args=[content.code]) for name in ("qr-svg", "qr-png"))
        return format_html(
            '<img class="desk-qr" src="{0}" alt="{1}"> '
            '<a href="{0}" download="{2}.svg">SVG</a> <a href="{3}" download="{2}.png">PNG</a>',
            vector,
            content.viewer_url,
            content.code,
            raster,
        )

    @admin.display(description=_("statistics"))
    def statistics(self, content: ARContent) -> str:
        return daily_chart(statistics.summary(content), days=CHART_DAYS)

    # --- Making --------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: ARContent | None = None) -> Any:
        """Ask for the files once, when content is made."""
        return self.fieldsets if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: ARContent | None = None) -> Any:
        """Show nothing of what is not there yet."""
        return self.readonly_fields if obj else []

    def get_form(
        self,
        request: HttpRequest,
        obj: ARContent | None = None,
        change: bool = False,  # noqa: FBT001, FBT002  Django's signature
        **kwargs: Any,
    ) -> Any:
        """Use the upload form for new content."""
        if obj is None:
            return type("UploadForm", (UploadForm,), {"user": request.user})
        return super().get_form(request, obj, change=change, **kwargs)

    def save_form(self, request: HttpRequest, form: Any, change: Any) -> Any:
        """Make new content through the service; edits of plain fields are Django's."""
        return super().save_form(request, form, change) if change else form.create()

    def save_model(self, request: HttpRequest, obj: ARContent, form: Any, change: Any) -> None:
        """Save edits; what is new was saved by the service."""
        if change:
            super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Save edits; what is new was saved by the service."""
        if change:
            super().save_related(request, form, formsets, change)

    def response_add(
        self, request: HttpRequest, obj: ARContent, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go to where its progress can be seen."""
        self.message_user(request, _t("Uploaded. It is being prepared now."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:arcontent_arcontent_change", args=[obj.pk]))

    def has_delete_permission(self, request: HttpRequest, obj: ARContent | None = None) -> bool:
        """A printed code never dies."""
        return False

    # --- Doing ---------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Add the status that the page polls, and the button's target."""
        view = self.admin_site.admin_view
        return [
            path("<uuid:pk>/status", view(self.status_view), name="arcontent_status"),
            path("<uuid:pk>/recompile", view(self.recompile_view), name="arcontent_recompile"),
            *super().get_urls(),
        ]

    def status_view(self, request: HttpRequest, pk: str) -> JsonResponse:
        """Where one content stands, for the page that waits for it."""
        content = get_object_or_404(self.get_queryset(request), pk=pk)
        parts = [content.marker.status, *(video.status for video in content.videos.all())]
        return JsonResponse({"status": content.status.value, "parts": parts})

    def recompile_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Compile one content's picture again."""
        content = get_object_or_404(self.get_queryset(request), pk=pk)
        if request.method == "POST" and self.has_change_permission(request, content):
            self.compile_again(request, self.get_queryset(request).filter(pk=pk))
        return HttpResponseRedirect(reverse("admin:arcontent_arcontent_change", args=[pk]))

    @admin.action(description=_("Compile again"), permissions=["change"])
    def compile_again(self, request: HttpRequest, queryset: QuerySet[ARContent]) -> None:
        """Queue the markers of the chosen content."""
        queued = 0
        for content in queryset:
            try:
                recompile_marker(marker=content.marker)
            except DomainError as error:
                self.message_user(request, f"{content}: {error.message}", messages.WARNING)
            else:
                queued += 1
        counts = {"queued": queued, "total": len(queryset)}
        self.message_user(request, _t("%(queued)d of %(total)d queued.") % counts)


REASONS = {
    "too_few_features": _("There is too little in it for a phone to recognise."),
    "too_many_attempts": _("The work broke off several times. Press “Compile again” or report it."),
    "took_too_long": _("It took too long."),
    "undecodable_image": _("It can't be read."),
}
