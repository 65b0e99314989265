"""Memberships inside the forms of users and organisations; services change them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from accounts import people
from accounts.admin_scope import may, places, staff_of
from accounts.models import Capability, Membership, Organization, Role, User


class MembershipForm(forms.ModelForm[Membership]):
    """A role somewhere. Who and where stay as they are once it exists."""

    class Meta:
        model = Membership
        fields = ["user", "organization", "role"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"user", "organization"} & set(self.fields):
            self.fields[name].disabled = not self.instance._state.adding


class MembershipInline(admin.TabularInline[Membership, User]):
    """Where a user belongs. Superusers change it here, others at their organisation."""

    model = Membership
    form = MembershipForm
    extra = 0
    autocomplete_fields = ["organization"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """Show nobody where else a user belongs."""
        rows = super().get_queryset(request).select_related("organization")
        if is_superuser(request):
            return rows
        return rows.filter(organization__in=places(request, Capability.MANAGE_PEOPLE))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whoever sees the user."""
        return may(request, Capability.MANAGE_PEOPLE)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Others invite."""
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Others do it where they manage people."""
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Others do it where they manage people."""
        return is_superuser(request)


class PersonInline(admin.TabularInline[Membership, Organization]):
    """Who belongs to an organisation."""

    model = Membership
    form = MembershipForm
    extra = 0
    autocomplete_fields = ["user"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """Read the users of all rows at once."""
        return super().get_queryset(request).select_related("user")

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whoever manages people there."""
        return may(request, Capability.MANAGE_PEOPLE, None if obj is None else obj.pk)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Others invite."""
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whoever manages people there; of owners more is asked when it is saved."""
        return self.has_view_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whoever manages people there; of owners more is asked when it is saved."""
        return self.has_view_permission(request, obj)


def save_memberships(formset: Any, *, actor: User) -> None:
    """Do through services what was filled in.

    Raises:
        NotAllowed, LastOwner: see accounts.people.
    """
    formset.save(commit=False)
    for membership, _fields in formset.changed_objects:
        people.change_role(membership, Role(membership.role), actor=actor)
    for membership in formset.deleted_objects:
        people.remove_member(membership, actor=actor)
    for new in formset.new_objects:
        people.add_member(new.organization, user=new.user, role=Role(new.role), actor=actor)


def is_superuser(request: HttpRequest) -> bool:
    """Whether whoever asks may do everything."""
    user = staff_of(request)
    return user is not None and user.is_superuser
