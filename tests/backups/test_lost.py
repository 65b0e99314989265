"""History that vanishes: an unmounted disk, an emptied bucket, runs that somebody removed."""

import shutil
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import AuditEntry
from backups import catalogue, manifest, services
from backups.models import BackupRun
from tests.backups.conftest import Site
from vertexar.leases import JobStatus

pytestmark = pytest.mark.django_db


def back_up() -> BackupRun:
    return services.back_up_now(BackupRun.Kind.MANUAL, actor=None)


def test_a_disk_that_is_not_mounted_is_not_written_to(site: Site) -> None:
    back_up()
    away = site.folders[0].rename(site.folders[0].with_name("unmounted"))
    site.folders[0].mkdir()

    row = back_up()

    assert (row.status, row.failure_code) == (JobStatus.FAILED, "destination_emptied")
    assert "of 1 backups none is there any more" in row.failure_hint
    assert "Is the disk mounted" in row.failure_hint
    assert not any(site.folders[0].iterdir())
    site.folders[0].rmdir()
    away.rename(site.folders[0])
    assert back_up().failure_code == ""


def test_the_other_destination_is_written_to_all_the_same(site: Site, second: Path) -> None:
    first = back_up()
    shutil.rmtree(second)

    row = back_up()

    assert (row.status, row.failure_code) == (JobStatus.READY, "destination_left_out")
    assert "none is there any more" in row.failure_hint
    assert [run.run for run in catalogue.runs_at(site.places[0])] == [row.name, first.name]
    assert not second.exists()


def test_a_new_folder_begins_anew_where_the_old_one_is_lost(site: Site, settings: Settings) -> None:
    back_up()
    settings.BACKUP_DESTINATIONS = [site.folders[0].with_name("new").as_uri()]

    assert back_up().failure_code == ""


def test_a_run_that_somebody_removed_is_told_once_and_written_on_its_row(
    site: Site, second: Path
) -> None:
    gone, stays = back_up(), back_up()
    shutil.rmtree(second / manifest.folder(gone.name))

    told = back_up()

    assert (told.status, told.failure_code) == (JobStatus.READY, "backups_lost")
    assert gone.name in told.failure_hint
    assert site.places[1].name in told.failure_hint
    gone.refresh_from_db()
    assert (catalogue.lies_at(gone), gone.removed_at) == ({site.places[0].name}, None)
    assert back_up().failure_code == ""

    shutil.rmtree(site.folders[0] / manifest.folder(gone.name))
    assert back_up().failure_code == "backups_lost"
    gone.refresh_from_db()
    assert gone.removed_at is not None
    entries = AuditEntry.objects.filter(object_id=str(gone.pk), details__what="lost")
    assert entries.count() == 2
    stays.refresh_from_db()
    assert len(catalogue.lies_at(stays)) == 2


def test_a_run_that_lost_its_manifest_is_not_lost(site: Site) -> None:
    old = back_up()
    back_up()
    (site.folders[0] / manifest.folder(old.name) / manifest.MANIFEST).unlink()

    assert back_up().failure_code == ""
