"""Media that are damaged where they lie: found, sent again, and older runs are whole with them."""

from pathlib import Path

import pytest
from pytest_django import Settings

from backups import bad_media, catalogue, drills, encryption, manifest, performing, services
from backups.models import BackupRun
from backups.verification import verify, verify_everywhere
from tests.backups.conftest import Site

pytestmark = pytest.mark.django_db(transaction=True)


def back_up() -> BackupRun:
    return services.back_up_now(BackupRun.Kind.MANUAL, actor=None)


def spoil(site: Site, key: str) -> Path:
    """Flip the last bit of a medium where it lies."""
    path = site.folders[0] / manifest.media_path(key)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    return path


def check(site: Site, run: BackupRun, *, with_key: bool) -> bool:
    identities = encryption.parse_identities(site.identity) if with_key else ()
    (verdict,) = verify_everywhere(run.name, site.places, identities=identities, deep=True)
    return verdict.is_whole


@pytest.mark.parametrize("with_key", [False, True], ids=["by hash", "with a key"])
def test_what_a_deep_check_finds_damaged_is_sent_again(site: Site, with_key: bool) -> None:
    key, other = site.store(b"a picture"), site.store(b"another")
    old = back_up()
    stays = (site.folders[0] / manifest.media_path(other)).read_bytes()
    path = spoil(site, key)
    assert not check(site, old, with_key=with_key)
    assert bad_media.at(site.places[0].name) == {key}

    new = back_up()

    assert (new.failure_code, site.plain(path)) == ("", b"a picture")
    assert (site.folders[0] / manifest.media_path(other)).read_bytes() == stays
    assert bad_media.at(site.places[0].name) == set()
    for run in (old, new):
        assert check(site, run, with_key=with_key)
        assert verify(run.name, site.places[0]).is_whole


def test_what_a_drill_finds_damaged_is_sent_again(
    site: Site, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [site.store(b"one"), site.store(b"two")]
    settings.BACKUP_DRILL_IDENTITY = site.identity
    monkeypatch.setattr(drills, "is_due", lambda entry, today: True)
    old = back_up()
    paths = [spoil(site, key) for key in keys]

    tried = performing.try_out()

    assert tried.restore_failure.startswith("part_damaged: ")
    assert "with 1 more" in tried.restore_failure
    back_up()
    assert [site.plain(path) for path in paths] == [b"one", b"two"]
    assert performing.try_out(old.name).restore_failure == ""


def test_a_medium_sent_again_for_more_keys_is_whole_to_older_runs(
    site: Site, settings: Settings
) -> None:
    key = site.store(b"a picture")
    old = back_up()
    (site.folders[0] / manifest.media_path(key)).unlink()
    settings.BACKUP_RECIPIENTS = [*settings.BACKUP_RECIPIENTS, encryption.generate()[1]]
    back_up()

    assert verify(old.name, site.places[0]).is_whole
    assert check(site, old, with_key=True)
    settings.BACKUP_DRILL_IDENTITY = site.identity
    assert performing.try_out(old.name).restore_failure == ""


def test_a_wrong_key_has_nothing_sent_again(site: Site) -> None:
    key = site.store(b"a picture")
    run = back_up()
    stored = (site.folders[0] / manifest.media_path(key)).read_bytes()
    stranger = encryption.parse_identities(encryption.generate()[0])

    verify_everywhere(run.name, site.places, identities=stranger, deep=True)
    back_up()

    assert (site.folders[0] / manifest.media_path(key)).read_bytes() == stored
    assert len(catalogue.runs_at(site.places[0])) == 2
