"""Restoring, with the command that an operator types, into real databases and folders."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.core.files.base import ContentFile

from backups import databases, encryption, postgres, restoring, signing
from backups.destinations.folder import FolderDestination
from tests.backups.forked import PROJECT
from tests.backups.installation import Installation, copied


@pytest.fixture
def place(restorable: Installation, tmp_path: Path) -> Iterator[Installation]:
    """The same, to be broken."""
    with copied(restorable, tmp_path / "home") as made:
        yield made


def visitors(place: Installation) -> list[str]:
    return [str(name) for (name,) in place.ask("SELECT name FROM visitor ORDER BY name")]


def newest(place: Installation) -> str:
    return max(path.name for path in (place.backups / "runs").iterdir())


def all_databases(place: Installation) -> set[str]:
    with psycopg.connect(postgres.url_of(place.url, "postgres")) as connection:
        return {str(name) for (name,) in connection.execute("SELECT datname FROM pg_database")}


def test_what_was_destroyed_comes_back_database_and_media(place: Installation) -> None:
    before = place.media_digests()
    place.destroy()
    said = place.restore("latest")
    assert visitors(place) == ["Ada", "Grace"]
    assert place.media_digests() == before
    assert "media: 2 brought back, 0 were there" in said


def test_after_a_restore_the_run_it_came_from_counts_as_good(place: Installation) -> None:
    place.destroy()
    place.restore("latest")
    assert place.ask("SELECT status, name FROM backups_backuprun") == [("ready", newest(place))]
    assert place.ask("SELECT count(*) FROM accounts_auditentry WHERE action = 'backup_restored'")


SIGNED_IN = """
from datetime import timedelta
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from accounts.models import ApiSession, User
user = User.objects.create_user("ada", "ada@example.org", "a harbour of nine boats")
later = timezone.now() + timedelta(days=1)
ApiSession.objects.create(user=user, auth_hash="x", refresh_jti="x", expires_at=later)
browser = SessionStore()
browser["_auth_user_id"] = str(user.pk)
browser.save()
"""


def test_who_was_signed_out_after_the_backup_is_not_signed_in_again_by_a_restore(
    place: Installation,
) -> None:
    place.run("shell", "-c", SIGNED_IN)
    place.run("backup")
    place.destroy()
    said = place.restore("latest")
    assert "Everybody has to sign in again" in said
    assert place.ask("SELECT session_version FROM accounts_user WHERE username = 'ada'") == [(1,)]
    assert place.ask("SELECT end_reason FROM accounts_apisession") == [("ended",)]
    assert place.ask("SELECT count(*) FROM django_session") == [(0,)]


def test_what_came_in_while_an_empty_database_was_restored_is_kept(place: Installation) -> None:
    wish = restoring.Wish(run=newest(place), has_media=False, database_url=place.url)
    text = place.identity.read_text()
    places, signers = [FolderDestination(place.backups)], signing.signers_in(text)
    place.destroy()
    identities = encryption.parse_identities(text)
    planned = restoring.plan(wish, restoring.choose(wish, places, signers=signers), identities)
    databases.create(place.url)
    place.ask("CREATE TABLE visitor AS SELECT 'Came in meanwhile' AS name")
    outcome = restoring.carry_out(planned, identities, on_progress=lambda stage, done, total: None)
    assert visitors(place) == ["Ada", "Grace"]
    with psycopg.connect(postgres.url_of(place.url, outcome.kept_as)) as connection:
        assert connection.execute("SELECT name FROM visitor").fetchall() == [("Came in meanwhile",)]


def test_data_that_are_there_are_not_replaced_unless_told(place: Installation) -> None:
    place.ask("INSERT INTO visitor VALUES ('Later')")
    said = place.restore("latest", code=1)
    assert "target_not_empty" in said
    assert "--replace" in said
    assert visitors(place) == ["Ada", "Grace", "Later"]


def test_what_is_replaced_is_backed_up_first_and_kept_beside(place: Installation) -> None:
    first = newest(place)
    place.ask("INSERT INTO visitor VALUES ('Later')")
    said = place.restore(first, "--replace")
    assert visitors(place) == ["Ada", "Grace"]
    kept = said.split("is the database ")[1].split(";")[0]
    with psycopg.connect(postgres.url_of(place.url, kept)) as connection:
        assert connection.execute("SELECT count(*) FROM visitor").fetchone() == (3,)
    safety = newest(place)
    manifest = json.loads((place.backups / "runs" / safety / "manifest.json").read_text())
    assert (manifest["kind"], manifest["tables"]["visitor"]) == ("safety", 3)


def test_a_dry_run_says_what_would_be_done_and_does_nothing(place: Installation) -> None:
    place.ask("INSERT INTO visitor VALUES ('Later')")
    said = place.restore("latest", "--replace", "--dry-run")
    assert "replaces what is there" in said
    assert "media: 2 files" in said
    assert visitors(place) == ["Ada", "Grace", "Later"]
    assert len(list((place.backups / "runs").iterdir())) == 1


def test_media_alone_are_brought_back_and_damaged_ones_mended(place: Installation) -> None:
    before = place.media_digests()
    damaged, lost = sorted(place.media.rglob("*.bin"))
    damaged.write_bytes(b"x" * damaged.stat().st_size)
    lost.unlink()
    extra = place.add_media(b"newer than the backup")
    place.ask("INSERT INTO visitor VALUES ('Later')")
    place.restore("latest", "--only", "media")
    extra[0].unlink()
    assert place.media_digests() == before
    assert visitors(place) == ["Ada", "Grace", "Later"]


def test_a_database_can_be_looked_at_beside_the_served_one(place: Installation) -> None:
    beside = postgres.url_of(place.url, f"{postgres.name_of(place.url)}_look")
    place.ask("INSERT INTO visitor VALUES ('Later')")
    place.restore("latest", "--only", "database", "--to-database", beside)
    with psycopg.connect(beside) as connection:
        assert connection.execute("SELECT count(*) FROM visitor").fetchone() == (2,)
    assert visitors(place) == ["Ada", "Grace", "Later"]


def test_the_newest_by_a_given_time_is_chosen(place: Installation) -> None:
    moment = place.ask("SELECT now()::text")[0][0]
    place.ask("INSERT INTO visitor VALUES ('Later')")
    place.run("backup")
    place.destroy()
    place.restore("latest", "--at", str(moment).replace(" ", "T"))
    assert visitors(place) == ["Ada", "Grace"]


def test_a_newer_backup_that_does_not_count_is_named(place: Installation) -> None:
    older = newest(place)
    place.run("backup")
    spoiled = newest(place)
    page = place.backups / "runs" / spoiled / "manifest.json"
    page.chmod(0o600)
    page.write_bytes(page.read_bytes().replace(b'"nightly"', b'"Nightly"').replace(b"1", b"2"))
    said = place.restore("latest", "--replace", "--dry-run")
    assert f"Passed over: {spoiled}" in said
    assert older in said


def test_a_backup_of_an_older_version_is_brought_up_to_date(place: Installation) -> None:
    place.run("migrate", "arcontent", "0001", "--verbosity=0")
    columns = place.ask("SELECT count(*) FROM django_migrations WHERE app = 'arcontent'")
    assert columns == [(1,)]
    place.run("backup")
    place.destroy()
    said = place.restore("latest")
    assert "0 migrations to run" not in said
    assert place.run("migrate", "--check") == ""


def test_a_backup_of_a_newer_version_is_refused(place: Installation) -> None:
    place.ask("INSERT INTO django_migrations VALUES (99999, 'accounts', '9999_later', now())")
    place.run("backup")
    assert "code_too_old" in place.restore("latest", "--replace", code=1)


def test_a_wrong_identity_opens_nothing_and_changes_nothing(
    place: Installation, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger.txt"
    place.run("backup_keygen", str(stranger))
    place.ask("INSERT INTO visitor VALUES ('Later')")
    runs = list((place.backups / "runs").iterdir())
    for more in (["--dry-run"], []):
        said = place.run(
            "restore", "latest", "--identity", str(stranger), "--replace", *more, code=1
        )
        assert "wrong_identity" in said
        assert "age1" in said
    assert list((place.backups / "runs").iterdir()) == runs  # not even a safety copy was begun
    assert visitors(place) == ["Ada", "Grace", "Later"]
    assert not any("restoring" in name for name in all_databases(place))


def test_a_flipped_bit_in_the_dump_is_named_and_changes_nothing(place: Installation) -> None:
    run = newest(place)
    part = place.backups / "runs" / run / "database.dump.zst.age"
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.chmod(0o600)
    part.write_bytes(content)
    place.ask("INSERT INTO visitor VALUES ('Later')")
    said = place.restore(run, "--replace", "--no-safety-backup", "--only", "database", code=1)
    assert "damaged" in said
    assert visitors(place) == ["Ada", "Grace", "Later"]


def test_a_medium_that_is_lost_stops_a_restore_unless_told(place: Installation) -> None:
    lost = sorted((place.backups / "media").rglob("*.age"))[0]
    lost.unlink()
    place.destroy()
    said = place.restore("latest", code=1)
    assert "media_incomplete" in said
    assert lost.name.removesuffix(".age") in said
    assert not databases.exists(place.url)
    said = place.restore("latest", "--allow-missing-media")
    [missing] = [line for line in said.splitlines() if line.startswith("missing: ")]
    assert missing.count(lost.name.removesuffix(".age")) == 1
    assert visitors(place) == ["Ada", "Grace"]


def test_on_a_bare_machine_the_identity_file_says_whom_to_trust(place: Installation) -> None:
    place.destroy()
    (place.folder / "backup-signing.pem").unlink()  # which was on the machine that burned
    said = place.restore("latest", "--from", place.backups.as_uri())
    assert visitors(place) == ["Ada", "Grace"]
    assert "vertexar-signer:" in said  # to be set from now on


def test_a_backup_of_a_stranger_is_not_restored(place: Installation) -> None:
    text = place.identity.read_text()
    place.identity.write_text(text.replace("# signed by", "# no longer by"))
    (place.folder / "backup-signing.pem").unlink()
    place.destroy()
    assert "no_such_backup" in place.restore("latest", "--from", place.backups.as_uri(), code=1)
    signer = text.split("# signed by: ")[1].split()[0]
    place.restore("latest", "--from", place.backups.as_uri(), "--signer", signer)
    assert visitors(place) == ["Ada", "Grace"]


def test_media_go_to_the_folder_that_the_url_means(tmp_path: Path) -> None:
    storage = restoring.local_media((tmp_path / "с пробелом").as_uri())
    storage.save("a", ContentFile(b"a"))
    assert (tmp_path / "с пробелом" / "a").read_bytes() == b"a"


@pytest.mark.parametrize("command", ["backup", "backup_status", "backup_prune"])
def test_a_database_that_is_not_there_is_said_in_a_line(tmp_path: Path, command: str) -> None:
    url = "postgresql://somebody:sEcReT@127.0.0.1:1/none"
    nowhere = Installation(tmp_path, url, tmp_path / "none", encryption.generate()[1])
    code, out, err = nowhere.try_to(command)
    assert (code, out) == (1, "")
    assert err.startswith("CommandError: database_unreachable: ")
    assert "Traceback" not in err
    assert "sEcReT" not in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["20200101T000000Z-00000000"], "no_such_backup"),
        (["latest", "--at", "yesterday"], "not a time"),
        (["latest", "--media-to", "ftp://host"], "not_a_media_url"),
        (["latest", "--to-database", "mysql://x/y"], "not_a_database_url"),
        (["latest", "--from", "ftp://host"], "bad_backup_destination"),
    ],
)
def test_a_call_that_can_not_be_meant_is_refused(
    restorable: Installation, arguments: list[str], told: str
) -> None:
    identity = str(restorable.identity)
    code, _out, err = restorable.try_to("restore", *arguments, "--identity", identity)
    assert code in {1, 2}
    assert told in err
    assert "Traceback" not in err


def test_age_zstd_and_pg_restore_bring_everything_back_without_our_code(
    place: Installation, tmp_path: Path
) -> None:
    for tool in ("age", "zstd"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    before = place.media_digests()
    place.destroy()
    databases.create(place.url)
    pg_restore = postgres.find("pg_restore", at_least=databases.server_version(place.url)).path
    script = f"""
        set -euo pipefail
        age --decrypt -i {place.identity} runs/{newest(place)}/database.dump.zst.age \
            | zstd -d | {pg_restore} --no-owner --exit-on-error -d "$TARGET"
        cd media
        find . -name '*.age' | while read -r file; do
            mkdir -p "$MEDIA/$(dirname "$file")"
            age --decrypt -i {place.identity} -o "$MEDIA/${{file%.age}}" "$file"
        done
    """
    subprocess.run(
        ["bash", "-c", script],
        cwd=place.backups,
        env=postgres.environment(place.url)
        | {"TARGET": postgres.address(place.url), "MEDIA": str(place.media)},
        check=True,
    )
    assert visitors(place) == ["Ada", "Grace"]
    assert place.media_digests() == before


CHECKLIST = """
from django.test import Client
answer = Client().post("/api/v1/auth/{what}", {fields}, content_type="application/json")
print("answered", answer.status_code)
"""
PASSWORD = "a harbour of nine boats"


def asked(place: Installation, what: str, **fields: str) -> str:
    """Ask the API, in a process that is loaded for it: some of its parts complete the settings."""
    return subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", CHECKLIST.format(what=what, fields=fields)],
        cwd=PROJECT,
        env=place.environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def test_who_registered_before_the_disaster_signs_in_after_it(place: Installation) -> None:
    place.more["REGISTRATION_OPEN"] = "True"
    place.more["EMAIL_VERIFICATION"] = "False"
    who = {"username": "ada", "password": PASSWORD}
    assert "answered 20" in asked(place, "register", email="ada@example.org", **who)
    pictures = place.add_media(b"her picture" * 5000)
    place.run("backup")
    place.destroy()
    assert not databases.exists(place.url)
    assert not pictures[0].exists()
    place.restore("latest")
    assert "answered 200" in asked(place, "login", **who)
    assert pictures[0].read_bytes() == b"her picture" * 5000
