"""Backups over the API: for operators, and for nobody else."""

import pytest
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from backups.models import BackupRun
from tests.conftest import signed_in
from vertexar.leases import JobStatus

pytestmark = pytest.mark.django_db
LIST = "/api/v1/backups"


@pytest.fixture
def operator(superuser: User) -> APIClient:
    return signed_in(superuser)


def a_run(**columns: object) -> BackupRun:
    return BackupRun.objects.create(**({"status": JobStatus.READY} | columns))


def test_who_asks_for_a_backup_gets_the_row_that_asks_a_worker(
    operator: APIClient, superuser: User
) -> None:
    response = operator.post(LIST)

    assert response.status_code == 202
    row = BackupRun.objects.get(pk=response.json()["id"])
    assert (row.kind, row.status) == ("manual", JobStatus.PENDING)
    assert AuditEntry.objects.get(action="backup", object_id=str(row.pk)).actor == superuser


def test_a_second_backup_is_not_asked_for_while_one_is_waiting(operator: APIClient) -> None:
    operator.post(LIST)
    response = operator.post(LIST)

    assert response.status_code == 409
    assert response.json()["type"] == "urn:vertexar:problem:backup_running"
    assert BackupRun.objects.count() == 1


def test_backups_are_listed_newest_first_and_by_status(operator: APIClient) -> None:
    failed = a_run(status=JobStatus.FAILED, failure_code="disk_full")
    ready = a_run()

    every = operator.get(LIST).json()["results"]
    some = operator.get(LIST, {"status": "failed"}).json()["results"]

    assert [row["id"] for row in every] == [str(ready.pk), str(failed.pk)]
    assert [row["failure"] for row in some] == [{"code": "disk_full", "hint": ""}]


def test_a_status_that_there_is_not_is_refused(operator: APIClient) -> None:
    response = operator.get(LIST, {"status": "sleeping"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/status"


def test_one_backup_says_where_it_lies_and_what_is_missing(operator: APIClient) -> None:
    places = [{"name": "file:///a", "failure": ""}, {"name": "s3://b", "failure": "It is down."}]
    run = a_run(destinations=places, restore_failure="part_damaged: …")

    shown = operator.get(f"{LIST}/{run.pk}").json()

    assert shown["destinations"] == places
    assert shown["restore_failure"] == "part_damaged: …"


@pytest.mark.parametrize("what", ["verify", "drill"])
def test_a_good_backup_can_be_looked_at_again(operator: APIClient, what: str) -> None:
    run = a_run(name="20261121T020003Z-1a2b3c4d")

    response = operator.post(f"{LIST}/{run.pk}/{what}")

    assert (response.status_code, response.json()["id"]) == (202, str(run.pk))
    assert AuditEntry.objects.get(object_id=str(run.pk)).details["what"] == f"asked to {what}"


@pytest.mark.parametrize("what", ["verify", "drill"])
def test_what_was_never_finished_can_not(operator: APIClient, what: str) -> None:
    run = a_run(status=JobStatus.FAILED)

    response = operator.post(f"{LIST}/{run.pk}/{what}")

    assert response.json()["type"] == "urn:vertexar:problem:no_backup_there"
    assert not AuditEntry.objects.exists()


def test_to_an_editor_there_are_no_backups(api: APIClient) -> None:
    run = a_run()

    for path in (LIST, f"{LIST}/{run.pk}"):
        assert api.get(path).status_code == 404
    assert api.post(LIST).status_code == 404
    assert BackupRun.objects.get() == run
