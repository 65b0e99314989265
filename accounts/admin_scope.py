"""Who sees and does what in the back office: by their roles, not by single permissions of Django.

Every list of rows that belong to an organisation is a `ScopedAdmin`. Superusers see and do all;
other staff see the rows of organisations where they hold `seen_with`, and change those where they
hold `changed_with`.
"""

from typing import Any, TypeVar
from uuid import UUID

from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from accounts import audit
from accounts.models import CAPABILITIES, Capability, Organization, Role, User
from vertexar.errors import DomainError

Row = TypeVar("Row", bound=models.Model)


def staff_of(request: HttpRequest) -> User | None:
    """Who works here, if it is somebody who may."""
    user = request.user
    return user if isinstance(user, User) and user.is_active and user.is_staff else None


def places(request: HttpRequest, capability: Capability) -> list[UUID]:
    """The organisations in which whoever asks holds a capability by a role. Read once a request."""
    roles: dict[UUID, str] | None = request.__dict__.get("roles_by_organization")
    if roles is None:
        user = staff_of(request)
        roles = {} if user is None else dict(user.memberships.values_list("organization", "role"))
        request.__dict__["roles_by_organization"] = roles
    return [place for place, role in roles.items() if capability in CAPABILITIES[Role(role)]]


def may(request: HttpRequest, capability: Capability, place: UUID | None = None) -> bool:
    """Whether whoever asks holds a capability in an organisation, or without one in any."""
    user = staff_of(request)
    if user is None:
        return False
    mine = places(request, capability)
    return user.is_superuser or (bool(mine) if place is None else place in mine)


class ScopedAdmin(admin.ModelAdmin[Row]):
    """Rows that belong to organisations.

    Attributes:
        seen_with: what one must be able to do in an organisation to see its rows.
        changed_with: what one must be able to do there to change them.
        path: how a query gets from a row to its organisation.
        writes_audit: whether what is done here is written down here; else services do it.
    """

    seen_with = Capability.VIEW_CONTENT
    changed_with = Capability.EDIT_CONTENT
    path = "organization"
    writes_audit = True

    def organization_of(self, row: Row) -> UUID:
        """The organisation that a row belongs to."""
        value: UUID = getattr(row, f"{self.path}_id")
        return value

    # --- What is seen ----------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        """Scope to where whoever asks may look: the rest is not there."""
        return self.within(request, super().get_queryset(request), self.seen_with)

    def within(
        self, request: HttpRequest, rows: QuerySet[Row], capability: Capability
    ) -> QuerySet[Row]:
        """Keep the rows of organisations in which whoever asks holds a capability."""
        if (user := staff_of(request)) is not None and user.is_superuser:
            return rows
        return rows.filter(**{f"{self.path}__in": places(request, capability)})

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """Offer only what whoever asks may use."""
        user = staff_of(request)
        related = db_field.remote_field.model
        if user is not None and not user.is_superuser and "queryset" not in kwargs:
            rows = related._default_manager.all()
            if related is Organization:
                kwargs["queryset"] = rows.filter(pk__in=places(request, self.changed_with))
            elif hasattr(rows, "visible_to"):
                kwargs["queryset"] = rows.visible_to(user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    # --- What is done ----------------------------------------------------------------------------

    def has_module_permission(self, request: HttpRequest) -> bool:
        """By role."""
        return may(request, self.seen_with)

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """By role."""
        return self._may(request, self.seen_with, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """By role."""
        return may(request, self.changed_with)

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """By role."""
        return self._may(request, self.changed_with, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """By role."""
        return self._may(request, self.changed_with, obj)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Row], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Let actions do to chosen rows only what may be done to each of them."""
        rows = self.within(request, queryset, self.changed_with)
        return super().response_action(request, rows, *args, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Say so when a rule forbids a change, and keep nothing of it."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except DomainError as error:
            return self._refused(request, error)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Say so when a rule forbids it, and delete nothing."""
        try:
            return super().delete_view(request, *args, **kwargs)
        except DomainError as error:
            return self._refused(request, error)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Say so when a rule forbids what was to be done to the chosen rows."""
        try:
            return super().changelist_view(request, *args, **kwargs)
        except DomainError as error:
            return self._refused(request, error)

    # --- What is written down --------------------------------------------------------------------

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Write it down, also for the organisation's owners."""
        self._record(audit.Action.CREATED, request, obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Write it down, also for the organisation's owners."""
        self._record(audit.Action.CHANGED, request, obj, changes=message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Write it down, also for the organisation's owners."""
        for row in queryset:
            self._record(audit.Action.DELETED, request, row, name=str(row))
        return super().log_deletions(request, queryset)

    def _record(self, action: audit.Action, request: HttpRequest, row: Any, **details: Any) -> None:
        if self.writes_audit:
            place = row if isinstance(row, Organization) else None
            actor = staff_of(request)
            audit.record(action, actor=actor, target=row, organization=place, **details)

    def _may(self, request: HttpRequest, capability: Capability, row: Row | None) -> bool:
        return may(request, capability, None if row is None else self.organization_of(row))

    def _refused(self, request: HttpRequest, error: DomainError) -> HttpResponse:
        self.message_user(request, f"{error.message} {error.hint}".strip(), messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())
