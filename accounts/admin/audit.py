"""The audit log in the back office: to be read, and nothing else."""

import json
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.admin_scope import ScopedAdmin
from accounts.models import AuditEntry, Capability, User
from accounts.people import people_seen_by

ACTORS = 200
SHORT = 8  # characters of a key that tell it from others on a page


class ActorFilter(admin.SimpleListFilter):
    """By who did it."""

    title = _("who")
    parameter_name = "actor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Offer those whom the caller sees and who ever did anything."""
        if not isinstance(request.user, User):
            return []
        did = Exists(AuditEntry.objects.filter(actor=OuterRef("pk")))
        people = people_seen_by(request.user).filter(did).order_by("username")[:ACTORS]
        return [(str(user.pk), user.username) for user in people]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> Any:
        """Keep what they did."""
        chosen = [UUID(key) for key, _name in self.lookup_choices if key == self.value()]
        return queryset.filter(actor__in=chosen) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ScopedAdmin[AuditEntry]):
    """Who did what to what, when and from where."""

    seen_with = changed_with = Capability.VIEW_AUDIT
    list_display = ["at", "action", "who", "organization", "what", "ip", "request"]
    list_filter = [
        "action", ActorFilter, ("organization", admin.RelatedOnlyFieldListFilter),
    ]  # fmt: skip
    list_select_related = ["actor", "organization"]
    date_hierarchy = "at"
    search_fields = ["request_id", "object_id", "ip", "actor__username"]
    search_help_text = _("Request, key of what it was done to, address, or user name")
    fields = [
        "at", "action", "who", "organization", "object_type", "object_id", "shown_details", "ip",
        "request_id",
    ]  # fmt: skip
    readonly_fields = ["who", "shown_details"]

    class Media:
        css = {"all": ["accounts/lists.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """Read with each entry who and where: those may be gone, which costs no second look."""
        return super().get_queryset(request).select_related("actor", "organization")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """It writes itself."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        """What is written is written."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        """What is written is written."""
        return False

    @admin.display(description=_("who"), ordering="actor__username")
    def who(self, entry: AuditEntry) -> str:
        return entry.actor.username if entry.actor is not None else "–"

    @admin.display(description=_("to what"))
    def what(self, entry: AuditEntry) -> str:
        if not entry.object_id:
            return "–"
        link = '{} <a href="?q={}" title="{}">{}</a>'
        try:
            kind = apps.get_model(entry.object_type)._meta.verbose_name
        except (LookupError, ValueError):  # of a release before or after this one
            kind = entry.object_type
        return format_html(link, kind, entry.object_id, entry.object_id, entry.object_id[:SHORT])

    @admin.display(description=_("request"), ordering="request_id")
    def request(self, entry: AuditEntry) -> str:
        if not entry.request_id:
            return "–"
        link = '<a href="?q={}" title="{}">{}</a>'
        return format_html(link, entry.request_id, entry.request_id, entry.request_id[:SHORT])

    @admin.display(description=_("details"))
    def shown_details(self, entry: AuditEntry) -> str:
        text = json.dumps(entry.details, ensure_ascii=False, indent=2)
        return format_html("<pre>{}</pre>", text) if entry.details else "–"
