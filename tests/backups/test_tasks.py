"""Nights: asked for once, made by a worker, tried again, told of when they fail."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from celery.schedules import crontab
from django.conf import settings as configured
from django.core import mail
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import AuditEntry, User
from backups import catalogue, letters, lock, making, performing, postgres, pruning, services, tasks
from backups.destinations import DestinationFailed
from backups.genuine import PartDamaged
from backups.models import BackupRun
from backups.postgres import ProgramUnusable
from config.celery import app
from tests.backups.conftest import Faulty, Site, refuse
from vertexar.errors import Conflict
from vertexar.leases import JobStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def now(
    settings: Settings, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> Callable[[Callable[[], object]], None]:
    """Do something and all the work that it sends to workers."""
    settings.CELERY_TASK_ALWAYS_EAGER = True

    def run(act: Callable[[], object]) -> None:
        app.conf.task_always_eager = True
        try:
            with django_capture_on_commit_callbacks(execute=True):
                act()
        finally:
            app.conf.task_always_eager = False

    return run


def spoil(file: Path) -> None:
    """Change the last byte, whichever it is."""
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Callable[[str], None]:
    """Set the time at which backups are asked for, in UTC: `2026-11-21 02:00`."""
    settings.TIME_ZONE = "UTC"

    def set_to(text: str) -> None:
        moment = timezone.make_aware(datetime.fromisoformat(text), UTC)
        asked = SimpleNamespace(now=lambda: moment, get_default_timezone=lambda: UTC)
        monkeypatch.setattr(services, "timezone", asked)

    return set_to


def test_a_night_is_made_by_a_worker(
    site: Site, now: Callable[..., None], clock: Callable[[str], None]
) -> None:
    site.store(b"a picture")
    clock("2026-11-21 02:00:03")
    now(tasks.start_nightly)

    row = BackupRun.objects.get()
    assert (row.kind, row.status, row.night) == ("nightly", JobStatus.READY, date(2026, 11, 21))
    assert catalogue.runs_at(site.places[0])[0].run == row.name
    assert AuditEntry.objects.filter(action="backup_made", object_id=str(row.pk)).exists()


def test_a_clock_that_strikes_twice_makes_one_backup(
    site: Site, now: Callable[..., None], clock: Callable[[str], None]
) -> None:
    for moment in ("2026-11-21 01:59:59", "2026-11-21 02:00:00", "2026-11-21 09:30:00"):
        clock(moment)  # of a machine that is behind, of one that is right, of one that was down
        now(tasks.start_nightly)

    assert BackupRun.objects.count() == 1
    assert len(catalogue.runs_at(site.places[0])) == 1


@pytest.mark.parametrize(
    ("schedule", "asked", "nights"),
    [
        ("0 */6 * * *", ["21 00:00", "21 06:00", "21 12:02", "21 18:00"], [21, 21, 21, 21]),
        ("55 23 * * *", ["20 23:55", "22 00:03", "22 23:55"], [20, 21, 22]),
        ("0 0 * * *", ["20 23:59", "22 00:00"], [21, 22]),
    ],
    ids=["four a day", "begun after midnight", "at midnight"],
)
def test_each_moment_of_the_schedule_has_a_backup(
    settings: Settings, clock: Callable[[str], None], schedule: str, asked: list[str],
    nights: list[int],
) -> None:  # fmt: skip
    settings.BACKUP_SCHEDULE = crontab.from_string(schedule)
    for moment in asked:
        clock(f"2026-11-{moment}")
        services.request_nightly()

    rows = BackupRun.objects.order_by("due_at")
    assert [row.night.day for row in rows if row.night is not None] == nights


def test_after_a_night_retention_has_its_turn(
    site: Site, now: Callable[..., None], settings: Settings
) -> None:
    settings.BACKUP_KEEP_DAILY = 7
    now(tasks.start_nightly)

    assert BackupRun.objects.get().kept_until is not None


def test_one_message_delivered_to_two_workers_is_one_backup(
    site: Site, now: Callable[..., None]
) -> None:
    row = services.request_run(actor=None)
    now(lambda: tasks.make_backup(str(row.pk)))
    now(lambda: tasks.make_backup(str(row.pk)))

    assert len(catalogue.runs_at(site.places[0])) == 1
    assert AuditEntry.objects.filter(action="backup_made").count() == 1


def test_who_finds_another_at_it_waits_and_loses_no_attempt(site: Site) -> None:
    row = services.request_run(actor=None)

    with lock.exclusively(), pytest.raises(BlockingIOError):
        performing.make_backup(str(row.pk))

    row.refresh_from_db()
    assert (row.status, row.attempt) == (JobStatus.PENDING, 0)
    performing.make_backup(str(row.pk))
    row.refresh_from_db()
    assert row.status == JobStatus.READY


def test_a_destination_that_is_down_is_tried_again_before_it_is_given_up(
    site: Site, faulty: list[Faulty]
) -> None:
    faulty[0].before_write = refuse
    row = services.request_run(actor=None)

    for attempt in range(1, configured.MAX_ATTEMPTS):
        with pytest.raises(performing.TriedAgain):
            performing.make_backup(str(row.pk))
        row.refresh_from_db()
        assert (row.status, row.attempt) == (JobStatus.PENDING, attempt)
    performing.make_backup(str(row.pk))

    row.refresh_from_db()
    assert (row.status, row.failure_code) == (JobStatus.FAILED, "destination_failed")


def test_what_a_dead_worker_left_is_made_by_another(site: Site, now: Callable[..., None]) -> None:
    row = services.request_run(actor=None)
    claimed = BackupRun.objects.claim(row.pk)
    assert claimed is not None
    long_ago = timezone.now() - timedelta(seconds=2 * configured.LEASE_SECONDS)
    BackupRun.objects.update(leased_at=long_ago)

    now(tasks.requeue_lost_backups)

    row.refresh_from_db()
    assert (row.status, row.attempt) == (JobStatus.READY, 2)


def test_a_failure_is_told_to_the_superusers(
    site: Site, settings: Settings, superuser: User, now: Callable[..., None]
) -> None:
    settings.BACKUP_RECIPIENTS = []
    now(tasks.start_nightly)

    (letter,) = mail.outbox
    assert letter.to == [superuser.email]
    assert "A backup failed" in letter.subject
    assert "backups_not_configured" in letter.body
    assert "backup_keygen" in letter.body


def test_a_failure_is_told_to_who_is_named(
    site: Site, settings: Settings, superuser: User, now: Callable[..., None]
) -> None:
    settings.BACKUP_RECIPIENTS = []
    settings.BACKUP_MAIL_TO = ["night@example.org"]
    settings.LANGUAGE_CODE = "ru"
    now(tasks.start_nightly)

    (letter,) = mail.outbox
    assert letter.to == ["night@example.org"]
    assert "Резервная копия не сделана" in letter.subject


def test_a_destination_left_out_is_told_though_there_is_a_backup(
    site: Site, second: object, faulty: list[Faulty], superuser: User, now: Callable[..., None]
) -> None:
    faulty[0].before_commit = refuse
    now(tasks.start_nightly)

    (letter,) = mail.outbox
    assert "not complete" in letter.subject
    assert faulty[0].name in letter.body


def test_of_a_good_night_nobody_hears(
    site: Site, superuser: User, now: Callable[..., None]
) -> None:
    now(tasks.start_nightly)

    assert mail.outbox == []


@pytest.mark.parametrize(
    "passing",
    [
        psycopg.OperationalError("away"),
        OSError("no more processes"),
        ProgramUnusable("A migration holds a table.", code="pg_dump_failed"),
    ],
    ids=["database away", "system", "pg_dump"],
)
def test_what_may_pass_is_tried_again_by_a_worker_and_not_by_a_command(
    site: Site, monkeypatch: pytest.MonkeyPatch, passing: Exception
) -> None:
    def fail(url: str) -> None:
        raise passing

    monkeypatch.setattr(making, "consistent", fail)
    row = services.request_run(actor=None)
    with pytest.raises(performing.TriedAgain):
        performing.make_backup(str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.attempt) == (JobStatus.PENDING, 1)

    here = services.back_up_now(BackupRun.Kind.MANUAL, actor=None)

    assert here.status == JobStatus.FAILED
    assert str(passing) in here.failure_hint


def test_the_newest_backup_is_tried_out(
    site: Site, settings: Settings, now: Callable[..., None], transactional_db: None
) -> None:
    site.store(b"a picture")
    now(tasks.start_nightly)
    settings.BACKUP_DRILL_IDENTITY = site.identity

    now(tasks.drill_newest)

    row = BackupRun.objects.get()
    assert row.restore_failure == ""
    assert row.restore_tested_at is not None
    assert row.restore_seconds is not None
    assert row.tested_since is None
    assert list(BackupRun.objects.restore_tested()) == [row]


def test_a_backup_that_does_not_restore_is_told(
    site: Site, settings: Settings, superuser: User, now: Callable[..., None]
) -> None:
    now(tasks.start_nightly)
    row = BackupRun.objects.get()
    dump = site.folders[0] / row.parts[0]["path"]
    spoil(dump)
    settings.BACKUP_DRILL_IDENTITY = site.identity

    now(tasks.drill_newest)

    row.refresh_from_db()
    assert row.restore_failure
    assert not BackupRun.objects.restore_tested().exists()
    (letter,) = mail.outbox
    assert "does not restore" in letter.subject


def test_each_destination_is_tried_out_on_its_day(
    site: Site, second: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.back_up_now(BackupRun.Kind.MANUAL, actor=None)
    settings.BACKUP_DRILL_IDENTITY = site.identity
    tried: list[str] = []

    def fail(copy: catalogue.Copy, *arguments: object, **options: object) -> None:
        tried.append(copy.destination.name)
        raise PartDamaged("It is rubbish.")

    monkeypatch.setattr(performing, "drill", fail)
    for day in range(4):
        today = date(2026, 11, 21) + timedelta(days=day)
        monkeypatch.setattr(timezone, "localdate", lambda today=today: today)
        row = performing.try_out()
        assert row.restore_failure == f"part_damaged: {tried[-1]}: It is rubbish."

    assert tried[:2] == tried[2:]
    BackupRun.objects.all().delete()  # as on a machine that only tries out
    assert catalogue.lies_at(performing.try_out()) == set(tried)
    assert set(tried) == {place.name for place in site.places}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('could not extend file "base/16384/16501": No space left on device', "disk_full"),
        ("relation “a” already exists", "pg_restore_failed"),
    ],
    ids=["full", "another"],
)
def test_a_server_without_room_says_nothing_of_the_backup(
    site: Site, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str,
    code: str, transactional_db: None,
) -> None:  # fmt: skip
    run = services.back_up_now(BackupRun.Kind.MANUAL, actor=None)
    settings.BACKUP_DRILL_IDENTITY = site.identity
    fails = tmp_path / "pg_restore"
    fails.write_text(f"#!/bin/sh\ncat > '{tmp_path}/fed'\necho 'ERROR:  {said}' >&2\nexit 1\n")
    fails.chmod(0o700)
    monkeypatch.setattr(postgres, "find", lambda *_, **__: postgres.Program(fails, (18, 0)))

    row = performing.try_out(run.name)

    assert row.restore_failure.startswith(f"{code}: ")
    assert (row.name in pruning._damaged()) == (code != "disk_full")


def test_where_nobody_is_meant_to_read_nothing_is_tried_out(
    site: Site, settings: Settings, now: Callable[..., None]
) -> None:
    settings.BACKUP_DRILL_IDENTITY = ""
    now(tasks.start_nightly)
    now(tasks.drill_newest)

    assert BackupRun.objects.get().restore_tested_at is None
    with pytest.raises(performing.NoDrillIdentity):
        performing.try_out()


def test_a_place_that_can_not_be_read_is_no_verdict_on_the_backup(
    site: Site, settings: Settings, monkeypatch: pytest.MonkeyPatch, now: Callable[..., None]
) -> None:
    now(tasks.start_nightly)
    settings.BACKUP_DRILL_IDENTITY = site.identity

    def down(*arguments: object, **options: object) -> None:
        raise DestinationFailed("It is down.")

    monkeypatch.setattr(performing, "drill", down)
    with pytest.raises(DestinationFailed):
        performing.try_out()

    row = BackupRun.objects.get()
    assert (row.restore_tested_at, row.tested_since) == (None, None)


def test_a_run_can_be_verified_by_a_worker(site: Site, now: Callable[..., None]) -> None:
    now(tasks.start_nightly)
    row = BackupRun.objects.get()

    now(lambda: services.request_verification(run=row, actor=None))

    row.refresh_from_db()
    assert row.verified_at is not None
    assert row.verify_failure == ""


def test_a_verification_that_fails_is_told(
    site: Site, superuser: User, now: Callable[..., None]
) -> None:
    now(tasks.start_nightly)
    row = BackupRun.objects.get()
    dump = site.folders[0] / row.parts[0]["path"]
    spoil(dump)

    now(lambda: services.request_verification(run=row, actor=None))

    (letter,) = mail.outbox
    assert letter.to == [superuser.email]
    assert "A backup is not whole" in letter.subject
    assert row.parts[0]["path"] in letter.body


def test_what_is_wrong_in_two_ways_is_told_in_both(
    site: Site, superuser: User, now: Callable[..., None]
) -> None:
    now(tasks.start_nightly)
    flaws = {"restore_failure": "It has no tables.", "verify_failure": "It has no end."}
    BackupRun.objects.update(**flaws)

    now(lambda: letters.owe(BackupRun.objects.get()))

    (letter,) = mail.outbox
    assert "does not restore" in letter.subject
    assert all(flaw in letter.body for flaw in flaws.values())


def test_a_drill_that_is_delivered_twice_is_done_once(
    site: Site, settings: Settings, monkeypatch: pytest.MonkeyPatch, now: Callable[..., None]
) -> None:
    now(tasks.start_nightly)
    settings.BACKUP_DRILL_IDENTITY = site.identity

    def never(*arguments: object, **options: object) -> None:
        raise AssertionError

    monkeypatch.setattr(performing, "drill", never)
    with lock.drilling():
        now(tasks.drill_newest)
        with pytest.raises(Conflict) as refusal:
            performing.try_out()

    assert refusal.value.code == "drill_running"
    assert BackupRun.objects.get().restore_tested_at is None


def test_a_drill_runs_beside_a_backup(
    site: Site, settings: Settings, now: Callable[..., None]
) -> None:
    now(tasks.start_nightly)
    settings.BACKUP_DRILL_IDENTITY = site.identity

    with lock.exclusively():
        now(tasks.drill_newest)

    assert BackupRun.objects.get().restore_tested_at is not None
