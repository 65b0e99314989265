"""Where contents stand, in the back office: their badge, and the list's filter by it."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from arcontent.models import ARContent, ContentStatus, Video
from markers.models import Marker


class StateFilter(admin.SimpleListFilter):
    """By what the list shows as status, which no column holds: see `ARContent.status`."""

    title = _("status")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Offer every status."""
        return ContentStatus.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[ARContent]) -> QuerySet[ARContent]:
        """Keep what stands so; everything when nothing that we know is asked for."""
        videos = Video.objects.filter(content=OuterRef("pk"))
        playable = Exists(videos.playable())
        ready = ~Q(marker__target="") & Q(playable)
        broken = Q(marker__status=Marker.Status.FAILED) | Q(
            Exists(videos.filter(status=Video.Status.FAILED))
        )
        wanted: dict[str | None, Q] = {
            ContentStatus.READY: ready,
            ContentStatus.FAILED: ~ready & broken,
            ContentStatus.PROCESSING: ~ready & ~broken,
        }
        return queryset.filter(wanted.get(self.value(), Q()))


def badge(content: ARContent, says: str) -> SafeString:
    """Its status as a coloured word, and in words what there is to say of it."""
    status = content.status
    pill = '<span class="desk-state desk-state-{}">{}</span>'
    if not says:
        return format_html(pill, status.value, status.label)
    whole = pill + ' <span class="desk-reason">{}</span>'
    return format_html(whole, status.value, status.label, says)
