"""Restores that are killed, and drills: what is served stays whole, whatever happens."""

import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from backups import databases, postgres
from tests.backups.forked import PROJECT
from tests.backups.installation import Installation, copied

KILLS = 10


@pytest.fixture
def place(restorable: Installation, tmp_path: Path) -> Iterator[Installation]:
    with copied(restorable, tmp_path / "home") as made:
        yield made


def databases_of(place: Installation) -> list[str]:
    with psycopg.connect(postgres.url_of(place.url, "postgres")) as connection:
        query = "SELECT datname FROM pg_database WHERE datname LIKE %s ORDER BY 1"
        name = postgres.name_of(place.url)
        return [str(row[0]) for row in connection.execute(query, [f"{name}%"]).fetchall()]


def visitors_of(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM visitor ORDER BY name")]


def test_killed_at_any_moment_the_old_or_the_new_is_served_and_the_next_one_succeeds(
    place: Installation, tmp_path: Path
) -> None:
    served = postgres.url_of(place.url, f"{postgres.name_of(place.url)}_served")
    databases.create(served)
    with psycopg.connect(served) as connection:
        connection.execute("CREATE TABLE visitor (name text)")
        connection.execute("INSERT INTO visitor VALUES ('of old')")
    media = tmp_path / "served media"

    program = [sys.executable, "-m", "tests.backups.killed_restores", str(KILLS), "7"]
    with subprocess.Popen(
        [*program, served, str(media), str(place.identity)],
        cwd=PROJECT,
        env=place.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as killer:
        assert killer.stdin is not None
        assert killer.stdout is not None
        outcomes = []
        for line in killer.stdout:
            outcomes.append(line.strip())
            assert visitors_of(served) in (["of old"], ["Ada", "Grace"])
            for file in media.rglob("*.bin"):
                assert sha256(file.read_bytes()).hexdigest() == file.stem
            killer.stdin.write("go on\n")
            killer.stdin.flush()
    assert killer.returncode == 0
    assert outcomes.count("killed") > KILLS / 2
    assert set(outcomes) <= {"killed", "done 0"}

    place.restore("latest", "--to-database", served, "--media-to", media.as_uri(), "--replace")
    assert visitors_of(served) == ["Ada", "Grace"]
    assert len(list(media.rglob("*.bin"))) == 2
    assert not [name for name in databases_of(place) if name.endswith("restoring")]


def test_a_drill_restores_counts_and_leaves_nothing_behind(place: Installation) -> None:
    place.more["BACKUP_DRILL_IDENTITY"] = place.identity.read_text()
    before = databases_of(place)
    said = place.run("backup_drill", "latest")
    assert "restores: " in said
    [row] = place.ask(
        "SELECT restore_tested_at IS NOT NULL, restore_failure, restore_seconds > 0, tested_since"
        " FROM backups_backuprun"
    )
    assert row == (True, "", True, None)
    assert databases_of(place) == before


@pytest.mark.parametrize("part", ["database.dump.zst.age", "media-00001.jsonl"])
def test_a_drill_of_a_damaged_backup_fails_with_the_parts_name(
    place: Installation, part: str
) -> None:
    place.more["BACKUP_DRILL_IDENTITY"] = place.identity.read_text()
    [file] = place.backups.glob(f"runs/*/{part}")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    said = place.run("backup_drill", "latest", code=1)
    assert part in said or "changed or cut short" in said
    [(failure,)] = place.ask("SELECT restore_failure FROM backups_backuprun")
    assert failure


def test_a_drill_without_an_identity_says_that_it_can_not_read(place: Installation) -> None:
    assert "BACKUP_DRILL_IDENTITY" in place.run("backup_drill", "latest", code=1)
