"""Backups killed at random moments: what is listed as good is good, and the next one succeeds."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from backups import catalogue, encryption, postgres, services
from backups.models import BackupRun
from backups.verification import verify
from tests.backups.conftest import Site
from tests.backups.killed import FILES_A_RUN
from vertexar.leases import JobStatus

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[2]
KILLS = 10
PATIENCE_S = 120
BACKUP = ("manage.py", "backup", "--verbosity=0")


def start(site: Site, *command: str, wrapped: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
    """Start a program of ours on this test's database, media and destinations."""
    identity = encryption.parse_identities(site.identity)[0]
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": postgres.own_url(),
        "VERTEXAR_HOME": str(site.media.parent),
        "MEDIA_ROOT": str(site.media),
        "BACKUP_DESTINATIONS": " ".join(folder.as_uri() for folder in site.folders),
        "BACKUP_RECIPIENTS": encryption.recipient_of(identity),
        "PYTHONWARNINGS": "ignore::RuntimeWarning",
    }
    return subprocess.Popen(
        [*wrapped, sys.executable, *command],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def listed(site: Site) -> list[set[str]]:
    """Names of the runs that count at each destination, each of them read to its end."""
    identities = encryption.parse_identities(site.identity)
    names = []
    for place in site.places:
        runs = catalogue.runs_at(place)
        for manifest in runs:
            verdict = verify(manifest.run, place, identities=identities, deep=True)
            assert verdict.is_whole, verdict.in_words()
            assert manifest.gone_media == ()
        names.append({manifest.run for manifest in runs})
    return names


def test_killed_at_any_moment_nothing_half_good_is_listed_and_the_next_one_succeeds(
    site: Site, second: Path
) -> None:
    with start(site, "-m", "tests.backups.killed", str(KILLS), "11") as process:
        told, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    assert told.split().count("killed") > KILLS / 2

    good = set(BackupRun.objects.good().values_list("name", flat=True))
    for names in listed(site):
        assert good <= names

    row = services.back_up_now(BackupRun.Kind.MANUAL, actor=None)

    assert (row.status, row.failure_code) == (JobStatus.READY, "")
    assert row.media_count == FILES_A_RUN * (KILLS + 1)
    for names in listed(site):
        assert row.name in names


def test_two_that_start_at_once_are_one(site: Site, second: Path) -> None:
    site.store(random.Random(7).randbytes(9_000_000))
    with start(site, *BACKUP) as one, start(site, *BACKUP) as other:
        errors = [process.communicate(timeout=PATIENCE_S)[1] for process in (one, other)]
        codes = sorted(process.returncode for process in (one, other))

    runs = [len(names) for names in listed(site)]
    if codes == [0, 1]:
        assert any("backup_running" in text for text in errors)
        assert runs == [1, 1]
    else:  # one had ended before the other began
        assert codes == [0, 0]
        assert runs == [2, 2]


def test_a_disk_that_gets_full_fails_the_run_and_nothing_of_it_counts(site: Site) -> None:
    site.store(random.Random(7).randbytes(9_000_000))
    # a limit on the size of files is to a process what a full disk is
    full = ("bash", "-c", 'ulimit -f 4096; trap "" XFSZ; exec "$@"', "bash")
    with start(site, *BACKUP, wrapped=full) as process:
        _out, told = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 1, told
    row = BackupRun.objects.get()
    assert (row.status, row.failure_code) == (JobStatus.FAILED, "destination_full")
    assert listed(site) == [set()]
    assert not list(site.folders[0].glob(".incoming/*"))
    assert services.back_up_now(BackupRun.Kind.MANUAL, actor=None).status == JobStatus.READY
