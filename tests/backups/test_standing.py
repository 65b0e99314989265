"""How well one is covered: judged from rows, told to cron and to Prometheus."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from backups import metrics, standing
from backups.models import BackupRun
from backups.standing import Complaint
from tests.backups.conftest import Site
from tests.backups.test_admin import a_run
from vertexar.leases import JobStatus

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def configured(site: Site, settings: Settings) -> None:
    settings.BACKUP_MAX_AGE = 26 * HOUR


def tried(*, hours: float, tested_hours: float, **columns: object) -> BackupRun:
    """A good run that was tried out so many hours ago."""
    moment = timezone.now() - tested_hours * HOUR
    return a_run(hours=hours, restore_tested_at=moment, **columns)


def status(*arguments: str) -> tuple[int, str]:
    """The exit code of the command and what it printed."""
    out = StringIO()
    try:
        call_command("backup_status", *arguments, stdout=out, stderr=out)
    except SystemExit as left:
        return int(left.code or 0), out.getvalue()
    return 0, out.getvalue()


def figures() -> dict[str, float]:
    """What Prometheus reads; labels behind the name."""
    registry = CollectorRegistry()
    registry.register(metrics.collector())
    text = generate_latest(registry).decode()
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_fresh_backup_that_restores_is_all_one_needs() -> None:
    run = tried(hours=20, tested_hours=18)

    now = standing.current()

    assert (now.last_good, now.last_tested, now.complaints) == (run, run, [])


def test_an_old_one_and_an_old_trial_are_too_old() -> None:
    tried(hours=30, tested_hours=28)

    assert standing.current().complaints == [Complaint.GOOD_TOO_OLD, Complaint.TESTED_TOO_OLD]


def test_a_trial_of_an_old_backup_says_nothing_of_last_night_s() -> None:
    a_run(hours=2)
    tried(hours=200, tested_hours=1)

    assert standing.current().complaints == [Complaint.NONE_TESTED]


def test_one_that_is_known_to_be_damaged_is_not_the_last_good_one() -> None:
    older = a_run(hours=10)
    a_run(hours=1, verify_failure="file:///a: it is missing.")

    assert standing.current().last_good == older


def test_nor_is_what_was_saved_before_a_restore_or_is_removed_or_failed() -> None:
    a_run(hours=1, kind=BackupRun.Kind.SAFETY)
    a_run(hours=2, removed_at=timezone.now())
    a_run(hours=3, status=JobStatus.FAILED)

    assert standing.current().last_good is None


def test_one_of_a_clock_that_ran_ahead_does_not_hide_that_nothing_was_made_since() -> None:
    tried(hours=-24 * 365, tested_hours=2)
    tried(hours=50, tested_hours=48)
    assert standing.current().complaints == [Complaint.GOOD_TOO_OLD, Complaint.TESTED_TOO_OLD]


def test_a_trial_that_failed_is_complained_of_at_once() -> None:
    tried(hours=26, tested_hours=24)
    tried(hours=2, tested_hours=1, restore_failure="part_damaged: …")

    assert standing.current().complaints == [Complaint.DOES_NOT_RESTORE]


def test_cron_hears_nothing_bad_of_a_good_night() -> None:
    tried(hours=5, tested_hours=3)

    code, told = status()

    assert code == 0
    assert "last good backup: 5 h 0 min ago" in told
    assert "last seen to restore: 3 h 0 min ago" in told


def test_cron_hears_1_when_a_backup_is_missing_or_too_old() -> None:
    assert status()[0] == 1
    tried(hours=30, tested_hours=28)
    code, told = status()

    assert code == 1
    assert "The last good backup is too old." in told


def test_cron_hears_2_where_backups_are_not_set_up(settings: Settings) -> None:
    settings.BACKUP_RECIPIENTS = []
    tried(hours=5, tested_hours=3)

    code, told = status()

    assert code == 2
    assert "nobody is named who could read them" in told


def test_cron_hears_2_where_a_destination_can_not_be_understood(settings: Settings) -> None:
    tried(hours=5, tested_hours=3)
    settings.BACKUP_DESTINATIONS = ["ftp://example.org"]

    code, told = status()

    assert code == 2
    assert "begins with file:// or s3://" in told


def test_each_destination_is_said_to_be_as_old_as_what_it_has(site: Site, second: object) -> None:
    near, far = (place.name for place in site.places)
    whole, out = {"name": near, "failure": ""}, {"name": far, "failure": "It is down."}
    a_run(hours=5, destinations=[whole, out], failure_code="destination_left_out")
    a_run(hours=29, destinations=[whole, out | {"failure": ""}])

    _code, told = status()

    assert f"newest at {near}: 5 h 0 min ago" in told
    assert f"newest at {far}: 29 h 0 min ago" in told
    assert "at 1 of 2, A destination was left out" in told


def test_a_destination_that_was_never_or_long_not_written_to_is_complained_of(
    site: Site, second: object
) -> None:
    near, far = (place.name for place in site.places)
    only_near = [{"name": near, "failure": ""}, {"name": far, "failure": "It is down."}]
    tried(hours=5, tested_hours=3, destinations=only_near)

    code, told = status()
    assert code == 1
    assert "A destination has no fresh backup." in told
    assert standing.current().stale_places == [far]

    older = a_run(hours=30)
    assert standing.current().complaints == [Complaint.DESTINATION_TOO_OLD]
    BackupRun.objects.filter(pk=older.pk).update(finished_at=timezone.now() - 20 * HOUR)
    assert standing.current().complaints == []


def test_machines_read_it_as_json() -> None:
    run = tried(hours=5, tested_hours=3)
    BackupRun.objects.create(status=JobStatus.FAILED, failure_code="took_too_long")

    code, told = status("--json")

    read = json.loads(told)
    assert (code, read["codes"], read["last_good"]) == (0, [], run.name)
    assert read["last_tested_age_seconds"] == pytest.approx(3 * 3600, abs=60)
    assert {one["failure"] for one in read["runs"]} == {"", "took_too_long"}


def test_prometheus_reads_ages_sizes_and_results() -> None:
    run = tried(hours=5, tested_hours=3, sent_bytes=17)
    a_run(hours=30, failure_code="destination_left_out")
    BackupRun.objects.create(status=JobStatus.FAILED)
    BackupRun.objects.create(status=JobStatus.FAILED)

    read = figures()

    assert run.finished_at is not None
    assert run.restore_tested_at is not None
    assert read == {
        "vertexar_backup_last_good_timestamp_seconds": pytest.approx(run.finished_at.timestamp()),
        "vertexar_backup_last_tested_timestamp_seconds": pytest.approx(
            run.restore_tested_at.timestamp()
        ),
        "vertexar_backup_seconds": 240,
        "vertexar_backup_bytes database": 3_000_000,
        "vertexar_backup_bytes media": 5_000_000,
        "vertexar_backup_bytes sent": 17,
        "vertexar_backup_drill_ok": 1,
        "vertexar_backup_runs_total good": 1,
        "vertexar_backup_runs_total not_complete": 1,
        "vertexar_backup_runs_total failed": 2,
    }


def test_where_there_is_nothing_the_age_is_that_of_the_epoch() -> None:
    read = figures()

    assert read["vertexar_backup_last_good_timestamp_seconds"] == 0
    assert read["vertexar_backup_last_tested_timestamp_seconds"] == 0
    assert "vertexar_backup_drill_ok" not in read


def test_a_trial_that_failed_is_a_nought() -> None:
    tried(hours=2, tested_hours=1, restore_failure="part_damaged: …")

    assert figures()["vertexar_backup_drill_ok"] == 0


def test_registering_asks_the_database_nothing(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        CollectorRegistry(auto_describe=True).register(metrics.collector())
