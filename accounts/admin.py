"""People and organisations in the back office."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from accounts.lockout import unlock_chosen
from accounts.models import Membership, Organization, User
from accounts.otp.admin import take_away_second_factor

admin.site.unregister(Group)  # roles are memberships


class MembershipInline(admin.TabularInline[Membership, User]):
    """Where a user belongs."""

    model = Membership
    extra = 0
    autocomplete_fields = ["organization"]


class PersonInline(admin.TabularInline[Membership, Organization]):
    """Who belongs to an organisation."""

    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    """Users, with the organisations they belong to."""

    list_display = ["username", "email", "belongs_to", "is_staff", "is_active", "last_login"]
    list_filter = ["is_staff", "is_active", "memberships__role"]
    inlines = [MembershipInline]
    actions = [unlock_chosen, take_away_second_factor]
    filter_horizontal = ["user_permissions"]
    fieldsets = (
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email"]}),
        (_("Access"), {"fields": ["is_active", "is_staff", "is_superuser"]}),
        (_("Single permissions"), {"fields": ["user_permissions"], "classes": ["collapse"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    )
    add_fieldsets = (
        (
            None,
            {"fields": ["username", "email", "usable_password", "password1", "password2"]},
        ),
        (_("Access"), {"fields": ["is_staff"]}),
    )
    readonly_fields = ["last_login", "date_joined"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Read the memberships of a whole list at once."""
        return super().get_queryset(request).prefetch_related("memberships__organization")

    @admin.display(description=_("organisations"))
    def belongs_to(self, user: User) -> str:
        rows = ((m.organization, m.get_role_display()) for m in user.memberships.all())
        return format_html_join(", ", "{}: {}", rows) or "–"


@admin.register(Organization)
class OrganizationAdmin(admin.ModelAdmin[Organization]):
    """Tenants."""

    list_display = ["name", "people", "created_at"]
    search_fields = ["name"]
    inlines = [PersonInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organization]:
        """Count the people of a whole list at once."""
        return super().get_queryset(request).annotate(people_total=Count("memberships"))

    @admin.display(description=_("people"), ordering="people_total")
    def people(self, organization: Organization) -> int:
        return int(getattr(organization, "people_total", 0))
