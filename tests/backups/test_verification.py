"""Damage of every kind is found, wherever it is, and named by the file that has it."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard
from pytest_django import Settings

from backups import catalogue, contents, encryption, indexes, manifest
from backups.manifest import MANIFEST, SIGNATURE, Manifest
from backups.models import BackupRun
from backups.streams import put
from backups.verdicts import Verdict
from backups.verification import verify, verify_everywhere
from tests.backups.pages import IDENTITY, NIGHT, Site, dump, encrypted, server, sha256
from vertexar.errors import NotThere
from vertexar.leases import JobStatus

CONTENTS = [b"the first medium", b"the second", b"a third one"]
IDENTITIES = encryption.parse_identities(IDENTITY)
Damage = Callable[[Path], object]


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> None:
    settings.VERTEXAR_HOME = tmp_path / "home"
    settings.BACKUP_SIGNING_KEY = ""
    settings.BACKUP_TRUSTED_SIGNERS = []


@pytest.fixture
def site(tmp_path: Path, db: None) -> Site:
    return Site(tmp_path / "site", archive=dump(), pg_dump=f"{server()}.1")


@pytest.fixture
def made(site: Site) -> Manifest:
    return site.make_run(CONTENTS)


def flaws(verdict: Verdict) -> list[tuple[str, str]]:
    assert all(flaw.path in flaw.message for flaw in verdict.flaws)
    return [(flaw.path, flaw.code) for flaw in verdict.flaws]


def flip(file: Path, *, at: int = -1, bit: int = 0) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 1 << bit
    file.write_bytes(content)


def test_a_backup_as_it_was_made_is_whole(site: Site, made: Manifest) -> None:
    shares: list[float] = []

    verdict = verify(
        made.run, site.destination, identities=IDENTITIES, deep=True, on_progress=shares.append
    )

    assert verdict == Verdict(made.run, site.destination.name, True, True, media_count=3)
    assert verdict.is_whole
    assert shares[-1] == 1
    assert shares == sorted(shares)


def test_a_flipped_bit_in_any_file_of_a_run_is_found(site: Site, made: Manifest) -> None:
    for path, size in site.files().items():
        file = site.file(path)
        right = file.read_bytes()
        for at in sorted({0, 1, size // 3, size // 2, size - 2, size - 1}):
            flip(file, at=at, bit=at % 8)
            verdict = verify(made.run, site.destination, deep=True)
            inside = f"runs/{made.run}/"
            named = inside + MANIFEST if path == inside + SIGNATURE else path
            assert [flaw.path for flaw in verdict.flaws] == [named]
            file.write_bytes(right)


@pytest.mark.parametrize("identities", [(), IDENTITIES], ids=["without a key", "with a key"])
@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (Path.unlink, "missing"),
        (lambda file: file.write_bytes(file.read_bytes()[:-1]), "wrong_size"),
        (lambda file: file.write_bytes(b""), "wrong_size"),
        (lambda file: file.write_bytes(file.read_bytes() + b"\n"), "wrong_size"),
        (flip, "wrong_hash"),
    ],
    ids=["gone", "cut short", "emptied", "longer", "flipped"],
)
@pytest.mark.parametrize("number", range(4))
def test_a_damaged_part_is_named(
    site: Site,
    made: Manifest,
    number: int,
    damage: Damage,
    code: str,
    identities: tuple[object, ...],
) -> None:
    path = made.parts[number].path
    damage(site.file(path))

    verdict = verify(made.run, site.destination, identities=identities)

    assert flaws(verdict) == [(path, code)]


def test_parts_that_changed_places_are_both_named(site: Site, made: Manifest) -> None:
    database, configuration = (made.part(name) for name in ("database", "configuration"))
    swap(site.file(database.path), site.file(configuration.path))

    verdict = verify(made.run, site.destination, identities=IDENTITIES)

    assert {path for path, _ in flaws(verdict)} == {database.path, configuration.path}


def test_parts_of_another_run_are_not_this_runs(site: Site, made: Manifest) -> None:
    other = site.make_run(taken_at=NIGHT + timedelta(days=1))
    mine, theirs = made.part("database").path, other.part("database").path
    swap(site.file(mine), site.file(theirs))

    (flaw,) = verify(made.run, site.destination).flaws
    assert flaw.path == mine


def test_media_that_changed_places_are_found_by_reading_them(site: Site, made: Manifest) -> None:
    one, other = [
        entry.path for entry in indexes.entries(site.destination, made) if entry.size != 16
    ]
    shutil.copy(site.file(one), site.file(other))

    (flaw,) = verify(made.run, site.destination, deep=True).flaws
    assert flaw.path == other


@pytest.mark.parametrize(
    ("damage", "code"),
    [(Path.unlink, "missing"), (lambda file: file.write_bytes(b"x"), "wrong_size")],
)
def test_a_medium_that_is_not_there_as_it_was_is_named(
    site: Site, made: Manifest, damage: Damage, code: str
) -> None:
    entry = next(indexes.entries(site.destination, made))
    damage(site.file(entry.path))

    assert flaws(verify(made.run, site.destination)) == [(entry.path, code)]


def test_a_medium_of_the_same_size_is_found_by_reading_it(site: Site, made: Manifest) -> None:
    entry = next(indexes.entries(site.destination, made))
    flip(site.file(entry.path))

    assert verify(made.run, site.destination).is_whole
    verdict = verify(made.run, site.destination, deep=True)
    assert flaws(verdict) == [(entry.path, "wrong_hash")]


def test_a_medium_that_was_encrypted_wrongly_is_found_with_a_key(site: Site) -> None:
    entry = site.store_medium(b"as it should be")
    stored = encrypted(b"as it should not")
    put(site.destination, entry.path, stored)
    wrong = replace(entry, stored_size=len(stored), stored_sha256=sha256(stored))
    made = site.finish_run(site.begin_run([wrong]))

    assert verify(made.run, site.destination, deep=True).is_whole
    verdict = verify(made.run, site.destination, identities=IDENTITIES, deep=True)
    assert flaws(verdict) == [(entry.path, "wrong_plain_size")]


def test_a_forged_manifest_is_named_and_nothing_it_says_is_believed(
    site: Site, made: Manifest
) -> None:
    path = f"runs/{made.run}/{MANIFEST}"
    site.file(path).write_bytes(manifest.to_bytes(replace(made, parts=made.parts[:2])))

    assert flaws(verify(made.run, site.destination)) == [(path, "manifest_forged")]


def test_the_wrong_key_is_called_so(site: Site, made: Manifest) -> None:
    stranger, _ = encryption.generate()

    verdict = verify(made.run, site.destination, identities=encryption.parse_identities(stranger))

    assert flaws(verdict) == [
        (made.part("database").path, "wrong_identity"),
        (made.part("configuration").path, "wrong_identity"),
    ]


@pytest.mark.parametrize("archive", [b"", b"PGDMP, more or less", b"x" * 3_000_000])
def test_a_dump_that_postgresql_can_not_read_is_found_with_a_key(
    site: Site, archive: bytes
) -> None:
    site.archive = archive
    made = site.make_run()

    assert verify(made.run, site.destination).is_whole
    verdict = verify(made.run, site.destination, identities=IDENTITIES)
    assert flaws(verdict) == [(made.part("database").path, "unreadable_dump")]


def test_what_is_no_compressed_dump_or_no_configuration_is_found_with_a_key(site: Site) -> None:
    site.is_compressed, site.configuration = False, b"{"
    made = site.make_run()

    verdict = verify(made.run, site.destination, identities=IDENTITIES)

    assert [code for _, code in flaws(verdict)] == ["unreadable_dump", "unreadable_configuration"]


def test_nothing_reads_what_was_not_signed(
    site: Site, made: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*arguments: object, **options: object) -> None:
        raise AssertionError

    for name in ("read_dump", "read_configuration"):
        monkeypatch.setattr(contents, name, never)
    for name in ("database", "configuration"):
        site.file(made.part(name).path).write_bytes(encrypted(zstandard.compress(bytes(100_000))))

    verdict = verify(made.run, site.destination, identities=IDENTITIES)

    assert {flaw.path for flaw in verdict.flaws} == {
        made.part(name).path for name in ("database", "configuration")
    }
    assert {code for _, code in flaws(verdict)} <= {"wrong_size", "wrong_hash"}


def test_a_dump_longer_than_its_listing_is_read_to_its_end(site: Site) -> None:
    site.archive = dump() + bytes(5_000_000)  # pg_restore stops reading long before
    made = site.make_run()

    assert verify(made.run, site.destination, identities=IDENTITIES).is_whole


def test_a_run_that_is_not_there_is_not_there(site: Site, made: Manifest) -> None:
    with pytest.raises(NotThere):
        verify("20260101T020003Z-1a2b3c4d", site.destination)


def test_no_more_flaws_are_listed_than_one_can_read(site: Site) -> None:
    made = site.make_run([str(number).encode() for number in range(103)])
    shutil.rmtree(site.file("media"))

    verdict = verify(made.run, site.destination)

    assert (verdict.flaw_count, len(verdict.flaws)) == (103, 100)
    assert verdict.in_words().endswith("and 3 more.")


def test_what_is_wrong_is_written_on_the_row(site: Site, made: Manifest, tmp_path: Path) -> None:
    (row,) = catalogue.adopt([site.destination])
    verify_everywhere(made.run, [site.destination])
    row.refresh_from_db()
    assert row.verified_at is not None
    assert row.verify_failure == ""

    path = made.part("database").path
    flip(site.file(path))
    verdicts = verify_everywhere(made.run, [Site(tmp_path / "empty").destination, site.destination])

    assert [verdict.is_whole for verdict in verdicts] == [False]
    row.refresh_from_db()
    assert path in row.verify_failure
    assert site.destination.name in row.verify_failure


def test_what_says_something_of_who_asks_is_not_written_on_the_row(
    site: Site, made: Manifest
) -> None:
    (row,) = catalogue.adopt([site.destination])
    another = encryption.parse_identities(encryption.generate()[0])

    (verdict,) = verify_everywhere(made.run, [site.destination], identities=another, deep=True)
    assert {code for _, code in flaws(verdict)} == {"wrong_identity"}
    (verdict,) = verify_everywhere(made.run, [site.destination], signers=["nobody"])
    assert [code for _, code in flaws(verdict)] == ["signer_unknown"]
    row.refresh_from_db()
    assert (row.verified_at, row.verify_failure) == (None, "")

    path = made.part("database").path
    flip(site.file(path))
    verify_everywhere(made.run, [site.destination], identities=another)
    row.refresh_from_db()
    assert (
        row.verify_failure == f"{site.destination.name}: {path} is not the file that was written."
    )


def test_a_run_that_has_vanished_from_where_it_was_written_is_not_whole(
    site: Site, made: Manifest, tmp_path: Path
) -> None:
    shutil.copytree(site.root, tmp_path / "other")
    other = Site(tmp_path / "other")
    (row,) = catalogue.adopt([site.destination, other.destination])
    shutil.rmtree(other.file("runs"))

    verdicts = verify_everywhere(made.run, [site.destination, other.destination])

    assert [verdict.is_whole for verdict in verdicts] == [True, False]
    row.refresh_from_db()
    assert row.verify_failure.startswith(other.destination.name)


def test_nothing_is_written_of_a_run_that_nobody_has(site: Site, tmp_path: Path) -> None:
    row = BackupRun.objects.create(name="20260101T020003Z-1a2b3c4d", status=JobStatus.READY)

    with pytest.raises(NotThere):
        verify_everywhere(row.name, [site.destination])

    row.refresh_from_db()
    assert row.verified_at is None


def swap(one: Path, other: Path) -> None:
    first = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(first)


def test_a_configuration_that_swells_is_not_held_in_memory(site: Site) -> None:
    site.configuration = b'"' + b" " * (17 << 20) + b'"'
    made = site.make_run()
    (flaw,) = verify(made.run, site.destination, identities=IDENTITIES).flaws
    assert (flaw.code, "too long" in flaw.message) == ("unreadable_configuration", True)
