"""What is kept of a person: handed out to them, and taken away when they ask."""

from typing import Any
from uuid import uuid4

from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django_otp import devices_for_user

from accounts import audit
from accounts.models import ApiSession, AuditEntry, BackupCodeSet, Invitation, Role, User
from vertexar.errors import Conflict

# No mail is ever sent there: RFC 2606 keeps the name free.
NOWHERE = "erased.invalid"


class LastOwner(Conflict):
    """Somebody else must own the organisation first."""

    code = "last_owner"


def export_of(user: User) -> dict[str, Any]:
    """All that is kept of a person, ready for JSON. Secrets are not: they are no use to anybody."""
    entries = AuditEntry.objects.filter(Q(actor=user) | Q(object_id=str(user.pk)))
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
    user = User.objects.select_for_update().get(pk=user.pk)
    for membership in user.memberships.filter(role=Role.OWNER).select_related("organization"):
        others = membership.organization.memberships.exclude(user=user)
        if others.exists() and not others.filter(role=Role.OWNER).exists():
            raise LastOwner(
                _("Nobody else owns “%(name)s”.") % {"name": membership.organization.name},
                hint=_("Make somebody else an owner first."),
            )
    Invitation.objects.filter(email__iexact=user.email).delete()
    ApiSession.objects.filter(user=user).delete()
    BackupCodeSet.objects.filter(user=user).delete()
    SocialAccount.objects.filter(user=user).delete()
    for device in devices_for_user(user, confirmed=None):
        device.delete()
    user.memberships.all().delete()
    email = user.email
    nobody = f"erased-{uuid4().hex[:12]}"
    user.username, user.email = nobody, f"{nobody}@{NOWHERE}"
    user.first_name = user.last_name = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.email_verified_at = None
    user.session_version += 1
    user.set_unusable_password()
    user.save()
    audit.record(audit.Action.ERASED, actor=actor, target=user)
    with audit.maintenance():  # that something was done remains, not from where
        AuditEntry.objects.filter(actor=user).update(ip=None)
        AuditEntry.objects.filter(details__email__iexact=email).update(details={})
