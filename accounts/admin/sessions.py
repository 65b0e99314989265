"""Who is signed in over the API, in the back office."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import people, sessions
from accounts.admin_scope import ScopedAdmin, may, staff_of
from accounts.models import ApiSession, Capability


class LiveFilter(admin.SimpleListFilter):
    """Whether a session goes on."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """What there is."""
        return [("live", _("goes on")), ("over", _("is over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiSession]) -> Any:
        """Keep those that stand so."""
        live = ApiSession.objects.live()
        if self.value() == "live":
            return queryset.filter(pk__in=live)
        return queryset.exclude(pk__in=live) if self.value() == "over" else queryset


@admin.register(ApiSession)
class ApiSessionAdmin(ScopedAdmin[ApiSession]):
    """Sessions of those whose accounts one manages; they can be ended and nothing else."""

    seen_with = changed_with = Capability.MANAGE_PEOPLE
    list_display = ["user", "user_agent", "ip", "created_at", "refreshed_at", "state"]
    list_filter = [LiveFilter]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__email", "ip"]
    date_hierarchy = "created_at"
    actions = ["end"]

    class Media:
        css = {"all": ["accounts/lists.css"]}

    fields = [
        "user", "user_agent", "ip", "created_at", "refreshed_at", "expires_at", "ended_at",
        "end_reason",
    ]  # fmt: skip

    def within(
        self, request: HttpRequest, rows: QuerySet[ApiSession], capability: Capability
    ) -> QuerySet[ApiSession]:
        """Keep those of people who belong to nobody else."""
        actor = staff_of(request)
        return rows.filter(user__in=people.people_managed_by(actor)) if actor else rows.none()

    def has_view_permission(self, request: HttpRequest, obj: ApiSession | None = None) -> bool:
        """By role; of one session that the list shows."""
        return may(request, self.seen_with)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A session begins by signing in."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiSession | None = None) -> bool:
        """It can be ended, not changed."""
        return obj is None and may(request, self.changed_with)

    def has_delete_permission(self, request: HttpRequest, obj: ApiSession | None = None) -> bool:
        """It is kept for a while after its end."""
        return False

    @admin.display(description=_("state"))
    def state(self, session: ApiSession) -> str:
        if session.ended_at is not None:
            return session.get_end_reason_display()
        return gettext("goes on") if session.expires_at > timezone.now() else gettext("is over")

    @admin.action(description=_("End"), permissions=["change"])
    def end(self, request: HttpRequest, queryset: QuerySet[ApiSession]) -> None:
        """End the chosen sessions."""
        live = ApiSession.objects.live().filter(pk__in=queryset)
        rows = list(live.select_related("user"))
        for session in rows:
            sessions.end_session(session, actor=staff_of(request))
        message = gettext("Done for %(done)d of %(total)d.")
        self.message_user(request, message % {"done": len(rows), "total": len(queryset)})
