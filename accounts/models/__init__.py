"""Tables of this room: people and where they belong, their sessions, and what they did."""

from accounts.models.audit import AuditEntry
from accounts.models.otp import BackupCode, BackupCodeSet
from accounts.models.people import (
    CAPABILITIES,
    Capability,
    ClosedBy,
    Membership,
    Organization,
    OrganizationQuerySet,
    Role,
    User,
    called,
    with_address,
)
from accounts.models.sessions import ApiSession, Invitation
from accounts.models.social import SocialCode

__all__ = [
    "CAPABILITIES",
    "ApiSession",
    "AuditEntry",
    "BackupCode",
    "BackupCodeSet",
    "Capability",
    "ClosedBy",
    "Invitation",
    "Membership",
    "Organization",
    "OrganizationQuerySet",
    "Role",
    "SocialCode",
    "User",
    "called",
    "with_address",
]
