"""Making backups: what is in them, what is sent, and what becomes of them when something fails."""

import json
import subprocess
from pathlib import Path

import psycopg
import pytest
import zstandard
from pytest_django import Settings

from backups import (
    catalogue,
    copying,
    encryption,
    indexes,
    lock,
    making,
    manifest,
    places,
    postgres,
    services,
    signing,
)
from backups.destinations.folder import FolderDestination
from backups.models import BackupRun
from tests.backups.conftest import Faulty, Site, refuse
from vertexar.errors import Conflict
from vertexar.leases import JobStatus

pytestmark = pytest.mark.django_db


def back_up(kind: BackupRun.Kind = BackupRun.Kind.MANUAL) -> BackupRun:
    return services.back_up_now(kind, actor=None)


def newest(site: Site, number: int = 0) -> manifest.Manifest:
    return catalogue.runs_at(site.places[number])[0]


def keys(site: Site, number: int = 0) -> set[str]:
    return {entry.key for entry in indexes.entries(site.places[number], newest(site, number))}


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".incoming" not in path.parts
    }


def test_a_backup_has_the_database_the_configuration_and_all_media(site: Site) -> None:
    stored = {site.store(content) for content in (b"a picture", b"a video" * 1000, b"")}

    row = back_up()

    page = newest(site)
    assert (row.status, row.failure_code, row.name) == (JobStatus.READY, "", page.run)
    assert keys(site) == stored
    assert (row.media_count, row.media_bytes) == (3, 9 + 7000)
    assert page.tables["django_migrations"] == row.row_count - sum(
        rows for table, rows in page.tables.items() if table != "django_migrations"
    )
    assert page.tables["django_migrations"] > 0
    assert page.migrations["backups"][0] == "0001_backup_runs"
    for key in stored:
        there = site.folders[0] / manifest.media_path(key)
        assert site.plain(there) == (site.media / key).read_bytes()


def test_the_database_comes_out_with_public_tools_alone(site: Site) -> None:
    back_up()

    part = newest(site).part(manifest.DATABASE)
    archive = site.plain(site.folders[0] / part.path)
    dump = zstandard.ZstdDecompressor().stream_reader(archive).read()
    with psycopg.connect(postgres.own_url()) as connection:
        major = connection.info.server_version // 10_000
    pg_restore = postgres.find("pg_restore", at_least=major).path
    listed = subprocess.run([pg_restore, "--list"], input=dump, capture_output=True, check=True)

    assert b"TABLE DATA public backups_backuprun" in listed.stdout
    assert len(archive) == part.plain_size


