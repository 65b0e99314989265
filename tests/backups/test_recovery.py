"""Media that come back, and what stops them: no room, another key."""

import os
from pathlib import Path

import pytest
from pytest_django import Settings

from backups import encryption, recovery
from backups.catalogue import Copy
from tests.backups.pages import IDENTITY, Site
from tests.backups.test_folder import room_for
from vertexar.storage import LocalStorage

IDENTITIES = encryption.parse_identities(IDENTITY)


@pytest.fixture
def site(settings: Settings, tmp_path: Path) -> Site:
    settings.VERTEXAR_HOME = tmp_path / "home"
    return Site(tmp_path / "site")


def recover(site: Site, run: object, folder: Path, identities: list[object]) -> recovery.Recovery:
    return recovery.recover(
        Copy(site.destination, run),  # type: ignore[arg-type]
        identities,
        storage=LocalStorage(location=folder),
        on_bytes=lambda count: None,
    )


def test_a_full_disk_stops_it_at_once_and_says_so(site: Site, tmp_path: Path) -> None:
    run = site.make_run([os.urandom(200_000 + number) for number in range(300)])

    with room_for(100_000), pytest.raises(recovery.NoRoom, match="There is no room for"):
        recover(site, run, tmp_path / "media", IDENTITIES)

    left = [path for path in (tmp_path / "media").rglob("*") if path.is_file()]
    assert left == []
    assert recover(site, run, tmp_path / "media", IDENTITIES).restored == 300


def test_a_medium_for_an_earlier_key_says_which_identity_is_wanted(
    site: Site, tmp_path: Path
) -> None:
    run = site.make_run([b"hers"])
    later, _recipient = encryption.generate()

    told = recover(site, run, tmp_path / "media", encryption.parse_identities(later))

    [why] = told.failures.values()
    assert "encrypted for others" in why
    assert "an identity file may hold several" in why
    both = encryption.parse_identities(f"{later}\n{IDENTITY}")
    assert recover(site, run, tmp_path / "media", both).restored == 1
