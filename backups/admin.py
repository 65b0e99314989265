"""Backups in the back office, for operators: to be looked at, asked for, and tried out."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_scope import staff_of
from accounts.models import User
from backups import services, shown, standing
from backups.models import BackupRun
from markers.shown import seconds
from vertexar.errors import DomainError
from vertexar.leases import JobStatus


class StateFilter(admin.SimpleListFilter):
    """Where a run stands."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """What there is."""
        return [
            ("good", _("good")),
            ("going", _("in work")),
            ("failed", _("failed")),
            ("removed", _("removed")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[BackupRun]) -> Any:
        """Keep those that stand so."""
        wanted = {
            "good": queryset.filter(status=JobStatus.READY, removed_at=None),
            "going": queryset.filter(status__in=services.UNDER_WAY),
            "failed": queryset.filter(status=JobStatus.FAILED),
            "removed": queryset.exclude(removed_at=None),
        }
        return wanted.get(self.value() or "", queryset)


@admin.register(BackupRun)
class BackupRunAdmin(admin.ModelAdmin[BackupRun]):
    """What was backed up, where it lies, and whether it restores. Superusers alone see it."""

    list_display = ["made", "state", "restores", "verified", "places"]
    list_filter = [StateFilter, "kind"]
    date_hierarchy = "created_at"
    actions = ["verify", "drill"]
    fieldsets = [
        (None, {"fields": ["whole_state", "failure", "kind", "began", "ended", "contents"]}),
        (_("Does it restore?"), {"fields": ["tried", "restore_failed", "took"]}),
        (_("Is it whole?"), {"fields": ["checked", "flaws"]}),
        (_("Where it lies"), {"fields": ["where", "unread", "keeping", "gone"]}),
        (
            _("Technical"),
            {"classes": ["collapse"], "fields": ["name", "attempt", "files", "opened_by"]},
        ),
    ]

    class Media:
        css = {"all": ["backups/desk.css"]}

    def has_module_permission(self, request: HttpRequest) -> bool:
        """For superusers: a backup holds what is everybody's."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: BackupRun | None = None) -> bool:
        """For superusers."""
        user = staff_of(request)
        return user is not None and user.is_superuser

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They are asked for with a button."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: BackupRun | None = None) -> bool:
        """What was made is not changed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: BackupRun | None = None) -> bool:
        """Retention removes them."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: BackupRun | None = None) -> list[str]:
        """All of it."""
        return [str(name) for name in flatten_fieldsets(self.fieldsets)]

    # --- Lists -----------------------------------------------------------------------------------

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say above the list how one is covered."""
        extra: dict[str, Any] = {"may_ask": self.has_view_permission(request)}
        if extra["may_ask"]:
            extra["standing"] = shown.standing(standing.current())
        return super().changelist_view(request, extra | (extra_context or {}))

    @admin.display(description=_("made"), ordering="created_at")
    def made(self, run: BackupRun) -> str:
        return shown.made(run)

    @admin.display(description=_("state"))
    def state(self, run: BackupRun) -> str:
        return shown.state(run)

    @admin.display(description=_("destinations"))
    def places(self, run: BackupRun) -> str:
        return shown.places_in_short(run)

    @admin.display(description=_("verified"), ordering="verified_at")
    def verified(self, run: BackupRun) -> str:
        return shown.verified(run)

    @admin.display(description=_("tried out"), ordering="restore_tested_at")
    def restores(self, run: BackupRun) -> str:
        return shown.restores(run)

    # --- One backup ------------------------------------------------------------------------------

    @admin.display(description=_("state"))
    def whole_state(self, run: BackupRun) -> str:
        return shown.state(run)

    @admin.display(description=_("what went wrong"))
    def failure(self, run: BackupRun) -> str:
        return shown.failure(run.failure_code, run.shown_hint)

    @admin.display(description=_("began"))
    def began(self, run: BackupRun) -> str:
        return shown.moment(run.started_at)

    @admin.display(description=_("finished"))
    def ended(self, run: BackupRun) -> str:
        return shown.moment(run.finished_at)

    @admin.display(description=_("what is in it"))
    def contents(self, run: BackupRun) -> str:
        return shown.contents(run)

    @admin.display(description=_("tried out"))
    def tried(self, run: BackupRun) -> str:
        return shown.with_when(shown.restores(run), run.restore_tested_at)

    @admin.display(description=_("why it does not"))
    def restore_failed(self, run: BackupRun) -> str:
        return shown.restore_failure(run)

    @admin.display(description=_("restored in"))
    def took(self, run: BackupRun) -> str:
        return seconds(run.restore_seconds)

    @admin.display(description=_("verified"))
    def checked(self, run: BackupRun) -> str:
        return shown.with_when(shown.verified(run), run.verified_at)

    @admin.display(description=_("what is wrong"))
    def flaws(self, run: BackupRun) -> str:
        return shown.verify_failure(run)

    @admin.display(description=_("destinations"))
    def where(self, run: BackupRun) -> str:
        return shown.places(run)

    @admin.display(description=_("why it could not be read"))
    def unread(self, run: BackupRun) -> str:
        return shown.unread_failure(run)

    @admin.display(description=_("kept until"))
    def keeping(self, run: BackupRun) -> str:
        return shown.moment(run.kept_until)

    @admin.display(description=_("removed"))
    def gone(self, run: BackupRun) -> str:
        return shown.moment(run.removed_at)

    @admin.display(description=_("files"))
    def files(self, run: BackupRun) -> str:
        return shown.parts(run.parts)

    @admin.display(description=_("opened by"))
    def opened_by(self, run: BackupRun) -> str:
        return shown.recipients(run)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Offer to look at it again where there is something to look at."""
        run: BackupRun = kwargs["obj"]
        context["is_there"] = run.status == JobStatus.READY and run.removed_at is None
        return super().render_change_form(request, context, *args, **kwargs)

    # --- Doing -----------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Add where the buttons lead."""
        view = self.admin_site.admin_view
        return [
            path("now", view(self.now_view), name="backups_now"),
            path("<uuid:pk>/verify", view(self.verify_view), name="backups_verify"),
            path("<uuid:pk>/drill", view(self.drill_view), name="backups_drill"),
            *super().get_urls(),
        ]

    def now_view(self, request: HttpRequest) -> HttpResponse:
        """Have a backup made now."""
        there = reverse("admin:backups_backuprun_changelist")
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            try:
                run = services.request_run(actor=_actor(request))
            except DomainError as error:
                self._say(request, error)
            else:
                message = gettext("Asked for. A worker makes it; look here again in a while.")
                self.message_user(request, message, messages.SUCCESS)
                there = reverse("admin:backups_backuprun_change", args=[run.pk])
        return HttpResponseRedirect(there)

    def verify_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Have one looked at again."""
        return self._ask_for_one(request, pk, self.verify)

    def drill_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Have one tried out."""
        return self._ask_for_one(request, pk, self.drill)

    @admin.action(description=_("Check whether it is whole"), permissions=["view"])
    def verify(self, request: HttpRequest, queryset: QuerySet[BackupRun]) -> None:
        """Have a worker look whether the chosen ones are still what was made."""
        self._ask(request, queryset, services.request_verification)

    @admin.action(description=_("Try out a restore"), permissions=["view"])
    def drill(self, request: HttpRequest, queryset: QuerySet[BackupRun]) -> None:
        """Have the drill worker see whether the chosen ones restore."""
        self._ask(request, queryset, services.request_drill)

    def _ask_for_one(
        self,
        request: HttpRequest,
        pk: str,
        action: Callable[[HttpRequest, QuerySet[BackupRun]], None],
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            run = get_object_or_404(BackupRun, pk=pk)
            action(request, BackupRun.objects.filter(pk=run.pk))
        return HttpResponseRedirect(reverse("admin:backups_backuprun_change", args=[pk]))

    def _ask(
        self, request: HttpRequest, runs: QuerySet[BackupRun], service: Callable[..., None]
    ) -> None:
        asked = 0
        for run in runs:
            try:
                service(run=run, actor=_actor(request))
            except DomainError as error:
                self._say(request, error)
            else:
                asked += 1
        if asked:
            message = gettext("Asked for. A worker does it and writes the result here.")
            self.message_user(request, message, messages.SUCCESS)

    def _say(self, request: HttpRequest, error: DomainError) -> None:
        self.message_user(request, f"{error.message} {error.hint}".strip(), messages.ERROR)


def _actor(request: HttpRequest) -> User:
    return cast("User", request.user)
