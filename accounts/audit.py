"""Writing down who did what. Called by services, in the transaction of what is written down."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, models, transaction

from accounts.models import AuditEntry, Organization, User
from vertexar import client, request_id

# What is never written down, whatever a form or a serializer calls it.
SECRET_WORDS = ("password", "secret", "token", "otp")
HIDDEN = "…"

Action = AuditEntry.Action


def record(
    action: AuditEntry.Action,
    *,
    actor: User | None,
    target: models.Model | None = None,
    organization: Organization | None = None,
    **details: Any,
) -> AuditEntry:
    """Add an entry, with the address and the id of the request at hand if there is one.

    Args:
        action: what was done, or tried.
        actor: who did it; None for nobody that we know, or for the system itself.
        target: what it was done to.
        organization: whose business it is; that of the target if it has one.
        **details: what else is worth knowing, ready for JSON. Secrets among them are hidden.
    """
    if organization is None and target is not None:
        organization = getattr(target, "organization", None)
    return AuditEntry.objects.create(
        action=action,
        actor=actor,
        organization=organization,
        object_type=target._meta.label if target is not None else "",
        object_id=str(target.pk) if target is not None else "",
        details=without_secrets(details),
        ip=client.current_ip.get() or None,
        request_id=request_id.current.get(),
    )


@contextmanager
def maintenance() -> Iterator[None]:
    """Let retention and erasure do what PostgreSQL refuses everybody else, in a transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL vertexar.audit_maintenance = 'on'")
        yield
        cursor.execute("SET LOCAL vertexar.audit_maintenance = 'off'")


def without_secrets(details: dict[str, Any]) -> dict[str, Any]:
    """The same with the values hidden whose names speak of secrets, at any depth."""
    return {name: _shown(name, value) for name, value in details.items()}


def _shown(name: str, value: Any) -> Any:
    if any(word in name.lower() for word in SECRET_WORDS):
        return HIDDEN
    return without_secrets(value) if isinstance(value, dict) else value
