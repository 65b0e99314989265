"""Roles, and what those who manage people may do to others. Every rule of it stands here."""

from datetime import datetime
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, links, sessions, tasks
from accounts.mail import Letter, post
from accounts.models import (
    CAPABILITIES,
    Capability,
    ClosedBy,
    Invitation,
    Membership,
    Organization,
    Role,
    User,
    with_address,
)
from vertexar.errors import Conflict, NotAllowed, NotThere


class LastOwner(Conflict):
    """An organisation needs somebody who may manage its owners."""

    code = "last_owner"


class AddressTaken(Conflict):
    """Another account has that address."""

    code = "email_taken"
    field = "email"


# --- Who may see and do --------------------------------------------------------------------------


def organizations_where(user: User, capability: Capability) -> QuerySet[Organization]:
    """The organisations in which a user may do that; all of them for a superuser."""
    if user.is_superuser:
        return Organization.objects.all()
    roles = [role for role, capabilities in CAPABILITIES.items() if capability in capabilities]
    mine = Membership.objects.filter(user=user, role__in=roles)
    return Organization.objects.filter(pk__in=mine.values("organization"))


def people_seen_by(actor: User) -> QuerySet[User]:
    """Whom the actor may see: those who belong where the actor manages people."""
    if actor.is_superuser:
        return User.objects.all()
    theirs = organizations_where(actor, Capability.MANAGE_PEOPLE)
    return User.objects.filter(
        Exists(Membership.objects.filter(user=OuterRef("pk"), organization__in=theirs))
    )


def people_managed_by(actor: User) -> QuerySet[User]:
    """Whose account the actor may close: those who belong nowhere else, and are nobody higher."""
    if actor.is_superuser:
        return User.objects.all()
    people = organizations_where(actor, Capability.MANAGE_PEOPLE)
    owners = organizations_where(actor, Capability.MANAGE_OWNERS)
    beyond = ~Q(organization__in=people) | Q(role=Role.OWNER) & ~Q(organization__in=owners)
    theirs = Membership.objects.filter(beyond, user=OuterRef("pk"))
    return people_seen_by(actor).filter(~Exists(theirs), is_superuser=False)


def demand_right_over(organization: Organization, *roles: Role, actor: User) -> None:
    """Let pass only who may give and take these roles there.

    Raises:
        NotAllowed: by the actor's role.
    """
    if not actor.can(_needed_for(*roles), organization):
        raise NotAllowed(
            _("Your role does not allow this."), hint=_("Ask an owner of the organisation.")
        )


def locked(organization: Organization) -> Organization:
    """Hold an organisation until the transaction's end: its people change one at a time."""
    return Organization.objects.select_for_update().get(pk=organization.pk)


# --- Members -------------------------------------------------------------------------------------


@transaction.atomic
def add_member(organization: Organization, *, user: User, role: Role, actor: User) -> Membership:
    """Put somebody into an organisation without asking them.

    Raises:
        NotAllowed: the actor is no superuser; everybody else invites.
    """
    if not actor.is_superuser:
        raise NotAllowed(_("Your role does not allow this."), hint=_("Send an invitation."))
    membership = Membership.objects.create(organization=organization, user=user, role=role)
    audit.record(audit.Action.JOINED, actor=actor, target=membership, role=role.value)
    return membership


@transaction.atomic
def change_role(membership: Membership, role: Role, *, actor: User) -> Membership:
    """Give a member another role.

    Raises:
        NotAllowed: the actor may not manage people there, or not owners.
        LastOwner: there would be none.
    """
    organization = locked(membership.organization)
    membership = _still_there(membership)
    former = Role(membership.role)
    demand_right_over(organization, former, role, actor=actor)
    if former is role:
        return membership
    if former is Role.OWNER:
        _demand_another_owner(organization, besides=membership.user)
    membership.role = role
    membership.save(update_fields=["role", "updated_at"])
    audit.record(
        audit.Action.ROLE_CHANGED, actor=actor, target=membership, role=role.value, former=former
    )
    withdraw_lost_invitations(membership.user, actor=actor)
    return membership


