"""Reading a time that a command was given."""

from datetime import datetime

from django.core.management.base import CommandError
from django.utils import timezone

from backups.management.identities import WRONG_CALL


def moment_of(text: str) -> datetime:
    """Read a time; one without a zone is of TIME_ZONE.

    Raises:
        CommandError: it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(
            f"--at {text}: not a time such as 2026-11-21T02:00+03:00", returncode=WRONG_CALL
        ) from error
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
