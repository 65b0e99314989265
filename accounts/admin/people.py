"""Users in the back office."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import audit, people, sessions, tasks, traces
from accounts.admin.memberships import MembershipInline, is_superuser, save_memberships
from accounts.admin_scope import ScopedAdmin, may, places, staff_of
from accounts.lockout import unlock_chosen
from accounts.mail import Letter, post
from accounts.models import Capability, Membership, User
from accounts.otp.admin import take_away_second_factor
from vertexar.errors import DomainError

admin.site.unregister(Group)  # roles are memberships


@admin.register(User)
class UserAdmin(ScopedAdmin[User], DjangoUserAdmin[User]):
    """Users, with the organisations they belong to. Who manages people sees those of theirs."""

    seen_with = changed_with = Capability.MANAGE_PEOPLE
    list_display = ["username", "email", "belongs_to", "is_staff", "is_active", "last_login"]
    inlines = [MembershipInline]
    actions = [
        "deactivate", "activate", "end_sessions", unlock_chosen, take_away_second_factor,
    ]  # fmt: skip
    filter_horizontal = []
    fieldsets = (
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email", "email_verified_at"]}),
        (_("Access"), {"fields": ["is_active", "is_staff", "is_superuser"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    )
    add_fieldsets = (
        (
            None,
            {"fields": ["username", "email", "usable_password", "password1", "password2"]},
        ),
        (_("Access"), {"fields": ["is_staff"]}),
    )
    readonly_fields = ["is_active", "email_verified_at", "last_login", "date_joined"]

    # --- What is seen ----------------------------------------------------------------------------

    def within(
        self, request: HttpRequest, rows: QuerySet[User], capability: Capability
    ) -> QuerySet[User]:
        """Keep those who belong where whoever asks manages people."""
        actor = staff_of(request)
        return rows.filter(pk__in=people.people_seen_by(actor)) if actor else rows.none()

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Read the memberships of a whole list at once; none of organisations of others."""
        memberships = Membership.objects.select_related("organization")
        if not is_superuser(request):
            mine = places(request, Capability.MANAGE_PEOPLE)
            memberships = memberships.filter(organization__in=mine)
        return super().get_queryset(request).prefetch_related(Prefetch("memberships", memberships))

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Offer the roles to who sees them all."""
        filters = ["is_staff", "is_active"]
        return [*filters, "memberships__role"] if is_superuser(request) else filters

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Show nobody but superusers even the hash of a password."""
        fieldsets = super().get_fieldsets(request, obj)
        if is_superuser(request):
            return fieldsets
        return [(None, {"fields": ["username"]}), *fieldsets[1:]]

    @admin.display(description=_("organisations"))
    def belongs_to(self, user: User) -> str:
        rows = ((m.organization, m.get_role_display()) for m in user.memberships.all())
        return format_html_join(", ", "{}: {}", rows) or "–"

    # --- What is done ----------------------------------------------------------------------------

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """By role; of one user whom the list shows."""
        return may(request, self.seen_with)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Others invite."""
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Who manages people has actions; what is a person's own is theirs to change."""
        return is_superuser(request) or (obj is None and may(request, self.changed_with))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Others take people out of their organisation."""
        return is_superuser(request)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: Any) -> None:
        """Write down who may do more or less from now on.

        An address that an administrator gives somebody is taken for theirs; not one's own.
        """
        if "email" in form.changed_data:
            is_own = obj.pk == request.user.pk
            obj.email_verified_at = None if is_own else timezone.now()
        super().save_model(request, obj, form, change)
        raised = {name: getattr(obj, name) for name in ("is_staff", "is_superuser")}
        if changed := {name: raised[name] for name in raised if name in form.changed_data}:
            actor = staff_of(request)
            audit.record(audit.Action.ROLE_CHANGED, actor=actor, target=obj, **changed)
            people.withdraw_lost_invitations(obj, actor=actor)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Take back whom they have invited."""
        self.delete_queryset(request, User.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Take back whom they have invited, and leave their names nowhere."""
        with transaction.atomic():
            known = []
            for user in queryset:
                known.append(traces.traces_of(user))
                user.is_active = False  # as good as: the row goes at once
                people.withdraw_lost_invitations(user, actor=staff_of(request))
            super().delete_queryset(request, queryset)
            for somebody in known:
                traces.forget(somebody)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        """Change memberships through services."""
        save_memberships(formset, actor=cast("User", request.user))

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """End the sessions of whom somebody else has given another password, and tell them."""
        match = request.resolver_match
        if match is not None and match.url_name == "auth_user_password_change":
            actor = staff_of(request)
            sessions.end_all_sessions(obj, actor=actor)
            audit.record(audit.Action.PASSWORD_CHANGED, actor=actor, target=obj)
            post(tasks.send_notice, Letter.PASSWORD_CHANGED.value, obj.email, obj.username)
        return super().log_change(request, obj, message)

    @admin.action(description=_("Deactivate: signed out at once"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Close the accounts of the chosen."""
        self._do(request, queryset, people.deactivate)

    @admin.action(description=_("Activate"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Open them again."""
        self._do(request, queryset, people.activate)

    @admin.action(description=_("End all sessions"), permissions=["change"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Sign the chosen out everywhere."""
        self._do(request, queryset, people.end_sessions)

    def _do(self, request: HttpRequest, users: QuerySet[User], act: Callable[..., None]) -> None:
        done = 0
        for user in users:
            try:
                act(user, actor=cast("User", request.user))
            except DomainError as error:
                self.message_user(request, f"{user}: {error.message}", messages.WARNING)
            else:
                done += 1
        if done:
            message = gettext("Done for %(done)d of %(total)d.")
            self.message_user(request, message % {"done": done, "total": len(users)})
