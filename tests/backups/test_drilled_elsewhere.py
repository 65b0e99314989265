"""What a drill on another machine has found, written down on the server."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import AuditEntry, User
from backups import standing
from backups.models import BackupRun
from backups.standing import Complaint
from tests.backups.conftest import Site
from tests.backups.test_admin import a_run
from tests.backups.test_tasks import now

__all__ = ["now"]  # a fixture
pytestmark = pytest.mark.django_db


@pytest.fixture
def run(site: Site) -> BackupRun:
    return a_run(hours=3)


def drilled(*arguments: str) -> str:
    out = StringIO()
    call_command("backup_drilled", *arguments, stdout=out)
    return out.getvalue()


def test_a_backup_that_restored_elsewhere_is_seen_to_restore(run: BackupRun) -> None:
    assert standing.current().complaints == [Complaint.NONE_TESTED]

    assert drilled(run.name, "ok") == f"{run.name}: restores\n"

    assert standing.current().complaints == []
    assert AuditEntry.objects.filter(action="backup_tested", object_id=str(run.pk)).exists()


def test_one_that_did_not_is_told(
    run: BackupRun, superuser: User, now: Callable[..., None]
) -> None:
    now(lambda: drilled(run.name, "failed", "--why", "It has no tables."))

    assert Complaint.DOES_NOT_RESTORE in standing.current().complaints
    [letter] = mail.outbox
    assert "drilled_elsewhere: It has no tables." in letter.body


def test_it_may_be_told_later(run: BackupRun) -> None:
    then = timezone.now() - timedelta(hours=1)
    drilled(run.name, "ok", "--at", then.isoformat())

    run.refresh_from_db()
    assert run.restore_tested_at == then


@pytest.mark.parametrize("hours", [-2, 48], ids=["to come", "before it was made"])
def test_what_can_not_have_been_then_is_refused(run: BackupRun, hours: int) -> None:
    then = timezone.now() - timedelta(hours=hours)
    with pytest.raises(CommandError, match="not_then") as refusal:
        drilled(run.name, "ok", "--at", then.isoformat())

    assert refusal.value.returncode == 1
    assert standing.current().last_tested is None


def test_a_backup_that_is_not_there_is_refused(run: BackupRun) -> None:
    BackupRun.objects.update(removed_at=timezone.now())
    for name in (run.name, "20200101T000000Z-00000000"):
        with pytest.raises(CommandError, match="no_such_backup"):
            drilled(name, "ok")
