"""Asking people by e-mail to join an organisation, and their joining."""

import hashlib
import secrets

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, tasks
from accounts.links import LinkNotValid
from accounts.mail import post
from accounts.models import (
    Invitation,
    Membership,
    Organization,
    Role,
    User,
    called,
    with_address,
)
from accounts.people import demand_right_over, locked
from accounts.registration import name_taken, unconfirmed
from vertexar.errors import Conflict, NotAllowed

TOKEN_BYTES = 32


class InvitationNotValid(LinkNotValid):
    """An invitation that was accepted, withdrawn or has run out, or never was one."""

    code = "invitation_not_valid"


class AlreadyMember(Conflict):
    """Who is invited or joins is in the organisation already."""

    code = "already_member"


class HasAccount(Conflict):
    """The address is that of an account: its owner joins with that."""

    code = "sign_in_first"


@transaction.atomic
def invite(organization: Organization, *, email: str, role: Role, actor: User) -> Invitation:
    """Invite somebody; an open invitation of the same address is renewed, and its link void.

    Raises:
        NotAllowed: the actor may not give that role there.
        AlreadyMember: it is the address of a member.
    """
    locked(organization)  # before the right is looked at: who loses it now invites nobody
    demand_right_over(organization, role, actor=actor)
    email = email.lower()
    if organization.memberships.filter(user__in=User.objects.filter(with_address(email))).exists():
        raise _already_member()
    row = organization.invitations.filter(email=email, accepted_at=None).first()
    if row is None:
        row = Invitation(organization=organization, email=email)
    else:
        demand_right_over(organization, Role(row.role), actor=actor)  # it may be an owner's
    row.role, row.invited_by = role, actor
    row.expires_at = timezone.now() + settings.INVITATION_TIMEOUT
    row.token_sha256 = _sha256(secrets.token_urlsafe(TOKEN_BYTES))  # until the mail is written
    row.save()
    audit.record(audit.Action.INVITED, actor=actor, target=row, email=email, role=role.value)
    post(tasks.send_invitation, str(row.pk))
    return row


def new_token(row: Invitation) -> str:
    """Make the token of an invitation, of which only the hash is kept; a former one is void."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    Invitation.objects.filter(pk=row.pk).update(
        token_sha256=_sha256(token), updated_at=timezone.now()
    )
    return token


@transaction.atomic
def withdraw(row: Invitation, *, actor: User) -> None:
    """Take an invitation back.

    Raises:
        NotAllowed: the actor may not give the role it is for.
    """
    demand_right_over(row.organization, Role(row.role), actor=actor)
    audit.record(audit.Action.DELETED, actor=actor, target=row, email=row.email, role=row.role)
    row.delete()


def waiting(token: str) -> Invitation | None:
    """Find the invitation of a token if it can still be accepted."""
    rows = Invitation.objects.open().select_related("organization", "invited_by")
    return rows.filter(token_sha256=_sha256(token)).first()


def account_of(row: Invitation) -> User | None:
    """Find the account that the invited address has; one never confirmed is nobody's."""
    return User.objects.exclude(pk__in=unconfirmed()).filter(with_address(row.email)).first()


@transaction.atomic
def accept(token: str, *, user: User) -> Membership:
    """Let somebody who is known join, whichever address they were invited by.

    Raises:
        InvitationNotValid: see there.
        AlreadyMember: they have joined before.
    """
    row = _taken(token)
    if row.organization.memberships.filter(user=user).exists():
        raise _already_member()
    if user.email.lower() == row.email and user.email_verified_at is None:
        user.email_verified_at = timezone.now()
        user.save(update_fields=["email_verified_at"])
    return _join(row, user)


def accept_as_new(token: str, *, username: str, password: str) -> Membership:
    """Make an account for who was invited, and let it join. Its address is verified by the mail.

    Raises:
        InvitationNotValid: see there.
        HasAccount: the address has an account.
        NameTaken: somebody has that user name.
        ValidationError: the password is too weak.
    """
    username = User.normalize_username(username)
    try:
        with transaction.atomic():
            row = _taken(token)
            if account_of(row) is not None:
                raise has_account()
            unconfirmed().filter(with_address(row.email)).delete()
            if User.objects.filter(called(username)).exists():
                raise name_taken()
            user = User(username=username, email=row.email, email_verified_at=timezone.now())
            user.save()
            audit.record(audit.Action.REGISTERED, actor=user, target=user)
            membership = _join(row, user)
            validate_password(password, user)  # who has joined: not the organisation's name either
            user.set_password(password)
            user.save(update_fields=["password"])
            return membership
    except IntegrityError as error:  # somebody was faster by the blink of an eye
        raise name_taken() from error


def has_account() -> HasAccount:
    """Say so, and what helps."""
    return HasAccount(
        _("There is an account with this address."),
        hint=_("Sign in with it and accept again."),
    )


def not_valid() -> InvitationNotValid:
    """Say so, and what helps."""
    return InvitationNotValid(
        _("This invitation was used already, was taken back or has run out."),
        hint=_("Ask for a new invitation."),
    )


def _taken(token: str) -> Invitation:
    """Find an invitation and lock it: it is accepted once.

    The organisation first, as everybody does who changes its people: so nobody waits in a circle.
    """
    rows = Invitation.objects.open().select_related("organization", "invited_by")
    rows = rows.filter(token_sha256=_sha256(token))
    if (row := rows.first()) is not None:
        locked(row.organization)
    row = rows.select_for_update(of=["self"]).first()
    if row is None or not _may_still_invite(row):
        raise not_valid()
    return row


def _may_still_invite(row: Invitation) -> bool:
    """Whether who invited could do so today: nobody lets others in who is out themselves."""
    inviter = row.invited_by
    if inviter is None or not inviter.is_active:
        return False
    try:
        demand_right_over(row.organization, Role(row.role), actor=inviter)
    except NotAllowed:
        return False
    return True


def _join(row: Invitation, user: User) -> Membership:
    membership = Membership.objects.create(
        user=user, organization=row.organization, role=Role(row.role)
    )
    row.accepted_at = timezone.now()
    row.save(update_fields=["accepted_at", "updated_at"])
    if _invited_to_the_desk(row) and not user.is_staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])
    audit.record(audit.Action.JOINED, actor=user, target=membership, role=row.role, email=row.email)
    return membership


def _invited_to_the_desk(row: Invitation) -> bool:
    """Whoever works in the back office invites into it: what opens there is up to the role."""
    inviter = row.invited_by
    return inviter is not None and inviter.is_active and inviter.is_staff


def _already_member() -> AlreadyMember:
    return AlreadyMember(_("They belong to this organisation already."))


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
