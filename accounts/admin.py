"""People and organisations in the back office."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group

from accounts.models import Membership, Organization, User

admin.site.unregister(Group)  # roles are memberships


class MembershipInline(admin.TabularInline[Membership, User]):
    """Where a user belongs."""

    model = Membership
    extra = 0
    autocomplete_fields = ["organization"]


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    """Users, with the organisations they belong to."""

    list_display = ["username", "email", "is_staff", "is_active", "last_login"]
    inlines = [MembershipInline]
    filter_horizontal = ["user_permissions"]


@admin.register(Organization)
class OrganizationAdmin(admin.ModelAdmin[Organization]):
    """Tenants."""

    list_display = ["name", "created_at"]
    search_fields = ["name"]
