"""System checks of the backups: settings that would make a night's backup fail are said at once."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004

from backups import encryption
from backups.destinations import urls
from backups.destinations.folder import FolderDestination
from vertexar.errors import DomainError


@register()
def destinations_can_be_understood(**kwargs: Any) -> list[CheckMessage]:
    """Each is a URL of a kind we know, and no two are the same place."""
    try:
        urls.configured()
    except DomainError as error:
        return [_error("BACKUP_DESTINATIONS", error, "backups.E001")]
    return []


@register(Tags.security)
def recipients_are_recipients(**kwargs: Any) -> list[CheckMessage]:
    """One that is none would leave the backup unmade; a secret key does not belong there at all."""
    if not settings.BACKUP_RECIPIENTS:
        return []
    try:
        encryption.parse_recipients(settings.BACKUP_RECIPIENTS)
    except DomainError as error:
        return [_error("BACKUP_RECIPIENTS", error, "backups.E002")]
    return []


@register(Tags.security)
def drill_identity_is_an_identity(**kwargs: Any) -> list[CheckMessage]:
    """A drill with one that is none would prove nothing."""
    if not settings.BACKUP_DRILL_IDENTITY:
        return []
    try:
        encryption.parse_identities(settings.BACKUP_DRILL_IDENTITY)
    except DomainError as error:
        return [_error("BACKUP_DRILL_IDENTITY", error, "backups.E003")]
    return []


@register(Tags.security, deploy=True)
def backups_are_made(**kwargs: Any) -> list[CheckMessage]:
    """Without a recipient nothing can be encrypted, so nothing is backed up."""
    if settings.BACKUP_RECIPIENTS:
        return []
    hint = "`manage.py backup_keygen` makes a key pair and says what to set."
    return [
        Warning("No backups are made: BACKUP_RECIPIENTS is empty.", hint=hint, id="backups.W001")
    ]


@register(Tags.security, deploy=True)
def backups_leave_the_machine(**kwargs: Any) -> list[CheckMessage]:
    """A backup beside what it is of burns with it."""
    try:
        destinations = urls.configured()
    except DomainError:
        return []  # said above
    home = settings.VERTEXAR_HOME
    for destination in destinations:
        is_at_home = isinstance(destination, FolderDestination) and (
            destination.root.is_relative_to(home)
        )
        if not is_at_home:
            return []  # a bucket, or where another disk or machine may be mounted
    hint = "Add a bucket, or a folder on another machine, to BACKUP_DESTINATIONS."
    return [Warning("All backups lie in VERTEXAR_HOME.", hint=hint, id="backups.W002")]


def _error(setting: str, error: DomainError, check_id: str) -> CheckMessage:
    return Error(f"{setting}: {error.message}", hint=error.hint or None, id=check_id)
