"""`manage.py backup`: what it prints, and how it ends."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import User
from backups import lock
from backups.models import BackupRun
from tests.backups.conftest import Faulty, Site, refuse

pytestmark = pytest.mark.django_db


def backup(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("backup", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_it_says_what_was_made_and_how_far_it_is(site: Site) -> None:
    site.store(b"a picture" * 1000)

    out, err = backup()

    row = BackupRun.objects.get()
    assert row.name in out
    assert "1 media" in out
    assert "whole" in out
    assert "database: " in err
    assert "media: " in err


def test_its_json_is_for_programs(site: Site) -> None:
    out, _err = backup("--json")

    page = json.loads(out)
    row = BackupRun.objects.get()
    assert (page["name"], page["status"], page["rows"]) == (row.name, "ready", row.row_count)
    assert page["destinations"] == [{"name": site.places[0].name, "failure": ""}]


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("BACKUP_RECIPIENTS", [], r"backups_not_configured.*backup_keygen"),
        ("BACKUP_RECIPIENTS", ["age1nonsense"], r"bad_backup_key"),
        ("BACKUP_DESTINATIONS", ["gopher://hole"], r"bad_backup_destination"),
    ],
    ids=["nobody to read it", "no key", "no destination"],
)
def test_what_it_refuses_leaves_no_row_and_is_told_to_who_asked_alone(
    site: Site,
    settings: Settings,
    superuser: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    setting: str,
    value: list[str],
    told: str,
) -> None:
    setattr(settings, setting, value)

    with (
        django_capture_on_commit_callbacks() as sent,
        pytest.raises(CommandError, match=told) as failure,
    ):
        backup()

    assert failure.value.returncode == 1
    assert not BackupRun.objects.exists()
    assert sent == []


def test_a_destination_left_out_has_an_exit_code_of_its_own(
    site: Site, second: Path, faulty: list[Faulty]
) -> None:
    faulty[1].before_commit = refuse

    with pytest.raises(CommandError, match=r"destination_left_out.*It is down") as failure:
        backup()
    assert failure.value.returncode == 3


def test_beside_another_it_does_nothing(site: Site) -> None:
    with lock.exclusively(), pytest.raises(CommandError, match="backup_running"):
        backup()
