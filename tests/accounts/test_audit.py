"""What was done is written down, and nobody can change what is written."""

import pytest
from django.db import ProgrammingError, connection, transaction
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import audit
from accounts.models import AuditEntry
from tests.accounts.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def test_signing_in_is_written_down_with_address_and_request(settings: Settings) -> None:
    settings.NUM_PROXIES = 1  # whose id of the request is kept
    user = UserFactory.create()
    client = APIClient(headers={"X-Request-ID": "request-1234"})

    client.post("/api/v1/auth/login", {"username": user.username, "password": PASSWORD}, "json")

    entry = AuditEntry.objects.get(action="login")
    assert (entry.actor, entry.object_id, entry.ip) == (user, str(user.pk), "127.0.0.1")
    assert entry.request_id == "request-1234"


def test_the_database_itself_refuses_to_change_or_delete_an_entry() -> None:
    audit.record(audit.Action.LOGIN, actor=None)

    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        AuditEntry.objects.update(action="logout")
    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        AuditEntry.objects.all().delete()
    with (
        pytest.raises(ProgrammingError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM accounts_auditentry")

    assert AuditEntry.objects.get().action == "login"


def test_secrets_are_not_written_down_at_any_depth() -> None:
    audit.record(
        audit.Action.CHANGED, actor=None, title="new", changes={"password": "hunter2", "name": "n"}
    )

    details = AuditEntry.objects.get().details
    assert details == {"title": "new", "changes": {"password": audit.HIDDEN, "name": "n"}}


def test_an_entry_outlives_whom_it_is_about() -> None:
    user = UserFactory.create()
    audit.record(audit.Action.LOGIN, actor=user, target=user)
    key = user.pk

    user.delete()

    assert AuditEntry.objects.get().actor_id == key