@transaction.atomic
def change_member(
    membership: Membership, *, actor: User, role: Role | str = "", is_active: bool | None = None
) -> None:
    """Give a member another role, and close or open their account.

    Raises:
        NotAllowed, LastOwner: see `change_role`, `deactivate` and `activate`.
    """
    if role:
        change_role(membership, Role(role), actor=actor)
    if is_active is not None:
        (activate if is_active else deactivate)(membership.user, actor=actor)


@transaction.atomic
def remove_member(membership: Membership, *, actor: User) -> None:
    """Take somebody out of an organisation, or leave it: that everybody may.

    Raises:
        NotAllowed: the actor may not manage people there, or not owners.
        LastOwner: there would be none.
    """
    organization = locked(membership.organization)
    membership = _still_there(membership)
    role = Role(membership.role)
    if membership.user_id != actor.pk:
        demand_right_over(organization, role, actor=actor)
    if role is Role.OWNER:
        _demand_another_owner(organization, besides=membership.user)
    audit.record(
        audit.Action.REMOVED,
        actor=actor,
        target=membership.user,
        organization=organization,
        role=role.value,
    )
    membership.delete()
    withdraw_lost_invitations(membership.user, actor=actor)


def withdraw_lost_invitations(user: User, *, actor: User | None) -> None:
    """Take back what a user could not invite to any more. Called when they may do less than before.

    Within the transaction of that, with the user as they are now.
    """
    sent = Invitation.objects.filter(invited_by=user, accepted_at=None)
    for row in sent.select_related("organization"):
        if user.is_active and user.can(_needed_for(Role(row.role)), row.organization):
            continue
        audit.record(
            audit.Action.DELETED,
            actor=actor,
            target=row,
            email=row.email,
            role=row.role,
            reason="inviter_may_not",
        )
        row.delete()


# --- Accounts ------------------------------------------------------------------------------------


@transaction.atomic
def deactivate(user: User, *, actor: User) -> None:
    """Close an account: whoever is signed in with it is out at once.

    Raises:
        NotAllowed: it is the actor's own, or not theirs to close.
        LastOwner: an organisation would have none, and the actor is no superuser.
    """
    demand_right_over_account(user, actor=actor)
    if user.pk == actor.pk:
        raise NotAllowed(_("You can't deactivate yourself."), code="not_yourself")
    if not actor.is_superuser:  # who must be able to close what nobody wants
        owned = Organization.objects.filter(memberships__user=user, memberships__role=Role.OWNER)
        for organization in owned.order_by("pk").select_for_update(of=["self"]):
            _demand_another_owner(organization, besides=user)
    closed_by = ClosedBy(User.objects.select_for_update().get(pk=user.pk).closed_by)
    level = _level_of(actor, over=user)
    if closed_by >= level:
        return  # closed already, by who is as high
    _set_closed(user, level)
    sessions.end_all_sessions(user, actor=actor)
    _record_for_each_organization(audit.Action.DEACTIVATED, user, actor=actor)
    withdraw_lost_invitations(user, actor=actor)


@transaction.atomic
def activate(user: User, *, actor: User) -> None:
    """Open an account again.

    Raises:
        NotAllowed: it is not the actor's to open, or somebody higher has closed it.
    """
    demand_right_over_account(user, actor=actor)
    now = User.objects.select_for_update().get(pk=user.pk)
    if _level_of(actor, over=user) < now.closed_by:
        raise NotAllowed(
            _("Somebody higher has closed this account."),
            code="closed_by_higher",
            hint=_("Ask an owner, or an administrator of this installation."),
        )
    is_closed = not now.is_active
    _set_closed(user, ClosedBy.NOBODY)
    if is_closed:
        _record_for_each_organization(audit.Action.ACTIVATED, user, actor=actor)


@transaction.atomic
def end_sessions(user: User, *, actor: User) -> None:
    """Sign somebody out everywhere.

    Raises:
        NotAllowed: the account is not the actor's to manage.
    """
    demand_right_over_account(user, actor=actor)
    sessions.end_all_sessions(user, actor=actor)


def demand_right_over_account(user: User, *, actor: User) -> None:
    """Let pass only who manages people wherever the account belongs.

    Raises:
        NotAllowed: it belongs to others too, or to somebody higher.
    """
    if not people_managed_by(actor).filter(pk=user.pk).exists():
        raise NotAllowed(
            _("This account is not yours to manage: it belongs to others too."),
            code="belongs_to_others",
            hint=_("Take them out of your organisation instead."),
        )


