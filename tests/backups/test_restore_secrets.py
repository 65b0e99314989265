"""What a restore is told: a password that no list of processes shows, and files named once."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from django.core.management import CommandError, call_command

from backups import postgres
from tests.backups.installation import Installation
from vertexar.local import postgres as local

PASSWORD = "a harbour: of nine/boats"


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """The URL of a database on a server that asks for a password; the URL has none."""
    home = Path(mkdtemp(prefix="vertexar-guarded-"))
    home.chmod(0o711)
    server = local.start(home / "data", log=home / "log", is_durable=False)
    try:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"ALTER ROLE {local.USER} PASSWORD '{PASSWORD}'".encode())
            [file] = connection.execute("SHOW hba_file").fetchone() or [""]
            Path(str(file)).write_text("local all all scram-sha-256\n", "ascii")
            connection.execute("SELECT pg_reload_conf()")
        yield postgres.url_of(server.url, "looked_at")
    finally:
        server.child.stop()
        shutil.rmtree(home)


def visitors(url: str) -> int:
    with psycopg.connect(url, password=PASSWORD) as connection:
        row = connection.execute("SELECT count(*) FROM visitor").fetchone()
    return int(str(row and row[0]))


def restore(place: Installation, url: str, *more: str, code: int = 0) -> str:
    return place.restore("latest", "--to-database", url, "--only", "database", *more, code=code)


def test_the_password_may_come_from_a_file(
    restorable: Installation, guarded: str, tmp_path: Path
) -> None:
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:*:{PASSWORD.replace(':', chr(92) + ':')}\n")
    file.chmod(0o600)

    said = restore(replace(restorable, more={"PGPASSFILE": str(file)}), guarded)

    assert "Restored." in said
    assert "PGPASSWORD" not in said
    assert visitors(guarded) == 2


def test_the_password_may_come_from_the_environment(restorable: Installation, guarded: str) -> None:
    place = replace(restorable, more={"PGPASSWORD": PASSWORD})

    said = restore(place, postgres.url_of(guarded, "another"), "--dry-run")

    assert "nothing is replaced" in said


def test_without_a_password_it_says_that_none_came(restorable: Installation, guarded: str) -> None:
    said = restore(restorable, guarded, "--dry-run", code=1)

    assert "database_unreachable" in said
    assert "no password supplied" in said


def test_a_password_in_the_call_is_warned_of(restorable: Installation, guarded: str) -> None:
    host = parse_qs(urlsplit(guarded).query)["host"][0]
    url = f"postgresql://{local.USER}:wrong@/looked_at?host={host}"

    said = restore(restorable, url, "--dry-run", code=1)

    assert "set PGPASSWORD, or PGPASSFILE" in said


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["restore", "verify_backup"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file or directory"), (b"\xff\xfe", "It is no text.")],
    ids=["not there", "no text"],
)
def test_an_identity_file_that_can_not_be_read_is_named_once(
    tmp_path: Path, command: str, content: bytes | None, reason: str
) -> None:
    file = tmp_path / "identity.txt"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(CommandError) as refusal:
        call_command(command, "latest", "--identity", str(file), stdout=StringIO())

    assert str(refusal.value) == f"{file} can't be read: {reason}"
    assert refusal.value.returncode == 2
