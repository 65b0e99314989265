"""The studio's desk: upload picture and video, see how it goes, print the code, see who watched."""

from http import HTTPStatus
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_scope import ScopedAdmin
from accounts.models import User
from arcontent import captions_desk, statistics
from arcontent.charts import daily_chart
from arcontent.forms import UploadForm
from arcontent.models import ARContent
from arcontent.standing import (
    is_being_compared,
    is_compared,
    is_settled,
    progress_of,
    reason_of,
    statuses_of,
)
from arcontent.states_desk import StateFilter, badge
from markers import shown
from markers.analysis import analyze
from markers.models import Marker
from markers.pictures import read_picture
from markers.pictures_at_once import PicturesBusy
from markers.services import picture_limits, recompile_marker
from vertexar.api import problems
from vertexar.errors import DomainError, TooManyRequests
from vertexar.rate_limited import limited
from vertexar.throttles import UPLOAD, user_of

CHART_DAYS = 30
HOW_SHOWN = ("video_fit", "when_lost", "stacked_alpha")


@admin.register(ARContent)
class ARContentAdmin(ScopedAdmin[ARContent]):
    """Printed pictures that come alive."""

    list_display = ["thumbnail", "title", "standing", "quality", "watched", "made"]
    list_display_links = ["thumbnail", "title"]
    list_filter = [StateFilter, ("organization", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["title", "code"]
    search_help_text = _("Title or code")
    date_hierarchy = "created_at"
    actions = ["compile_again"]
    add_fieldsets = [
        (None, {"fields": ["title", "image", "video"]}),
        (
            _("A button for viewers (optional)"),
            {"fields": ["call_to_action_label", "call_to_action_url"]},
        ),
        (_("How the video is shown (optional)"), {"fields": HOW_SHOWN}),
        (_("The print (optional)"), {"fields": ["physical_width_mm", "preset"]}),
    ]
    fieldsets = [
        (None, {"fields": ["title", "state", "explanation", "links", "qr_code"]}),
        (_("Picture and video"), {"fields": ["picture_and_features", "film"]}),
        (_("Viewers"), {"fields": ["statistics"]}),
        (
            _("A button for viewers (optional)"),
            {"fields": ["call_to_action_label", "call_to_action_url"]},
        ),
        (_("How the video is shown (optional)"), {"fields": HOW_SHOWN}),
    ]
    readonly_fields = [
        "state", "explanation", "links", "qr_code", "picture_and_features", "film", "captions",
        "statistics",
    ]  # fmt: skip
    form = captions_desk.ContentForm

    class Media:
        js = ["arcontent/admin/desk.js", "arcontent/admin/prescore.js"]

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
    def standing(self, content: ARContent) -> str:
        return badge(content, reason_of(content))

    @admin.display(description=_("status"))
    def state(self, content: ARContent) -> str:
        hint = content.failure["hint"] if content.failure else ""
        return badge(content, f"{reason_of(content)} {hint}".strip())

    @admin.display(description=_("quality"), ordering="marker__quality_score")
    def quality(self, content: ARContent) -> str:
        return shown.quality_meter(content.marker.quality_score)

    @admin.display(description=_("quality"))
    def explanation(self, content: ARContent) -> str:
        look_alikes = content.marker.look_alike_markers()
        rating = shown.explained_quality(content.marker)
        return format_html("{}{}", rating, _mistakable(look_alikes)) if look_alikes else rating

    @admin.display(description=_("opened"), ordering="opened_total")
    def watched(self, content: ARContent) -> int:
        return int(getattr(content, "opened_total", 0))

    @admin.display(description=_("created"), ordering="created_at")
    def made(self, content: ARContent) -> str:
        return date_format(timezone.localtime(content.created_at), "SHORT_DATE_FORMAT")

    @admin.display(description=_("page for viewers"))
    def links(self, content: ARContent) -> str:
        return format_html(
            '<a href="{0}" target="_blank" rel="noopener">{0}</a> '
            '<button type="button" class="desk-copy" data-copy="{0}" data-copied="{1}" '
            'aria-live="polite">{2}</button>',
            content.viewer_url,
            gettext("Copied"),
            gettext("Copy the link"),
        )

    @admin.display(description=_("picture"))
    def picture_and_features(self, content: ARContent) -> str:
        return shown.pictures(content.marker)

    @admin.display(description=_("video"))
    def film(self, content: ARContent) -> str:
        figure = (
            '<figure><video class="desk-picture" controls preload="none" playsinline poster="{}" '
            'src="{}"></video><figcaption>{}</figcaption></figure>'
        )
        says = gettext("%(width)d × %(height)d, %(seconds)d s")
        films = (
            (
                video.poster_url,
                video.rendition_url,
                says
                % {
                    "width": video.width_px,
                    "height": video.height_px,
                    "seconds": round(video.duration_s or 0),
                },
            )
            for video in content.playable_videos
        )
        rows = format_html_join("", figure, films)
        return format_html('<div class="desk-figure-row">{}</div>', rows) if rows else "–"

    @admin.display(description=_("captions"))
    def captions(self, content: ARContent) -> str:
        return captions_desk.shown(content)

    @admin.display(description=_("QR code"))
    def qr_code(self, content: ARContent) -> str:
        vector, raster = (reverse(name, args=[content.code]) for name in ("qr-svg", "qr-png"))
        return format_html(
            '<img class="desk-qr" src="{0}" alt="{1}"> '
            '<a class="desk-copy" href="{0}" download="{2}.svg">SVG</a> '
            '<a class="desk-copy" href="{3}" download="{2}.png">PNG</a>',
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
        """Ask for the files once, when content is made; for captions whenever there are any."""
        if obj is None:
            return self.add_fieldsets
        may_edit = self.has_change_permission(request, obj)
        fields = captions_desk.fields_for(obj, may_edit=may_edit)
        captions = [(_("Captions (optional)"), {"fields": fields})] if fields else []
        return [*self.fieldsets, *captions]

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
            form.save_captions(cast("User", request.user))

    def response_add(
        self, request: HttpRequest, obj: ARContent, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go to where its progress can be seen."""
        self.message_user(request, gettext("Uploaded. It is being prepared now."), messages.SUCCESS)
        url = reverse("admin:arcontent_arcontent_change", args=[obj.pk])
        return _led_to(request, url)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say so when a rule forbids making content, and keep nothing."""
        try:
            if request.method == "POST":
                _count_upload(request)
            return super().add_view(request, form_url, extra_context)
        except DomainError as error:
            self.message_user(request, f"{error.message} {error.hint}".strip(), messages.ERROR)
            return _led_to(request, reverse("admin:arcontent_arcontent_changelist"))

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Count a form with captions as the API does."""
        try:
            if request.FILES:
                _count_upload(request)
            return super().change_view(request, object_id, *args, **kwargs)
        except TooManyRequests as error:
            return self._refused(request, error)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """One button is enough."""
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: ARContent | None = None) -> bool:
        """A printed code never dies."""
        return False

    # --- Doing ---------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Add the status that the page polls, and the button's target."""
        view = self.admin_site.admin_view
        prescore = limited(UPLOAD, counts_reads=False, who=user_of)(self.prescore_view)
        return [
            path("prescore", view(prescore), name="arcontent_prescore"),
            path("<uuid:pk>/status", view(self.status_view), name="arcontent_status"),
            path("<uuid:pk>/recompile", view(self.recompile_view), name="arcontent_recompile"),
            *super().get_urls(),
        ]

    def prescore_view(self, request: HttpRequest) -> HttpResponse:
        """Guess how well a picture will be recognised, for the form in which it was just chosen."""
        if request.method != "POST" or "image" not in request.FILES:
            return HttpResponse(status=HTTPStatus.BAD_REQUEST)
        if not self.has_add_permission(request):
            raise PermissionDenied
        try:
            picture = read_picture(
                request.FILES["image"],  # type: ignore[arg-type]  # a BinaryIO in all but name
                limits=picture_limits(),
            )
            guess = analyze(picture, quick=True)
        except PicturesBusy as error:
            busy = HttpResponse(error.message, status=HTTPStatus.SERVICE_UNAVAILABLE)
            busy["Retry-After"] = str(error.retry_after_s)
            return busy
        except DomainError as error:
            refusal = '<p class="desk-refusal">{}</p>'
            return HttpResponse(format_html(refusal, f"{error.message} {error.hint}".strip()))
        return HttpResponse(
            shown.rating(guess.score, stars_given=guess.stars, reasons=guess.reasons)
        )

    def status_view(self, request: HttpRequest, pk: str) -> JsonResponse:
        """Where one content stands, for the page that waits for it."""
        content = get_object_or_404(self.get_queryset(request), pk=pk)
        parts = [*statuses_of(content), "compared" if is_compared(content) else ""]
        says = content.status.label if is_settled(content) else progress_of(content)
        is_done = is_settled(content) and not is_being_compared(content)
        body = {"status": content.status.value, "parts": parts, "done": is_done, "says": says}
        return JsonResponse(body)

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
                recompile_marker(marker=content.marker, actor=cast("User", request.user))
            except DomainError as error:
                self.message_user(request, f"{content}: {error.message}", messages.WARNING)
            else:
                queued += 1
        counts = {"queued": queued, "total": len(queryset)}
        self.message_user(request, gettext("%(queued)d of %(total)d queued.") % counts)


def _mistakable(look_alikes: "list[tuple[Marker, float]]") -> SafeString:
    """Warn of other pictures, each with where it is to be seen."""
    shown_on = {
        content.marker_id: content
        for content in ARContent.objects.filter(
            marker__in=[other for other, _likeness in look_alikes]
        )
    }
    rows = [
        (
            reverse("admin:arcontent_arcontent_change", args=[content.pk])
            if (content := shown_on.get(other.pk))
            else reverse("admin:markers_marker_change", args=[other.pk]),
            other.picture_url,
            str(content or other),
            likeness,
        )
        for other, likeness in look_alikes
    ]
    return format_html(
        '<div class="desk-warning"><p>{}</p>{}</div>',
        gettext("Phones may mistake this picture for another of yours, and show its video:"),
        shown.look_alikes(rows),
    )


def _count_upload(request: HttpRequest) -> None:
    """Count a form with files as the API does.

    Raises:
        TooManyRequests: it is one too many.
    """
    usage = UPLOAD.count(request, user_of(request))
    if usage is not None and usage.is_over:
        raise problems.too_many_requests(retry_after_s=usage.resets_in_s)


def _led_to(request: HttpRequest, url: str) -> HttpResponse:
    """Lead there. A script is told where: following by itself, it would use up the message."""
    if request.accepts("text/html"):
        return HttpResponseRedirect(url)
    return JsonResponse({"url": url}, status=HTTPStatus.CREATED)
