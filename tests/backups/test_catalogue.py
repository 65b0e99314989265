"""What is found at a destination: good runs, forged and unfinished ones, and media known there."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone
from pytest_django import Settings

from backups import catalogue, indexes, manifest, signing
from backups.destinations import Destination, DestinationFailed
from backups.destinations.folder import FolderDestination
from backups.genuine import PartDamaged
from backups.manifest import Manifest, MediaEntry
from backups.models import BackupRun
from tests.backups.pages import NIGHT, RECIPIENT, Site, key_of, sha256
from vertexar.errors import NotThere
from vertexar.leases import JobStatus

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> None:
    settings.VERTEXAR_HOME = tmp_path / "home"
    settings.BACKUP_SIGNING_KEY = ""
    settings.BACKUP_TRUSTED_SIGNERS = []


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site")


@pytest.fixture
def stranger(settings: Settings, tmp_path: Path) -> Callable[[bytes], bytes]:
    """How another installation signs."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

    def sign(data: bytes) -> bytes:
        settings.BACKUP_SIGNING_KEY = pem.decode()
        try:
            return signing.sign(data)
        finally:
            settings.BACKUP_SIGNING_KEY = ""

    return sign


def down(tmp_path: Path) -> Destination:
    """A destination that can't be asked: a file lies where one of its folders should be."""
    (tmp_path / "down").mkdir()
    loop = tmp_path / "down" / "runs"
    loop.symlink_to(loop)
    return FolderDestination(tmp_path / "down")


def test_runs_come_newest_first(site: Site) -> None:
    runs = [site.make_run(taken_at=NIGHT + day * DAY).run for day in (1, 0, 2)]

    found = catalogue.runs_at(site.destination)

    assert [manifest.run for manifest in found] == [runs[2], runs[0], runs[1]]


def test_a_run_without_a_manifest_or_signature_does_not_exist(site: Site) -> None:
    begun = site.begin_run([])
    unsigned = site.make_run(taken_at=NIGHT + DAY)
    site.file(f"runs/{unsigned.run}/{manifest.SIGNATURE}").unlink()

    found = catalogue.survey(site.destination)

    assert found == catalogue.Survey((), (), (unsigned.run, begun.run))
    with pytest.raises(NotThere):
        catalogue.load(site.destination, begun.run)


def test_a_forged_manifest_is_reported_by_the_name_of_its_run(site: Site) -> None:
    good, forged = site.make_run(), site.make_run(taken_at=NIGHT + DAY)
    path = site.file(f"runs/{forged.run}/{manifest.MANIFEST}")
    path.write_bytes(manifest.to_bytes(replace(forged, media_count=7)))

    found = catalogue.survey(site.destination)

    assert [run.run for run in found.runs] == [good.run]
    assert [(bad.run, bad.code) for bad in found.rejected] == [(forged.run, "manifest_forged")]


def test_another_runs_manifest_put_in_its_place_is_a_forgery(site: Site) -> None:
    old, new = site.make_run(), site.make_run(taken_at=NIGHT + DAY)
    for file in (manifest.MANIFEST, manifest.SIGNATURE):
        shutil.copy(site.file(f"runs/{old.run}/{file}"), site.file(f"runs/{new.run}/{file}"))

    found = catalogue.survey(site.destination)

    assert [run.run for run in found.runs] == [old.run]
    assert [(bad.run, bad.code) for bad in found.rejected] == [(new.run, "manifest_forged")]


def test_another_installations_runs_count_once_it_is_trusted(
    site: Site, stranger: Callable[[bytes], bytes], settings: Settings
) -> None:
    site.sign = stranger
    theirs = site.make_run()

    found = catalogue.survey(site.destination)

    assert not found.runs
    assert [(bad.run, bad.code) for bad in found.rejected] == [(theirs.run, "signer_unknown")]
    signer = stranger(b"").decode().split("\n")[0]
    assert catalogue.runs_at(site.destination, signers={signer}) == (theirs,)
    settings.BACKUP_TRUSTED_SIGNERS = [signer]
    assert catalogue.runs_at(site.destination) == (theirs,)


