"""Organisations and invitations to them in the back office."""

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db.models import Count, Field, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import invitations
from accounts.admin.memberships import PersonInline, is_superuser, save_memberships
from accounts.admin_scope import ScopedAdmin, may, places
from accounts.models import Capability, Invitation, Organization, Role, User


@admin.register(Organization)
class OrganizationAdmin(ScopedAdmin[Organization]):
    """Tenants, for those who manage their people."""

    seen_with = changed_with = Capability.MANAGE_PEOPLE
    path = "pk"
    list_display = ["name", "people", "created_at"]
    ordering = ["name"]  # said here too: counting people, Django would forget the model's
    search_fields = ["name"]
    fields = ["name"]
    inlines = [PersonInline]

    def organization_of(self, row: Organization) -> UUID:
        """Itself."""
        return row.pk

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organization]:
        """Count the people of a whole list at once."""
        return super().get_queryset(request).annotate(people_total=Count("memberships"))

    @admin.display(description=_("people"), ordering="people_total")
    def people(self, organization: Organization) -> int:
        return int(getattr(organization, "people_total", 0))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tenants are made by who runs the installation."""
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Organization | None = None) -> bool:
        """Tenants are ended by who runs the installation."""
        return is_superuser(request)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Organization | None = None
    ) -> list[str]:
        """Its name is its owners' to choose."""
        place = None if obj is None else obj.pk
        return [] if may(request, Capability.MANAGE_OWNERS, place) else ["name"]

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        """Change memberships through services."""
        save_memberships(formset, actor=cast("User", request.user))


class InvitationForm(forms.ModelForm[Invitation]):
    """Whom to invite, where, as what."""

    class Meta:
        model = Invitation
        fields = ["organization", "email", "role"]


class StateFilter(admin.SimpleListFilter):
    """Whether an invitation waits."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """What there is."""
        return [("open", _("waits")), ("accepted", _("accepted")), ("over", _("has run out"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> Any:
        """Keep those that stand so."""
        waiting = queryset.filter(accepted_at=None)
        now = timezone.now()
        return {
            "open": waiting.filter(expires_at__gt=now),
            "accepted": queryset.exclude(accepted_at=None),
            "over": waiting.filter(expires_at__lte=now),
        }.get(str(self.value()), queryset)


@admin.register(Invitation)
class InvitationAdmin(ScopedAdmin[Invitation]):
    """Who was asked to join. Inviting the same address again sends a new link."""

    seen_with = changed_with = Capability.MANAGE_PEOPLE
    writes_audit = False  # the services do
    form = InvitationForm
    list_display = ["email", "organization", "role", "invited_by", "created_at", "state"]
    list_filter = [StateFilter, "role", ("organization", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["organization", "invited_by"]
    search_fields = ["email"]
    actions = ["send_again"]

    class Media:
        css = {"all": ["accounts/lists.css"]}

    @admin.display(description=_("state"))
    def state(self, row: Invitation) -> str:
        if row.accepted_at is not None:
            return gettext("accepted")
        return gettext("waits") if row.expires_at > timezone.now() else gettext("has run out")

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """It is sent again or taken back, not changed."""
        return obj is None and super().has_change_permission(request)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Choose for who has no choice."""
        mine = list(places(request, self.changed_with)[:2])
        alone = {"organization": mine[0]} if len(mine) == 1 else {}
        return alone | super().get_changeform_initial_data(request)

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer to choose an organisation, not to make or change one on the way."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """One button is enough."""
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_form(self, request: HttpRequest, form: Any, change: Any) -> Any:
        """Invite."""
        sent = form.cleaned_data
        return invitations.invite(
            sent["organization"],
            email=sent["email"],
            role=Role(sent["role"]),
            actor=cast("User", request.user),
        )

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: Any) -> None:
        """Leave it: it was saved by the service."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """There is nothing beside it."""

    def delete_model(self, request: HttpRequest, obj: Invitation) -> None:
        """Take it back."""
        invitations.withdraw(obj, actor=cast("User", request.user))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        """Take them back."""
        for row in queryset:
            self.delete_model(request, row)

    @admin.action(description=_("Send again"), permissions=["change"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        """Send the chosen a new link; the old one ends."""
        waiting = queryset.filter(accepted_at=None)
        for row in waiting:
            invitations.invite(
                row.organization,
                email=row.email,
                role=Role(row.role),
                actor=cast("User", request.user),
            )
        message = gettext("Done for %(done)d of %(total)d.")
        self.message_user(request, message % {"done": len(waiting), "total": len(queryset)})
