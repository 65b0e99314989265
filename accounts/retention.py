"""What is kept no longer than it is needed."""

from datetime import timedelta

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts import audit, lockout
from accounts.models import ApiSession, AuditEntry, Invitation

# So long after its end a session or an invitation may still be asked about.
ENDED_KEPT = timedelta(days=30)


def forget_what_is_old() -> dict[str, int]:
    """Delete sessions and invitations that ended, failures past, and journals that are old.

    Returns:
        How many rows of each kind went.
    """
    now = timezone.now()
    old = now - timedelta(days=settings.AUDIT_DAYS)
    with audit.maintenance():
        entries, _by_kind = AuditEntry.objects.filter(at__lt=old).delete()
    long_ended = {"expires_at__lt": now - ENDED_KEPT}
    return {
        "audit entries": entries,
        "history of the back office": LogEntry.objects.filter(action_time__lt=old).delete()[0],
        "failures to sign in": lockout.forget_what_is_past(),
        "API sessions": ApiSession.objects.filter(**long_ended).delete()[0],
        "invitations": Invitation.objects.filter(**long_ended).delete()[0],
        "browser sessions": Session.objects.filter(expire_date__lt=now).delete()[0],
    }