# --- Oneself -------------------------------------------------------------------------------------


def rename(user: User, **names: str) -> None:
    """Change `first_name` and `last_name`."""
    for field, name in names.items():
        setattr(user, field, name)
    user.save(update_fields=list(names))


def ask_for_address(user: User, address: str) -> bool:
    """Change a user's address once its owner has confirmed it by mail.

    Whether another account has it is not told: nothing comes of it, and that is all.

    Returns:
        Whether it was changed at once, as nothing needs to be confirmed here.

    Raises:
        AddressTaken: without EMAIL_VERIFICATION only.
    """
    address = address.lower()
    if not settings.EMAIL_VERIFICATION:
        _take_address(user, address, verified_at=None)
        return True
    asks_nobody = _is_taken(address, by_other_than=user)
    post(tasks.send_address_change, str(uuid4() if asks_nobody else user.pk), address)
    return False


@transaction.atomic
def confirm_address(*, uid: str, address: str, token: str) -> User:
    """Take an address by the link that was sent to it.

    Raises:
        LinkNotValid: it was used, has run out, or never was one.
        AddressTaken: another account has it by now.
    """
    user = links.user_by(uid, token, links.change_to(address))
    _take_address(user, address, verified_at=timezone.now())
    return user


def _take_address(user: User, address: str, *, verified_at: datetime | None) -> None:
    if _is_taken(address, by_other_than=user):
        raise _address_taken()
    former = user.email
    user.email, user.email_verified_at = address, verified_at
    try:
        with transaction.atomic():
            user.save(update_fields=["email", "email_verified_at"])
            audit.record(
                audit.Action.CHANGED,
                actor=user,
                target=user,
                fields=["email"],
                verified=bool(verified_at),
            )
            post(tasks.send_notice, Letter.ADDRESS_CHANGED.value, former, user.username)
    except IntegrityError as error:  # somebody was faster by the blink of an eye
        raise _address_taken() from error


def _is_taken(address: str, *, by_other_than: User) -> bool:
    return User.objects.filter(with_address(address)).exclude(pk=by_other_than.pk).exists()


def _address_taken() -> AddressTaken:
    return AddressTaken(_("Another account has this address."), hint=_("Use another one."))


def _needed_for(*roles: Role) -> Capability:
    """What one must be able to do to give and take these roles."""
    return Capability.MANAGE_OWNERS if Role.OWNER in roles else Capability.MANAGE_PEOPLE


def _level_of(actor: User, *, over: User) -> ClosedBy:
    """As who an actor, who may do that at all, closes and opens an account."""
    if actor.is_superuser:
        return ClosedBy.ADMINISTRATOR
    places = Organization.objects.filter(memberships__user=over)
    is_owner = all(actor.can(Capability.MANAGE_OWNERS, place) for place in places)
    return ClosedBy.OWNER if is_owner else ClosedBy.MANAGER


def _demand_another_owner(organization: Organization, *, besides: User) -> None:
    owners = organization.memberships.filter(role=Role.OWNER, user__is_active=True)
    if not owners.exclude(user=besides).exists():
        raise LastOwner(
            _("An organisation needs an owner."), hint=_("Make somebody else an owner first.")
        )


def _still_there(membership: Membership) -> Membership:
    """Read a membership again, now that nobody else changes it."""
    rows = Membership.objects.select_for_update(of=["self"]).select_related("user", "organization")
    row = rows.filter(pk=membership.pk).first()
    if row is None:
        raise NotThere(_("There is nothing here."))
    return row


def _set_closed(user: User, by: ClosedBy) -> None:
    user.is_active, user.closed_by = by is ClosedBy.NOBODY, by
    user.save(update_fields=["is_active", "closed_by"])


def _record_for_each_organization(action: audit.Action, user: User, *, actor: User) -> None:
    """Write it down where each organisation's owners find it."""
    organizations: list[Organization | None] = list(
        Organization.objects.filter(memberships__user=user)
    )
    for organization in organizations or [None]:
        audit.record(action, actor=actor, target=user, organization=organization)
