"""The commands that verify and prune: what they say, and the code they end with."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from backups import catalogue
from backups.manifest import MANIFEST, Manifest
from tests.backups.pages import IDENTITY, NIGHT, Site, dump, server

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(settings: Settings, tmp_path: Path, db: None) -> Site:
    settings.VERTEXAR_HOME = tmp_path / "home"
    settings.BACKUP_SIGNING_KEY = ""
    settings.BACKUP_TRUSTED_SIGNERS = []
    settings.BACKUP_KEEP_DAILY = 1
    settings.BACKUP_KEEP_WEEKLY = settings.BACKUP_KEEP_MONTHLY = 0
    site = Site(tmp_path / "site", archive=dump(), pg_dump=f"{server()}.1")
    settings.BACKUP_DESTINATIONS = [site.root.as_uri()]
    return site


@pytest.fixture
def runs(site: Site) -> list[Manifest]:
    """Two, newest first."""
    nights = (NIGHT, NIGHT - timedelta(days=1))
    return [site.make_run([b"one"], taken_at=night) for night in nights]


def said(*command: Any) -> tuple[str, str, int]:
    """Run a command: what it prints, what it complains of, its exit code."""
    out = StringIO()
    try:
        call_command(*command, stdout=out, stderr=StringIO())
    except CommandError as error:
        return out.getvalue(), str(error), error.returncode
    return out.getvalue(), "", 0


def test_the_latest_is_verified(runs: list[Manifest], tmp_path: Path) -> None:
    identity = tmp_path / "identity.txt"
    identity.write_text(IDENTITY)

    out, complaint, code = said("verify_backup", "latest", "--identity", str(identity), "--deep")

    assert (complaint, code) == ("", 0)
    assert out.count("\n") == 1
    assert runs[0].run in out
    assert "whole (1 media read, decrypted)" in out


def test_a_backup_is_verified_by_the_id_of_its_row(site: Site, runs: list[Manifest]) -> None:
    rows = {row.name: row for row in catalogue.adopt([site.destination])}

    out, _, code = said("verify_backup", str(rows[runs[1].run].pk))

    assert (runs[1].run in out, runs[0].run in out, code) == (True, False, 0)


def test_verifying_all_fails_for_any_and_names_the_file(site: Site, runs: list[Manifest]) -> None:
    damaged = runs[1].part("database").path
    site.file(damaged).write_bytes(b"x")

    out, complaint, code = said("verify_backup", "all", "--json")

    assert code == 1
    assert damaged in complaint
    found = {verdict["run"]: verdict for verdict in json.loads(out)["verdicts"]}
    assert [found[run.run]["is_whole"] for run in runs] == [True, False]
    assert found[runs[1].run]["flaws"][0]["code"] == "wrong_size"


def test_verifying_all_finds_a_forged_one(site: Site, runs: list[Manifest]) -> None:
    site.file(f"runs/{runs[0].run}/{MANIFEST}").write_bytes(b"{}")

    _, complaint, code = said("verify_backup", "all")

    assert code == 1
    assert f"runs/{runs[0].run}/{MANIFEST}" in complaint


def test_the_latest_is_the_newest_though_it_be_forged(site: Site, runs: list[Manifest]) -> None:
    manifest = site.file(f"runs/{runs[0].run}/{MANIFEST}")
    manifest.write_bytes(b"{}")

    _, complaint, code = said("verify_backup", "latest")

    assert code == 1
    assert f"runs/{runs[0].run}/{MANIFEST}" in complaint


def test_the_latest_is_the_newest_that_a_row_knows_though_it_be_gone(
    site: Site, runs: list[Manifest]
) -> None:
    catalogue.adopt([site.destination])
    site.file(f"runs/{runs[0].run}/{MANIFEST}").unlink()

    _, complaint, code = said("verify_backup", "latest")

    assert code == 1
    assert f"runs/{runs[0].run}/{MANIFEST} is missing." in complaint
    elsewhere = Site(site.root.with_name("elsewhere"))
    other = elsewhere.make_run(taken_at=NIGHT - timedelta(days=1))
    out, _, code = said("verify_backup", "latest", "--from", elsewhere.root.as_uri())
    assert (other.run in out, code) == (True, 0)


def test_a_backup_that_is_nowhere_is_said_to_be(runs: list[Manifest]) -> None:
    _, complaint, code = said("verify_backup", "20260101T020003Z-1a2b3c4d")

    assert code == 1
    assert "No destination has a backup 20260101T020003Z-1a2b3c4d." in complaint


def test_without_any_backup_there_is_no_latest(site: Site) -> None:
    assert said("verify_backup")[2] == 2


@pytest.mark.parametrize(
    "options", [["--from", "ftp://there"], ["--identity", "nowhere"], ["--identity", "empty"]]
)
def test_a_wrong_call_is_told_from_a_damaged_backup(
    runs: list[Manifest], options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").write_text("# nothing\n")

    assert said("verify_backup", "latest", *options)[2] == 2


def test_another_machines_backups_are_verified_by_its_identity_file(
    site: Site, runs: list[Manifest], settings: Settings, tmp_path: Path
) -> None:
    signer = site.sign(b"").decode().split("\n")[0]
    settings.VERTEXAR_HOME = tmp_path / "another"
    identity = tmp_path / "identity.txt"
    identity.write_text(f"# signed by: {signer}\n{IDENTITY}\n")

    assert said("verify_backup", "latest")[2] == 2
    assert said("verify_backup", "latest", "--identity", str(identity))[2] == 0


def test_pruning_says_what_it_removes_and_a_dry_run_what_it_would(
    site: Site, runs: list[Manifest]
) -> None:
    out, _, code = said("backup_prune", "--dry-run")
    assert (f"{runs[1].run}: would be removed" in out, code) == (True, 0)
    assert len(catalogue.runs_at(site.destination)) == 2

    out, _, code = said("backup_prune", "--json")
    (report,) = json.loads(out)["destinations"]
    assert (report["kept"], report["removed"], code) == ([runs[0].run], [runs[1].run], 0)
    assert [run.run for run in catalogue.runs_at(site.destination)] == [runs[0].run]


def test_pruning_fails_where_a_destination_can_not_be_asked(
    settings: Settings, runs: list[Manifest], tmp_path: Path
) -> None:
    loop = tmp_path / "down" / "runs"
    loop.parent.mkdir()
    loop.symlink_to(loop)
    settings.BACKUP_DESTINATIONS = [loop.parent.as_uri(), *settings.BACKUP_DESTINATIONS]

    out, complaint, code = said("backup_prune")

    assert code == 1
    assert loop.parent.as_uri() in complaint
    assert f"{runs[1].run}: removed" in out


def test_a_place_that_can_not_be_asked_is_no_wrong_call(site: Site) -> None:
    site.root.mkdir(parents=True, exist_ok=True)
    (site.root / "runs").symlink_to(site.root / "runs")
    for run in ("latest", "all"):
        _, complaint, code = said("verify_backup", run)
        assert (site.destination.name in complaint, code) == (True, 1)
