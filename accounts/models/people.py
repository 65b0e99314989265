"""Users, organisations (the tenants) and who may do what where."""

from enum import IntEnum
from typing import ClassVar, Self
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from vertexar.models import BaseModel


class Capability(models.TextChoices):
    """What one may do in an organisation. Code asks for these, never for a role."""

    VIEW_CONTENT = "content.view"
    EDIT_CONTENT = "content.edit"
    MANAGE_PEOPLE = "people.manage"
    MANAGE_OWNERS = "owners.manage"
    VIEW_AUDIT = "audit.view"


models.CharField.register_lookup(Lower)  # `email__lower`, as the unique indexes have it


def with_address(address: str) -> Q:
    """Of users: whose address it is, however it is written. An index finds them."""
    return Q(email__lower=Lower(Value(address)))


def called(username: str) -> Q:
    """Of users: who has that name, however it is written. An index finds them."""
    return Q(username__lower=Lower(Value(username)))


class ClosedBy(IntEnum):
    """Who has closed an account: nobody lower opens it again."""

    NOBODY = 0
    MANAGER = 1  # of people, wherever the account belongs
    OWNER = 2
    ADMINISTRATOR = 3


class Users(UserManager["User"]):
    """Everybody."""

    use_in_migrations = False

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find who signs in, however they write their name.

        Raises:
            User.DoesNotExist: nobody has it.
        """
        return self.get(called(username or ""))


class User(AbstractUser):
    """Somebody who can sign in."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    email = models.EmailField(_("email address"), unique=True)
    email_verified_at = models.DateTimeField(_("address verified"), null=True, blank=True)
    session_version = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text=_("Counted up, it ends all sessions.")
    )
    closed_by = models.PositiveSmallIntegerField(  # of `ClosedBy`
        default=ClosedBy.NOBODY.value, db_default=ClosedBy.NOBODY.value, editable=False
    )

    objects: ClassVar[Users] = Users()

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="user_username_once",
                violation_error_message=_("This user name is taken."),
            ),
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_once",
                violation_error_message=_("Another account has this address."),
            ),
        ]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must match to go on: it ends with a new password or a new version."""
        salt = "accounts.User.session"
        value = f"{self.password}{self.session_version}"
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()

    def can(self, capability: Capability, organization: "Organization") -> bool:
        """Whether this user may do that in that organisation."""
        if self.is_superuser:
            return True
        roles = self.memberships.filter(organization=organization).values_list("role", flat=True)
        return any(capability in CAPABILITIES[Role(role)] for role in roles)


class OrganizationQuerySet(models.QuerySet["Organization"]):
    """Questions about organisations."""

    def visible_to(self, user: User) -> Self:
        """The organisations the user belongs to; all of them for a superuser."""
        return self if user.is_superuser else self.filter(memberships__user=user)


class Organization(BaseModel):
    """A tenant. One is made at first start, so that a single studio never meets the word."""

    name = models.CharField(_("name"), max_length=200, unique=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What somebody is in an organisation."""

    OWNER = "owner", _("owner")
    MANAGER = "manager", _("manager")
    EDITOR = "editor", _("editor")
    VIEWER = "viewer", _("viewer")


CAPABILITIES: dict[Role, frozenset[Capability]] = {
    Role.OWNER: frozenset(Capability),
    Role.MANAGER: frozenset(Capability) - {Capability.MANAGE_OWNERS},
    Role.EDITOR: frozenset({Capability.VIEW_CONTENT, Capability.EDIT_CONTENT}),
    Role.VIEWER: frozenset({Capability.VIEW_CONTENT}),
}


class Membership(BaseModel):
    """A user's role in one organisation."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="memberships",
        verbose_name=_("user"),
    )
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="memberships", verbose_name=_("organisation")
    )
    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.VIEWER)

    class Meta:
        ordering = ["organization", "user"]
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(
                "user", "organization", name="membership_once_per_organization"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.organization} · {self.get_role_display()}"
