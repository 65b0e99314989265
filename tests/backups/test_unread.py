"""What is looked at and can't be read: tried again, then written down and told, once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from kombu.exceptions import OperationalError as NoBroker
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from backups import letters, performing, pruning, services, standing, tasks, verification
from backups.destinations import DestinationFailed
from backups.models import BackupRun
from tests.backups.conftest import Faulty, Site, refuse
from tests.backups.test_admin import url_of
from tests.backups.test_tasks import now
from vertexar.errors import NotThere

__all__ = ["now"]  # a fixture
pytestmark = pytest.mark.django_db
TRIES = 6


@pytest.fixture
def run(site: Site, superuser: User) -> BackupRun:
    return services.back_up_now(BackupRun.Kind.MANUAL, actor=None)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Times that a destination was asked in vain."""
    times: list[str] = []

    def down(*arguments: object, **options: object) -> None:
        times.append("asked")
        raise DestinationFailed("It is down.", code="destination_unreachable", hint="Wait.")

    monkeypatch.setattr(verification, "verify", down)
    monkeypatch.setattr(performing, "drill", down)
    return times


LOOKS: dict[str, Callable[[BackupRun], object]] = {
    "verification": lambda run: services.request_verification(run=run, actor=None),
    "drill": lambda run: services.request_drill(run=run, actor=None),
    "nightly drill": lambda run: tasks.drill_newest.delay(),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_it_is_tried_again_and_then_told_once_and_is_no_verdict(
    site: Site, run: BackupRun, asked: list[str], settings: Settings, now: Callable[..., None],
    look: Callable[[BackupRun], object],
) -> None:  # fmt: skip
    settings.BACKUP_DRILL_IDENTITY = site.identity
    now(lambda: look(run))
    now(lambda: look(run))

    assert len(asked) == 2 * TRIES
    run.refresh_from_db()
    assert run.unread_failure == "destination_unreachable: It is down. Wait."
    assert (run.verify_failure, run.restore_failure) == ("", "")
    assert (run.verified_at, run.restore_tested_at) == (None, None)
    [letter] = mail.outbox
    assert "could not be read" in letter.subject
    assert "It is down." in letter.body
    assert run.name not in pruning._damaged()
    assert standing.current().last_good == run


def test_once_it_can_be_read_again_that_is_forgotten(
    site: Site, run: BackupRun, settings: Settings, transactional_db: None
) -> None:
    settings.BACKUP_DRILL_IDENTITY = site.identity
    BackupRun.objects.update(unread_failure="It was down.")
    verification.verify_everywhere(run.name, site.places)
    run.refresh_from_db()
    assert run.unread_failure == ""

    BackupRun.objects.update(unread_failure="It was down.")
    assert performing.try_out(run.name).unread_failure == ""


def test_superusers_see_why_on_its_page(client: Client, run: BackupRun, superuser: User) -> None:
    BackupRun.objects.update(unread_failure="destination_refused: Who are <you>?")
    client.force_login(superuser)

    shown = client.get(url_of(run)).content.decode()

    assert "destination_refused: Who are &lt;you&gt;?" in shown
    api = APIClient()
    api.force_authenticate(superuser)
    answer = api.get(f"/api/v1/backups/{run.pk}")
    assert answer.json()["unread_failure"] == "destination_refused: Who are <you>?"


def test_a_drill_of_a_run_whose_only_place_is_down_does_not_say_that_there_is_none(
    site: Site, run: BackupRun, faulty: list[Faulty], settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    settings.BACKUP_DRILL_IDENTITY = site.identity
    monkeypatch.setattr(faulty[0], "open", refuse, raising=False)
    with pytest.raises(DestinationFailed):
        performing.try_out(run.name)

    monkeypatch.undo()
    with pytest.raises(NotThere):
        performing.try_out("20200101T000000Z-00000000")


def test_with_no_row_at_all_it_is_only_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    performing.note_unread("", DestinationFailed("It is down."))

    assert "the newest backup can't be read: It is down." in caplog.text


def test_a_letter_that_the_broker_did_not_take_is_sent_by_the_sweep_and_once(
    run: BackupRun, now: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(run_id: str) -> None:
        raise NoBroker

    BackupRun.objects.update(verify_failure="It has no end.")
    with monkeypatch.context() as patch:
        patch.setattr(tasks.tell_of_failure, "delay", away)
        now(lambda: letters.owe(run))
    now(tasks.requeue_lost_backups)
    assert mail.outbox == []

    BackupRun.objects.update(untold_since=timezone.now() - 2 * letters.TOLD_WITHIN)
    now(tasks.requeue_lost_backups)
    assert len(mail.outbox) == 1
    BackupRun.objects.filter(untold_since=None).get()
    now(lambda: tasks.tell_of_failure(str(run.pk)))
    assert len(mail.outbox) == 1


def test_a_letter_that_the_mail_server_refused_stays_owed(
    run: BackupRun, now: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: object) -> None:
        raise ConnectionRefusedError

    BackupRun.objects.update(
        verify_failure="It has no end.", untold_since=timezone.now() - timedelta(days=1)
    )
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", refused)
        now(letters.send_overdue)
    assert BackupRun.objects.exclude(untold_since=None).exists()

    now(letters.send_overdue)  # not every half minute
    assert mail.outbox == []
