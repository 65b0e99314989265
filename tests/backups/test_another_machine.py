"""A machine that lacks the key by which the backups were signed writes over none of their media."""

from pathlib import Path

import pytest
from pytest_django import Settings

from backups import encryption, services, signing, verification
from backups.destinations import DestinationFailed
from backups.destinations.folder import FolderDestination
from backups.models import BackupRun
from backups.places import Place
from tests.backups.conftest import Site
from vertexar.leases import JobStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def old_signer(site: Site, settings: Settings, tmp_path: Path) -> str:
    """A machine has made a backup and is gone; the new one has its media, and keys of its own."""
    site.store(b"a picture" * 100)
    assert back_up().status == JobStatus.READY
    signer = signing.own_signer()
    BackupRun.objects.all().delete()
    settings.VERTEXAR_HOME = tmp_path / "new"
    settings.BACKUP_RECIPIENTS = [encryption.generate()[1]]
    return signer


def back_up() -> BackupRun:
    return services.back_up_now(BackupRun.Kind.MANUAL, actor=None)


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_it_writes_nothing_and_says_whom_to_trust(site: Site, old_signer: str) -> None:
    before = files(site.folders[0])

    row = back_up()

    assert (row.status, row.failure_code) == (JobStatus.FAILED, "destination_of_another")
    assert f"It is signed by {old_signer}" in row.failure_hint
    assert "BACKUP_TRUSTED_SIGNERS" in row.failure_hint
    assert files(site.folders[0]) == before


def test_once_the_old_key_is_trusted_what_is_there_stays_as_it_is(
    site: Site, old_signer: str, settings: Settings
) -> None:
    settings.BACKUP_TRUSTED_SIGNERS = [old_signer]
    before = files(site.folders[0])
    site.store(b"another picture")

    row = back_up()

    assert row.status == JobStatus.READY
    after = files(site.folders[0])
    assert {path: after[path] for path in before} == before
    assert len([path for path in after if path.startswith("media/")]) == 2
    [verdict] = verification.verify_everywhere(row.name, site.places, deep=True)
    assert verdict.is_whole


def test_another_destination_is_not_spoilt_by_it(
    site: Site, old_signer: str, settings: Settings, tmp_path: Path
) -> None:
    settings.BACKUP_DESTINATIONS = [*settings.BACKUP_DESTINATIONS, (tmp_path / "empty").as_uri()]

    row = back_up()

    assert (row.status, row.failure_code) == (JobStatus.READY, "destination_left_out")


def test_a_forged_run_beside_our_own_keeps_nobody_from_anything(
    site: Site, old_signer: str, settings: Settings, tmp_path: Path
) -> None:
    settings.BACKUP_TRUSTED_SIGNERS = [old_signer]
    assert back_up().status == JobStatus.READY
    settings.BACKUP_TRUSTED_SIGNERS = []

    Place(FolderDestination(site.folders[0]), "run").look()

    settings.VERTEXAR_HOME = tmp_path / "third"
    with pytest.raises(DestinationFailed):
        Place(FolderDestination(site.folders[0]), "run").look()
