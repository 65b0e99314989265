"""What is kept of a person: handed out to them, and taken away when they ask."""

from typing import Any
from uuid import uuid4

from allauth.socialaccount.models import SocialAccount
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django_otp import devices_for_user

from accounts import audit
from accounts.models import (
    ApiSession,
    AuditEntry,
    BackupCodeSet,
    ClosedBy,
    Invitation,
    Organization,
    Role,
    User,
)
from accounts.people import LastOwner, withdraw_lost_invitations
from accounts.traces import forget, history_of, traces_of

# No mail is ever sent there: RFC 2606 keeps the name free.
NOWHERE = "erased.invalid"
# How Django's history of the back office calls what was done.
DONE = {ADDITION: "added", CHANGE: "changed", DELETION: "deleted"}


def export_of(user: User) -> dict[str, Any]:
    """All that is kept of a person, ready for JSON. Secrets are not: they are no use to anybody."""
    entries = AuditEntry.objects.filter(Q(actor=user) | Q(object_id=str(user.pk)))
    history = LogEntry.objects.filter(user=user) | history_of(User, [user.pk])
    return {
        "user": {
            "id": str(user.pk),
            "username": user.username,
            "email": user.email,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "joined": user.date_joined,
            "last_login": user.last_login,
            "email_verified": user.email_verified_at,
            "second_factor": any(devices_for_user(user)),
        },
        "memberships": [
            {"organization": membership.organization.name, "role": membership.role}
            for membership in user.memberships.select_related("organization")
        ],
        "comes_in_by": list(
            SocialAccount.objects.filter(user=user).values("provider", "uid", "date_joined")
        ),
        "sessions": list(
            user.api_sessions.values(
                "created_at", "refreshed_at", "expires_at", "ended_at", "ip", "user_agent"
            )
        ),
        "invitations": list(
            Invitation.objects.filter(email__iexact=user.email).values(
                "created_at", "organization__name", "role", "accepted_at"
            )
        ),
        "audit": [
            {
                "at": entry.at,
                "action": entry.action,
                "object_type": entry.object_type,
                "object_id": entry.object_id,
                "ip": entry.ip if entry.actor_id == user.pk else None,  # others' are not theirs
                "details": entry.details,
            }
            for entry in entries
        ],
        # What others were called whom they worked on is not theirs: keys tell it.
        "back_office": [
            {
                "at": done.action_time,
                "action": DONE[done.action_flag],
                "object_type": done.content_type.model if done.content_type else None,
                "object_id": done.object_id,
                "by_them": done.user_id == user.pk,
            }
            for done in history.select_related("content_type")
        ],
    }


def record_export(user: User, *, actor: User | None) -> dict[str, Any]:
    """Hand out what is kept of a person, and write down that it was handed out."""
    exported = export_of(user)
    audit.record(audit.Action.EXPORTED, actor=actor, target=user)
    return exported


@transaction.atomic
def erase(user: User, *, actor: User | None) -> None:
    """Take away all that tells who somebody was. What they made belongs to their organisations.

    The row stays, empty and closed, so that what points at it still points at somebody.

    Raises:
        LastOwner: they own an organisation with other people in it, and nobody else does.
    """
    nobody = f"erased-{uuid4().hex[:12]}"
    # The organisations first, as everybody does who changes their people: one at a time.
    organizations = Organization.objects.filter(memberships__user=user).order_by("pk")
    theirs = {}
    for organization in organizations.select_for_update(of=["self"]):
        former = organization.name
        if _leave_behind(organization, user, neutral_name=nobody):
            theirs[organization.pk] = former
    user = User.objects.select_for_update().get(pk=user.pk)
    known = traces_of(user)
    ApiSession.objects.filter(user=user).delete()
    BackupCodeSet.objects.filter(user=user).delete()
    SocialAccount.objects.filter(user=user).delete()
    for device in devices_for_user(user, confirmed=None):
        device.delete()
    user.memberships.all().delete()
    user.username, user.email = nobody, f"{nobody}@{NOWHERE}"
    user.first_name = user.last_name = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.closed_by = ClosedBy.ADMINISTRATOR
    user.email_verified_at = None
    user.session_version += 1
    user.set_unusable_password()
    user.save()
    audit.record(audit.Action.ERASED, actor=actor, target=user)
    withdraw_lost_invitations(user, actor=actor)
    forget(known, theirs=theirs)


def _leave_behind(organization: Organization, user: User, *, neutral_name: str) -> bool:
    """Make sure that an organisation, held until the transaction's end, can do without somebody.

    One that nobody else belongs to is named like its only member as likely as not: not any more.

    Returns:
        Whether that is so.

    Raises:
        LastOwner: other people work in it, and none of them owns it.
    """
    others = organization.memberships.exclude(user=user)
    is_owner = organization.memberships.filter(user=user, role=Role.OWNER).exists()
    active = others.filter(user__is_active=True)
    if is_owner and active.exists() and not active.filter(role=Role.OWNER).exists():
        raise LastOwner(
            _("Nobody else owns “%(name)s”.") % {"name": organization.name},
            hint=_("Make somebody else an owner first."),
        )
    if is_theirs_alone := not others.exists():
        tag = str(organization.pk)[:8]
        organization.name = f"{neutral_name}-{tag}"
        organization.save(update_fields=["name", "updated_at"])
    return is_theirs_alone