def test_a_manifest_too_long_to_be_one_is_not_read_into_memory(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.make_run()
    monkeypatch.setattr(catalogue, "MANIFEST_BYTES", 100)

    (bad,) = catalogue.survey(site.destination).rejected

    assert bad.code == "manifest_unreadable"


def test_other_folders_beside_the_runs_are_left_out(site: Site) -> None:
    for path in (
        "runs/lost+found/manifest.json",
        "runs/readme",
        "runs/20269999T020003Z-1a2b3c4d/x",
    ):
        site.file(path).parent.mkdir(parents=True, exist_ok=True)
        site.file(path).write_text("?")

    assert catalogue.survey(site.destination) == catalogue.Survey((), (), ())


def test_the_newest_is_found_wherever_it_lies(tmp_path: Path, site: Site) -> None:
    other = Site(tmp_path / "other")
    old, new = site.make_run(), other.make_run(taken_at=NIGHT + DAY)
    everywhere = [down(tmp_path), site.destination, other.destination]

    assert catalogue.newest(everywhere) == catalogue.Copy(other.destination, new)
    assert catalogue.newest(everywhere, at=NIGHT).manifest == old
    assert catalogue.newest(everywhere, at=NIGHT + 2 * DAY).manifest == new
    with pytest.raises(NotThere) as caught:
        catalogue.newest(everywhere, at=NIGHT - DAY)
    assert caught.value.code == "no_such_backup"


def test_a_place_that_can_not_be_asked_is_not_said_to_have_no_backup(
    tmp_path: Path, site: Site
) -> None:
    away = down(tmp_path)
    with pytest.raises(DestinationFailed):
        catalogue.newest([away])
    with pytest.raises(NotThere) as caught:
        catalogue.newest([away, site.destination])
    assert away.name in caught.value.hint


def test_where_all_are_of_a_stranger_it_is_said_whose_they_are(
    site: Site, stranger: Callable[[bytes], bytes]
) -> None:
    site.make_run()
    with pytest.raises(NotThere) as caught:
        catalogue.newest([site.destination], signers=[])
    assert f"signed by {signing.own_signer()}" in caught.value.hint


def test_the_newest_is_never_what_was_taken_before_a_restore(site: Site) -> None:
    nightly = site.make_run()
    site.make_run(taken_at=NIGHT + DAY, kind="safety")

    assert catalogue.newest([site.destination]).manifest == nightly


def test_copies_are_where_the_run_is_good(tmp_path: Path, site: Site) -> None:
    made = site.make_run()
    other = Site(tmp_path / "other")

    found = catalogue.copies(made.run, [down(tmp_path), other.destination, site.destination])

    assert found == [catalogue.Copy(site.destination, made)]
    with pytest.raises(NotThere):
        catalogue.copies(made.run, [other.destination])


def test_entries_are_those_of_all_pieces(site: Site) -> None:
    made = site.make_run([b"one", b"two", b"three"])

    entries = list(indexes.entries(site.destination, made))

    assert {entry.size for entry in entries} == {3, 5}
    assert len(entries) == 3


def test_a_change_of_each_byte_of_an_index_is_noticed(site: Site) -> None:
    made = site.make_run([b"one"])
    path = site.file(made.index_parts[0].path)
    right = path.read_bytes()
    for at in range(len(right)):
        flipped = bytearray(right)
        flipped[at] ^= 1 << at % 8
        path.write_bytes(flipped)
        with pytest.raises(PartDamaged, match=made.index_parts[0].path):
            list(indexes.entries(site.destination, made))


@pytest.mark.parametrize("content", [b"", b"{}\n", b"x" * 40_000, b"{", b"\n"])
def test_an_index_of_nonsense_is_damaged(site: Site, content: bytes) -> None:
    made = site.make_run([b"one"])
    site.file(made.index_parts[0].path).write_bytes(content)

    with pytest.raises(PartDamaged):
        list(indexes.entries(site.destination, made))


def test_an_index_that_is_gone_or_short_of_a_piece_is_damaged(site: Site) -> None:
    made = site.make_run([b"one", b"two"])
    short = replace(made, parts=made.parts[:-1])

    with pytest.raises(PartDamaged, match="the manifest says 2"):
        list(indexes.entries(site.destination, short))
    site.file(made.index_parts[1].path).unlink()
    with pytest.raises(PartDamaged, match="missing"):
        list(indexes.entries(site.destination, made))


def test_known_are_the_media_of_the_newest_run_and_of_what_was_begun_after_it(site: Site) -> None:
    site.make_run([b"in an older run"], taken_at=NIGHT - DAY)
    kept = site.make_run([b"kept", b"gone", b"cut short"])
    resumed = site.store_medium(b"sent before the kill")
    site.begin_run([resumed], taken_at=NIGHT + DAY)
    by_hash = {entry.sha256: entry for entry in indexes.entries(site.destination, kept)}
    site.file(by_hash[sha256(b"gone")].path).unlink()
    site.file(by_hash[sha256(b"cut short")].path).write_bytes(b"x")

    known = site.known

    assert set(known) == {site.store_medium(b"kept").key, resumed.key}
    assert known[resumed.key] == resumed


def test_an_index_that_is_damaged_is_no_reason_to_trust_nothing_else(site: Site) -> None:
    site.make_run([b"older"], taken_at=NIGHT - DAY)
    damaged = site.make_run([b"newer"])
    site.file(damaged.index_parts[0].path).write_bytes(b"{}\n")
    begun = site.begin_run([site.store_medium(b"begun")], taken_at=NIGHT + DAY)
    torn = site.begin_run([site.store_medium(b"torn")], taken_at=NIGHT + 2 * DAY)
    site.file(torn.index_parts[0].path).write_bytes(b"{")

    known = site.known

    assert set(known) == {key_of(b"older"), key_of(b"begun")}
    assert begun.media_count == 1


def test_a_medium_that_comes_back_is_known_from_an_older_run(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = site.make_run([b"left and came back", b"stays"], taken_at=NIGHT - 2 * DAY)
    site.make_run([b"stays", b"cut short"], taken_at=NIGHT - DAY)
    site.make_run([b"stays"])
    site.file(f"media/{key_of(b'cut short')}.age").write_bytes(b"x")
    read: list[str] = []
    entries = indexes.entries

    def noted(destination: Destination, run: Manifest) -> Iterator[MediaEntry]:
        read.append(run.run)
        return entries(destination, run)

    monkeypatch.setattr(indexes, "entries", noted)

    known = site.known

    assert known[key_of(b"stays")].size == 5
    assert key_of(b"never seen") not in known
    assert len(read) == 1  # older indexes are not read for what is known or new
    expected = {entry.key: entry for entry in entries(site.destination, old)}
    assert known[key_of(b"left and came back")] == expected[key_of(b"left and came back")]
    assert key_of(b"cut short") not in known
    assert len(read) == 3


def test_pieces_begun_before_the_newest_run_are_not_known(site: Site) -> None:
    site.begin_run([site.store_medium(b"before")], taken_at=NIGHT - DAY)
    site.make_run([b"in it"])

    assert set(site.known) == {key_of(b"in it")}


def test_nothing_is_known_at_an_empty_destination(site: Site) -> None:
    assert len(site.known) == 0


@pytest.mark.django_db
def test_runs_of_another_machine_get_their_rows(tmp_path: Path, site: Site) -> None:
    made = site.make_run([b"one"])
    shutil.copytree(site.root, tmp_path / "other")
    other = Site(tmp_path / "other")

    (row,) = catalogue.adopt([site.destination, other.destination])

    assert BackupRun.objects.good().get() == row
    row.refresh_from_db()
    assert (row.name, row.kind, row.started_at) == (made.run, "nightly", NIGHT)
    assert (row.row_count, row.media_count, row.media_bytes) == (43, 1, 3)
    assert row.database_bytes == made.part("database").size
    assert row.encrypted_for == [RECIPIENT]
    assert catalogue.lies_at(row) == {site.destination.name, other.destination.name}
    assert catalogue.adopt([site.destination, other.destination]) == []


@pytest.mark.django_db
def test_the_row_that_was_dumped_while_its_run_was_made_is_settled(site: Site) -> None:
    row = BackupRun(kind="manual", status=JobStatus.WORKING, leased_at=timezone.now())
    row.name = site.make_run(row_id=row.pk, kind="manual").run
    row.lease_id = row.pk
    row.save()

    assert catalogue.adopt([site.destination]) == [row]

    row = BackupRun.objects.get()
    assert row.status == JobStatus.READY
    assert row.lease_id is None
    assert not BackupRun.objects.lost().exists()


@pytest.mark.django_db
def test_rows_of_runs_that_are_nowhere_are_marked_only_if_all_destinations_answer(
    site: Site, tmp_path: Path
) -> None:
    site.make_run()
    gone = BackupRun.objects.create(name="20260101T020003Z-1a2b3c4d", status=JobStatus.READY)

    catalogue.adopt([site.destination, down(tmp_path)])
    assert gone in BackupRun.objects.good()

    catalogue.adopt([site.destination])
    assert gone not in BackupRun.objects.good()
    assert BackupRun.objects.good().count() == 1


@pytest.mark.django_db
def test_a_row_of_a_run_at_a_place_that_was_not_asked_stays(site: Site, tmp_path: Path) -> None:
    elsewhere = Site(tmp_path / "elsewhere")
    elsewhere.make_run()
    (row,) = catalogue.adopt([elsewhere.destination])

    catalogue.adopt([site.destination])
    assert row in BackupRun.objects.good()

    shutil.rmtree(elsewhere.root)
    catalogue.adopt([site.destination, elsewhere.destination])
    assert row not in BackupRun.objects.good()
