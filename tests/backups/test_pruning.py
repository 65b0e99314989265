"""What is removed from a destination, and what must stay whatever happens."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEntry
from backups import catalogue, indexes, lock, postgres
from backups.destinations import DestinationFailed, Found
from backups.destinations.folder import FolderDestination
from backups.manifest import MANIFEST
from backups.models import BackupRun
from backups.pruning import Pruned, prune
from tests.backups.pages import NIGHT, Site, key_of
from vertexar.errors import Conflict

DAY = timedelta(days=1)
NOW = NIGHT + timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_days(settings: Settings, tmp_path: Path) -> None:
    """Of two days the newest run is kept, and nothing else."""
    settings.VERTEXAR_HOME = tmp_path / "home"
    settings.BACKUP_SIGNING_KEY = ""
    settings.BACKUP_TRUSTED_SIGNERS = []
    settings.BACKUP_KEEP_DAILY = 2
    settings.BACKUP_KEEP_WEEKLY = settings.BACKUP_KEEP_MONTHLY = 0
    settings.BACKUP_MEDIA_GRACE_DAYS = 7


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site")


def nights(site: Site, count: int) -> list[str]:
    """Runs of so many nights, newest first; each has a medium of its own and a common one."""
    return [
        site.make_run([b"common", f"night {night}".encode()], taken_at=NIGHT - night * DAY).run
        for night in range(count)
    ]


def age(site: Site, days: float) -> None:
    """Let the media of a site be as old as that."""
    moment = (NOW - days * DAY).timestamp()
    for path in site.files():
        if path.startswith("media/"):
            os.utime(site.file(path), (moment, moment))


def one(site: Site, *, dry_run: bool = False) -> Pruned:
    (report,) = prune([site.destination], dry_run=dry_run, now=NOW)
    return report


def test_old_runs_go_with_the_media_that_only_they_name(site: Site) -> None:
    runs = nights(site, 4)
    age(site, 8)

    report = one(site)

    assert (report.kept, report.removed) == (runs[:2], runs[2:])
    assert report.media_count == 2
    left = [path for path in site.files() if path.startswith("media/")]
    assert left == sorted(
        f"media/{key_of(content)}.age" for content in (b"common", b"night 0", b"night 1")
    )
    for run in catalogue.runs_at(site.destination):
        assert len(list(indexes.entries(site.destination, run))) == 2
    assert not any(run in path for run in runs[2:] for path in site.files())


def test_a_dry_run_says_the_same_and_removes_nothing(site: Site) -> None:
    nights(site, 4)
    age(site, 8)
    before = site.files()

    with lock.exclusively():
        said = one(site, dry_run=True)

    assert site.files() == before
    assert said == one(site)


def test_media_have_a_grace(site: Site) -> None:
    nights(site, 4)
    age(site, 6.9)

    assert one(site).media_count == 0


def test_a_run_under_a_drill_stays(site: Site) -> None:
    runs = nights(site, 4)
    catalogue.adopt([site.destination])
    BackupRun.objects.filter(name=runs[3]).update(tested_since=NOW - timedelta(hours=3))
    BackupRun.objects.filter(name=runs[2]).update(tested_since=NOW - timedelta(hours=25))

    assert one(site).kept == [runs[0], runs[1], runs[3]]


def test_the_newest_that_was_seen_to_restore_stays(site: Site) -> None:
    runs = nights(site, 5)
    catalogue.adopt([site.destination])
    BackupRun.objects.filter(name__in=runs[3:]).update(restore_tested_at=NOW)

    assert one(site).kept == [*runs[:2], runs[3]]


def test_a_run_known_to_be_damaged_does_not_take_a_good_ones_place(site: Site) -> None:
    runs = nights(site, 4)
    catalogue.adopt([site.destination])
    BackupRun.objects.filter(name=runs[1]).update(verify_failure="a part is missing")

    assert one(site).kept == runs[:3]  # the damaged one is young yet


def test_whatever_is_said_of_all_runs_none_goes_for_it(site: Site, settings: Settings) -> None:
    settings.BACKUP_KEEP_WEEKLY = settings.BACKUP_KEEP_MONTHLY = 12
    for week in range(30):
        site.make_run(taken_at=NIGHT - week * 7 * DAY)
    catalogue.adopt([site.destination])
    kept = one(site, dry_run=True).kept
    assert len(kept) == 16

    BackupRun.objects.update(verify_failure="file:///a: it is encrypted for others.")
    assert one(site, dry_run=True).kept == kept
    BackupRun.objects.update(restore_failure="part_damaged: a part is missing")
    assert one(site, dry_run=True).kept == kept


def test_a_run_that_has_lost_its_manifest_is_not_cleared_away(site: Site) -> None:
    runs = nights(site, 2)
    catalogue.adopt([site.destination])
    site.file(f"runs/{runs[1]}/{MANIFEST}").unlink()
    before = site.files()

    report = one(site)

    assert (report.unfinished, site.files()) == ([], before)


def test_a_trial_that_failed_by_no_fault_of_the_backup_removes_nothing(site: Site) -> None:
    runs = nights(site, 4)
    catalogue.adopt([site.destination])
    said = "wrong_identity: This is encrypted for others, or its beginning is damaged."
    BackupRun.objects.filter(name__in=runs[:2]).update(restore_failure=said)
    assert one(site).kept == runs[:2]


def test_a_run_that_was_seen_not_to_restore_takes_no_good_ones_place(site: Site) -> None:
    runs = nights(site, 4)
    catalogue.adopt([site.destination])
    BackupRun.objects.filter(name=runs[1]).update(restore_failure="restored_incomplete: a: 1 for 2")
    assert one(site).kept == runs[:3]


def test_the_rows_say_what_is_gone_and_until_when_the_others_stay(site: Site) -> None:
    runs = nights(site, 3)
    catalogue.adopt([site.destination])

    one(site)

    rows = {row.name: row for row in BackupRun.objects.all()}
    assert [rows[run].removed_at for run in runs] == [None, None, NOW]
    assert rows[runs[0]].kept_until == NIGHT + 2 * DAY
    (entry,) = AuditEntry.objects.all()
    assert (entry.object_id, entry.details["what"]) == (str(rows[runs[2]].pk), "removed")


def test_what_was_begun_and_not_finished_goes_once_there_is_a_newer_run(site: Site) -> None:
    old = site.begin_run([site.store_medium(b"begun")], taken_at=NIGHT - 3 * DAY)
    (run,) = nights(site, 1)
    newer = site.begin_run([site.store_medium(b"resumed")], taken_at=NIGHT + timedelta(minutes=9))
    age(site, 8)

    report = one(site)

    assert (report.kept, report.unfinished) == ([run], [old.run])
    assert not any(old.run in path for path in site.files())
    assert set(site.known) == {key_of(content) for content in (b"common", b"night 0", b"resumed")}
    assert newer.run in catalogue.survey(site.destination).unfinished


def test_no_media_go_while_a_run_is_there_that_can_not_be_read(site: Site) -> None:
    runs = nights(site, 4)
    site.file(f"runs/{runs[1]}/{MANIFEST}").write_bytes(b"{}")
    age(site, 8)

    report = one(site)

    assert report.removed == runs[3:]
    assert runs[1] in report.media_left
    assert report.media_count == 0


def test_no_media_go_while_an_index_is_damaged(site: Site) -> None:
    nights(site, 3)
    made = catalogue.runs_at(site.destination)[0]
    site.file(made.index_parts[0].path).unlink()
    age(site, 8)

    report = one(site)

    assert made.index_parts[0].path in report.media_left
    assert report.media_count == 0


def test_nothing_goes_where_no_run_is_whole(site: Site) -> None:
    site.begin_run([site.store_medium(b"begun")], taken_at=NIGHT - 30 * DAY)
    age(site, 30)
    before = site.files()

    assert one(site).media_left == "there is no whole run"
    assert site.files() == before


def test_a_destination_that_fails_does_not_keep_the_others_from_being_pruned(
    site: Site, tmp_path: Path
) -> None:
    runs = nights(site, 3)
    catalogue.adopt([site.destination])
    loop = tmp_path / "down" / "runs"
    row = BackupRun.objects.get(name=runs[2])
    row.destinations.append({"name": FolderDestination(loop.parent).name, "failure": ""})
    row.save()
    loop.parent.mkdir()
    loop.symlink_to(loop)

    failed, pruned = prune([FolderDestination(loop.parent), site.destination], now=NOW)

    assert failed.failure
    assert pruned.removed == runs[2:]
    # what lies at the one that failed is there until it is removed
    row.refresh_from_db()
    assert (catalogue.lies_at(row), row.removed_at) == ({failed.destination}, None)


def test_what_is_missing_and_was_not_removed_by_us_is_not_said_to_be(site: Site) -> None:
    runs = nights(site, 2)
    catalogue.adopt([site.destination])
    shutil.rmtree(site.file(f"runs/{runs[1]}"))

    one(site)

    assert BackupRun.objects.get(name=runs[1]).removed_at is None
    assert not AuditEntry.objects.exists()


class Locked(FolderDestination):
    """A folder that keeps some files, as a bucket with object lock does."""

    keeps: Callable[[str], bool]

    def remove(self, path: str) -> bool:
        return not self.keeps(path) and super().remove(path)


def test_what_the_place_must_keep_is_reported_and_goes_later(site: Site) -> None:
    runs = nights(site, 4)
    place = Locked(site.root)
    place.keeps = lambda path: runs[2] in path or path.endswith("database.dump.zst.age")

    (report,) = prune([place], now=NOW)

    assert (report.kept, report.removed, report.locked) == (runs[:3], [runs[3]], [runs[2]])
    assert catalogue.survey(place).unfinished == (runs[3],)
    assert one(site).unfinished == [runs[3]]
    assert [run.run for run in catalogue.runs_at(place)] == runs[:2]


class Dying(FolderDestination):
    """A folder that stops answering after so many removals."""

    left = 0

    def remove(self, path: str) -> bool:
        if not self.left:
            raise DestinationFailed("It does not answer.")
        self.left -= 1
        return super().remove(path)


def test_a_pruning_that_breaks_off_anywhere_leaves_every_listed_run_whole(site: Site) -> None:
    runs = nights(site, 4)
    age(site, 8)
    attempts = 0
    report = Pruned("", failure="not yet")
    while report.failure:
        attempts += 1
        assert attempts < 20
        place = Dying(site.root)
        place.left = 1
        (report,) = prune([place], now=NOW)
        for run in catalogue.runs_at(site.destination):
            for part in run.parts:
                assert site.file(part.path).exists()
            for entry in indexes.entries(site.destination, run):
                assert site.file(entry.path).exists()
    assert attempts > 8  # two runs of four files or five, two media
    assert [run.run for run in catalogue.runs_at(site.destination)] == runs[:2]


def test_nothing_is_pruned_while_a_backup_is_made(site: Site) -> None:
    nights(site, 4)

    with lock.exclusively(), pytest.raises(Conflict) as caught:
        one(site)

    assert caught.value.code == "backup_running"
    assert len(catalogue.runs_at(site.destination)) == 4


def test_nothing_more_goes_once_the_lock_is_lost(site: Site) -> None:
    nights(site, 4)

    class Cutting(FolderDestination):
        def walk(self, prefix: str) -> Iterator[Found]:
            cut_locks()
            return super().walk(prefix)

    with pytest.raises(Conflict) as caught:
        prune([Cutting(site.root)], now=NOW)

    assert caught.value.code == "backup_lock_lost"
    assert len(catalogue.runs_at(site.destination)) == 4


def cut_locks() -> None:
    """End the session that holds the lock."""
    url = postgres.url_of(postgres.own_url(), lock.HELD_IN)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks"
            " WHERE locktype = 'advisory' AND (classid::bigint << 32 | objid::bigint) = %s",
            [
                lock._key("backups", postgres.name_of(postgres.own_url()))
            ],  # nobody else's, tests run beside
        )


def test_the_usual_clock_is_used(site: Site) -> None:
    run = site.make_run(taken_at=timezone.now()).run

    (report,) = prune([site.destination])

    assert report.kept == [run]
