"""Keys of the backups, and the checks of what an operator sets."""

import shutil
import stat
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from backups import checks, encryption, signing

IDENTITY, RECIPIENT = encryption.generate()


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.VERTEXAR_HOME = tmp_path / "home"
    settings.BACKUP_RECIPIENTS = []
    return tmp_path / "home"


def keygen(file: Path, *arguments: str, err: StringIO | None = None) -> str:
    out = StringIO()
    call_command("backup_keygen", str(file), *arguments, stdout=out, stderr=err or StringIO())
    return out.getvalue()


def test_the_file_opens_what_is_encrypted_for_what_is_printed(tmp_path: Path) -> None:
    said = keygen(tmp_path / "key.txt")

    (identity,) = encryption.parse_identities((tmp_path / "key.txt").read_text())
    assert f"BACKUP_RECIPIENTS={encryption.recipient_of(identity)}\n" in said
    assert "AGE-SECRET-KEY" not in said


def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    keygen(tmp_path / "key.txt")

    assert stat.S_IMODE((tmp_path / "key.txt").stat().st_mode) == 0o600


def test_the_file_says_whose_backups_to_believe(tmp_path: Path) -> None:
    keygen(tmp_path / "key.txt")

    text = (tmp_path / "key.txt").read_text()
    assert signing.signers_in(text) == {signing.own_signer()}


def test_elsewhere_the_server_s_signer_is_given_and_no_key_is_made(tmp_path: Path) -> None:
    server = f"vertexar-signer:{'A' * 43}="
    keygen(tmp_path / "key.txt", "--signer", server)

    assert signing.signers_in((tmp_path / "key.txt").read_text()) == {server}
    assert not signing.key_file().exists()
    with pytest.raises(CommandError, match="looks like vertexar-signer:"):
        keygen(tmp_path / "other.txt", "--signer", "somebody")
    assert not (tmp_path / "other.txt").exists()


def test_that_a_signing_key_was_made_is_said_once(tmp_path: Path) -> None:
    first, second = StringIO(), StringIO()
    keygen(tmp_path / "key.txt", err=first)
    keygen(tmp_path / "second.txt", err=second)

    assert str(signing.key_file()) in first.getvalue()
    assert "--signer" in first.getvalue()
    assert second.getvalue() == ""


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    keygen(tmp_path / "key.txt")
    before = (tmp_path / "key.txt").read_bytes()

    with pytest.raises(CommandError, match="exists"):
        keygen(tmp_path / "key.txt")

    assert (tmp_path / "key.txt").read_bytes() == before


def test_a_second_key_is_set_beside_the_first(tmp_path: Path, settings: Settings) -> None:
    settings.BACKUP_RECIPIENTS = [RECIPIENT]

    said = keygen(tmp_path / "key.txt")

    assert f'BACKUP_RECIPIENTS="{RECIPIENT} age1' in said


def test_where_nothing_can_be_written_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be written"):
        keygen(tmp_path / "nowhere" / "key.txt")


@pytest.mark.skipif(shutil.which("age-keygen") is None, reason="install age to run this")
def test_the_public_tool_reads_the_file(tmp_path: Path) -> None:
    said = keygen(tmp_path / "key.txt")

    shown = subprocess.run(
        ["age-keygen", "-y", tmp_path / "key.txt"], capture_output=True, text=True, check=True
    )

    assert shown.stdout.strip() in said


@pytest.mark.parametrize(
    ("setting", "value", "check", "number"),
    [
        ("BACKUP_DESTINATIONS", ["ftp://x"], checks.destinations_can_be_understood, "E001"),
        ("BACKUP_DESTINATIONS", ["file:///a"] * 2, checks.destinations_can_be_understood, "E001"),
        ("BACKUP_RECIPIENTS", [IDENTITY], checks.recipients_are_recipients, "E002"),
        ("BACKUP_DRILL_IDENTITY", RECIPIENT, checks.drill_identity_is_an_identity, "E003"),
        ("BACKUP_RECIPIENTS", [], checks.backups_are_made, "W001"),
    ],
    ids=["scheme", "twice", "secret", "public", "none"],  # keys are others each time
)
def test_a_setting_that_would_cost_a_backup_is_complained_of(
    settings: Settings, setting: str, value: object, check: Any, number: str
) -> None:
    setattr(settings, setting, value)

    (message,) = check()

    assert message.id == f"backups.{number}"
    assert message.hint
    assert IDENTITY not in message.msg


def test_backups_that_all_lie_at_home_are_complained_of(settings: Settings, home: Path) -> None:
    settings.BACKUP_DESTINATIONS = [(home / "backups").as_uri()]

    (message,) = checks.backups_leave_the_machine()

    assert message.id == "backups.W002"


@pytest.mark.parametrize("other", ["s3://bucket/prefix", "file:///mnt/elsewhere"])
def test_one_place_elsewhere_is_enough(settings: Settings, home: Path, other: str) -> None:
    settings.BACKUP_DESTINATIONS = [(home / "backups").as_uri(), other]
    settings.BACKUP_RECIPIENTS = [RECIPIENT]
    settings.BACKUP_DRILL_IDENTITY = IDENTITY

    for check in (
        checks.destinations_can_be_understood,
        checks.recipients_are_recipients,
        checks.drill_identity_is_an_identity,
        checks.backups_are_made,
        checks.backups_leave_the_machine,
    ):
        assert check() == []