def test_the_configuration_has_no_secret(
    site: Site, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SECRET_KEY = "hush-1"
    settings.EMAIL_HOST_PASSWORD = "hush-2"
    settings.CELERY_BROKER_URL = "redis://:hu/sh-3@queue.example.org:6379/0"
    settings.BACKUP_DRILL_IDENTITY = "hush-4"
    settings.OPENID_PROVIDERS = [{"id": "firm", "secret": "hush-5", "client_id": "vertex"}]
    monkeypatch.setattr(
        "backups.destinations.urls.configured", lambda: [FolderDestination(site.folders[0])]
    )
    settings.BACKUP_DESTINATIONS = [
        "s3://AKIA:hush-6@bucket/prefix?endpoint=https://s3.example.org"
    ]
    back_up()

    part = newest(site).part(manifest.CONFIGURATION)
    text = site.plain(site.folders[0] / part.path).decode()
    page = json.loads(text)

    assert "hush" not in text
    assert "hu/sh" not in text
    assert settings.JWT_PRIVATE_KEYS not in text
    assert page["settings"]["CELERY_BROKER_URL"] == "redis://…@queue.example.org:6379/0"
    assert page["settings"]["OPENID_PROVIDERS"][0]["client_id"] == "vertex"
    assert page["settings"]["VIDEO_MAX_SECONDS"] == settings.VIDEO_MAX_SECONDS
    assert page["versions"]["pg_dump"]


def test_each_medium_is_sent_once_ever(site: Site) -> None:
    for number in range(20):
        site.store(b"%d" % number * 50_000)
    back_up()
    site.store(b"one more" * 1000)
    before = files(site.folders[0] / "media")

    second = back_up()

    assert second.media_count == 21
    after = files(site.folders[0] / "media")
    assert before.items() <= after.items()
    assert len(after) == 21


def test_a_night_with_nothing_new_moves_less_than_a_hundredth(site: Site) -> None:
    for number in range(10):
        site.store(b"%d" % number * 2_000_000)
    back_up()

    again = back_up()

    assert again.sent_bytes - again.database_bytes < 0.01 * again.media_bytes


def test_a_medium_that_a_destination_has_lost_is_sent_again(site: Site) -> None:
    kept, lost = site.store(b"kept"), site.store(b"lost")
    back_up()
    (site.folders[0] / manifest.media_path(lost)).unlink()

    back_up()

    assert keys(site) == {kept, lost}
    assert site.plain(site.folders[0] / manifest.media_path(lost)) == b"lost"


def test_what_is_being_written_or_can_be_made_again_is_left_out(site: Site) -> None:
    key = site.store(b"whole")
    (site.media / key).with_name(".part-x1y2").write_bytes(b"half")
    (site.media / key).with_suffix(".sketch").write_bytes(b"of a target")

    back_up()

    assert keys(site) == {key}


def test_every_destination_is_complete_by_itself(site: Site, second: Path) -> None:
    key = site.store(b"a picture")
    row = back_up()

    for number, folder in enumerate(site.folders):
        assert keys(site, number) == {key}
        assert site.plain(folder / newest(site, number).part(manifest.DATABASE).path)
    assert [place["failure"] for place in row.destinations] == ["", ""]


def test_a_destination_that_comes_later_gets_what_the_first_has(
    site: Site, settings: Settings, tmp_path: Path
) -> None:
    old = site.store(b"from before")
    back_up()
    site.folders.append(tmp_path / "later")
    settings.BACKUP_DESTINATIONS = [folder.as_uri() for folder in site.folders]
    new = site.store(b"from now")

    back_up()

    assert keys(site, 0) == keys(site, 1) == {old, new}


@pytest.mark.parametrize("part", ["database", "media/", "media-", "manifest.json"])
def test_one_dead_destination_does_not_spoil_the_other(
    site: Site, second: Path, faulty: list[Faulty], part: str
) -> None:
    key = site.store(b"a picture")
    faulty[0].before_commit = lambda path: refuse(path) if part in path else None

    row = back_up()

    assert row.status == JobStatus.READY
    assert row.failure_code == "destination_left_out"
    assert "It is down." in row.failure_hint
    assert catalogue.runs_at(site.places[0]) == ()
    assert keys(site, 1) == {key}
    assert {place["name"]: place["failure"] for place in row.destinations} == {
        faulty[0].name: "It is down.",
        faulty[1].name: "",
    }


def test_all_that_a_run_lacks_is_told_at_once(
    site: Site, second: Path, faulty: list[Faulty]
) -> None:
    bad = site.store(b"bad", name="0" * 64)
    faulty[1].before_walk = refuse

    row = back_up()

    assert row.failure_code == "destination_left_out"
    assert row.failure_hint.splitlines() == [
        f"{faulty[1].name}: It is down.",
        f"media_damaged: 1: {bad}",
    ]


def test_a_destination_that_can_not_even_be_listed_is_left_out(
    site: Site, second: Path, faulty: list[Faulty]
) -> None:
    faulty[1].before_walk = refuse

    row = back_up()

    assert (row.status, row.failure_code) == (JobStatus.READY, "destination_left_out")


def test_with_no_destination_left_the_run_fails_and_says_why(
    site: Site, faulty: list[Faulty]
) -> None:
    faulty[0].before_write = refuse

    row = back_up()

    assert (row.status, row.failure_code) == (JobStatus.FAILED, "destination_failed")
    assert "It is down." in row.failure_hint
    assert files(site.folders[0]) == {}


def test_a_medium_deleted_during_the_copy_is_listed_as_gone(
    site: Site, faulty: list[Faulty], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "SMALL_BYTES", -1)  # one after the other
    kept, gone = sorted([site.store(b"one"), site.store(b"two")])

    def delete(path: str) -> None:
        if kept in path:
            (site.media / gone).unlink()

    faulty[0].before_commit = delete
    row = back_up()

    assert (row.status, row.failure_code) == (JobStatus.READY, "")
    assert newest(site).gone_media == (gone,)
    assert keys(site) == {kept}


def test_a_damaged_medium_is_named_and_not_copied(site: Site) -> None:
    good = site.store(b"good")
    bad = site.store(b"bad", name="0" * 64)

    row = back_up()

    assert (row.status, row.failure_code) == (JobStatus.READY, "media_damaged")
    assert bad in row.failure_hint
    assert keys(site) == {good}
    assert newest(site).gone_media == (bad,)
    assert not (site.folders[0] / manifest.media_path(bad)).exists()


def test_the_good_copy_of_a_medium_that_was_damaged_since_is_kept(site: Site) -> None:
    key = site.store(b"as it was")
    back_up()
    (site.media / key).write_bytes(b"cut")

    row = back_up()

    assert row.failure_code == "media_damaged"
    assert keys(site) == {key}
    assert site.plain(site.folders[0] / manifest.media_path(key)) == b"as it was"


def test_a_media_folder_that_is_suddenly_empty_fails_loudly(site: Site) -> None:
    key = site.store(b"a picture")
    back_up()
    (site.media / key).unlink()

    row = back_up()

    assert (row.status, row.failure_code) == (JobStatus.FAILED, "media_store_empty")
    assert keys(site) == {key}


def test_a_media_folder_that_has_lost_most_of_it_is_told(site: Site) -> None:
    stored = [site.store(b"%d" % number) for number in range(20)]
    back_up()
    for key in stored[:2]:
        (site.media / key).unlink()
    assert back_up().failure_code == ""
    for key in stored[2:-1]:
        (site.media / key).unlink()

    row = back_up()

    assert (row.status, row.failure_code) == (JobStatus.READY, "media_fewer")
    assert row.failure_hint == f"{site.places[0].name}: 1 media; the backup before has 18."


def test_an_unfinished_run_is_no_run_and_the_next_one_goes_on_from_it(
    site: Site, faulty: list[Faulty], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "SMALL_BYTES", 0)
    monkeypatch.setattr(places, "NEWS_SECONDS", 0)
    stored = sorted(site.store(b"%d" % number * 1000) for number in range(6))

    def stop(path: str) -> None:
        if stored[3] in path:
            raise KeyboardInterrupt

    faulty[0].before_commit = stop
    with pytest.raises(KeyboardInterrupt):
        back_up()
    assert catalogue.runs_at(site.places[0]) == ()
    faulty[0].before_commit = lambda path: None
    faulty[0].committed.clear()
    BackupRun.objects.all().delete()
    back_up()

    sent = {manifest.media_key(path) for path in faulty[0].committed if path.startswith("media/")}
    assert sent == set(stored[3:])
    assert keys(site) == set(stored)


def test_nothing_comes_after_the_signature(site: Site, faulty: list[Faulty]) -> None:
    site.store(b"a picture")
    back_up()

    last, before = faulty[0].committed[-1], faulty[0].committed[-2]
    assert last.endswith(manifest.SIGNATURE)
    assert before.endswith(manifest.MANIFEST)


def test_the_run_is_signed_by_us(site: Site) -> None:
    row = back_up()

    inside = site.folders[0] / manifest.folder(row.name)
    content = (inside / manifest.MANIFEST).read_bytes()
    signature = (inside / manifest.SIGNATURE).read_bytes()
    assert signing.check(content, signature, signers=[signing.own_signer()])


def test_without_recipients_nothing_is_made(site: Site, settings: Settings) -> None:
    settings.BACKUP_RECIPIENTS = []

    with pytest.raises(making.NotConfigured):
        back_up()

    assert not BackupRun.objects.exists()
    assert not site.folders[0].exists()


def test_nothing_is_made_while_a_restore_is_at_it(site: Site) -> None:
    with lock.exclusively(), pytest.raises(Conflict) as refusal:
        back_up()

    assert refusal.value.code == "backup_running"
    assert not BackupRun.objects.exists()
    assert not site.folders[0].exists()


def test_a_second_one_is_not_asked_for_while_one_waits(site: Site) -> None:
    services.request_run(actor=None)

    with pytest.raises(Conflict) as refusal:
        services.request_run(actor=None)
    assert refusal.value.code == "backup_running"


def test_no_manifest_is_written_without_the_lock(
    site: Site, faulty: list[Faulty], monkeypatch: pytest.MonkeyPatch
) -> None:
    site.store(b"a picture")

    def lose_it(path: str) -> None:
        if path.startswith("media/"):
            with psycopg.connect(postgres.url_of(postgres.own_url(), "postgres")) as server:
                server.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks"
                    " WHERE locktype = 'advisory' AND (classid::bigint << 32 | objid::bigint) = %s",
                    [lock._key("backups", postgres.name_of(postgres.own_url()))],
                )

    faulty[0].before_commit = lose_it
    row = back_up()

    assert (row.status, row.failure_code) == (JobStatus.FAILED, "backup_lock_lost")
    assert catalogue.runs_at(site.places[0]) == ()


def test_progress_goes_up_to_the_end(site: Site) -> None:
    for number in range(5):
        site.store(b"%d" % number * 1000)
    told: list[tuple[str, int, int]] = []

    def note(stage: str, done: int, total: int) -> None:
        told.append((stage, done, total))

    services.back_up_now(BackupRun.Kind.MANUAL, actor=None, on_progress=note)

    for stage in ("database", "media"):
        steps = [(done, total) for name, done, total in told if name == stage]
        assert steps == sorted(steps)
        assert steps[-1][0] == steps[-1][1]
    assert [name for name, _done, _total in told][-1] == "media"


def test_it_is_said_once_that_media_sent_before_do_not_open_with_a_new_key(
    site: Site, settings: Settings
) -> None:
    site.store(b"a picture")
    back_up()
    settings.BACKUP_RECIPIENTS = [encryption.generate()[1]]
    row = back_up()
    assert (row.status, row.failure_code) == (JobStatus.READY, "media_for_earlier_keys")
    assert site.places[0].name in row.failure_hint
    assert back_up().failure_code == ""
