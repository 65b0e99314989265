"""One moment of the database, dumped and counted; and PostgreSQL's programs."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import zstandard
from psycopg import sql

from backups import lock, postgres, snapshot
from vertexar.errors import Conflict

BESIDE = "snapshot_of_tests"


@pytest.fixture
def database(db: None) -> Iterator[str]:
    """A database of its own, with a table of three rows and one in another schema."""
    own = postgres.own_url()
    name = f"{postgres.name_of(own)}_{BESIDE}"
    url = postgres.url_of(own, name)
    create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(postgres.url_of(own, "postgres"), autocommit=True) as server:
        server.execute(drop)
        server.execute(create)
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE pictures AS SELECT * FROM generate_series(1, 3) n")
            connection.execute('CREATE SCHEMA "Side"')
            connection.execute('CREATE TABLE "Side".notes AS SELECT 1 AS n')
        yield url
        server.execute(drop)


def server_major() -> int:
    with psycopg.connect(postgres.own_url()) as connection:
        return connection.info.server_version // 10_000


def plain(archive: bytes) -> bytes:
    return zstandard.ZstdDecompressor().stream_reader(archive).read()


def listing(archive: bytes) -> str:
    return pg_restore(archive, "--list").decode()


def pg_restore(archive: bytes, *arguments: str) -> bytes:
    newest = postgres.find("pg_dump", at_least=server_major())
    return subprocess.run(
        [newest.path.with_name("pg_restore"), *arguments],
        input=plain(archive),
        capture_output=True,
        check=True,
    ).stdout


def test_rows_are_counted_by_table(database: str) -> None:
    with snapshot.consistent(database) as taken:
        assert taken.tables == {"pictures": 3, "Side.notes": 1}


def test_what_is_written_after_the_moment_is_not_in_the_dump(database: str) -> None:
    with snapshot.consistent(database) as taken:
        with psycopg.connect(database) as other:
            other.execute("INSERT INTO pictures VALUES (471147114)")
            other.execute("CREATE TABLE later (n int)")
        with taken.dump() as stream:
            archive = stream.read()
    script = pg_restore(archive, "--file=-")
    assert b"\n3\n" in script
    assert b"471147114" not in script  # longer than what its random key may hold by chance
    assert "later" not in listing(archive)
    assert taken.tables["pictures"] == 3


def test_the_moment_is_of_the_time_that_it_says(database: str) -> None:
    with psycopg.connect(database) as other:
        before = other.execute("SELECT clock_timestamp()").fetchone()
    with snapshot.consistent(database) as taken:
        assert before is not None
        assert before[0] < taken.taken_at
        assert taken.taken_at.utcoffset() is not None


def test_a_dump_that_fails_is_told_with_the_reason(database: str) -> None:
    with snapshot.consistent(database) as taken:
        gone = replace(taken, name="00000003-00000001-1")
        with pytest.raises(postgres.ProgramUnusable) as failure, gone.dump() as stream:
            stream.read()
    assert failure.value.code == "pg_dump_failed"
    assert "snapshot" in failure.value.message


def test_who_leaves_early_does_not_wait_for_the_dump(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO pictures SELECT n FROM generate_series(1, 1000000) n")
    with snapshot.consistent(database) as taken:
        with pytest.raises(postgres.ProgramUnusable), taken.dump() as stream:
            stream.read(10)
        with pytest.raises(ZeroDivisionError), taken.dump() as stream:
            raise ZeroDivisionError


def test_no_secret_stands_in_a_command_line() -> None:
    url = "postgresql://me:pass%40word@db.example.org:6432/shop%201?sslmode=require&keepalives=1"

    assert "pass" not in postgres.address(url)
    assert "dbname='shop 1'" in postgres.address(url)
    assert "keepalives=1" in postgres.address(url)
    told = postgres.environment(url)
    assert told["PGPASSWORD"] == "pass@word"
    assert told["PGHOST"] == "db.example.org"
    assert told["PGPORT"] == "6432"
    assert told["PGSSLMODE"] == "require"


def fake_program(folder: Path, name: str, version: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version} (Debian)'\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is searched for programs."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(postgres, "USUAL_FOLDERS", [(tmp_path / "usual", "*/bin")])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    return tmp_path


def test_the_program_nearest_to_the_server_is_taken(only: Path) -> None:
    fake_program(only / "bin", "pg_dump", "14.9")
    fake_program(only / "usual" / "15" / "bin", "pg_dump", "15.1")
    wanted = fake_program(only / "usual" / "16" / "bin", "pg_dump", "16.4")
    fake_program(only / "usual" / "18" / "bin", "pg_dump", "18beta1")

    assert postgres.find("pg_dump", at_least=16).path == wanted
    assert postgres.find("pg_dump", at_least=17).version == (18, 0)


def test_a_pg_dump_older_than_the_server_is_refused(only: Path) -> None:
    fake_program(only / "bin", "pg_dump", "14.9")

    with pytest.raises(postgres.ProgramUnusable) as refusal:
        postgres.find("pg_dump", at_least=17)
    assert refusal.value.code == "pg_dump_too_old"
    assert "17" in refusal.value.message
    assert "14" in refusal.value.message
    assert "postgresql-client-17" in refusal.value.hint


def test_a_missing_pg_dump_is_told(only: Path) -> None:
    with pytest.raises(postgres.ProgramUnusable) as refusal:
        postgres.find("pg_dump", at_least=17)
    assert refusal.value.code == "pg_dump_missing"


def test_a_program_that_does_not_run_here_is_passed_over(only: Path) -> None:
    broken = fake_program(only / "bin", "pg_dump", "17.1")
    broken.write_bytes(b"\x7fELF of another machine")

    with pytest.raises(postgres.ProgramUnusable):
        postgres.find("pg_dump", at_least=17)


def test_two_never_work_at_once(db: None) -> None:
    with lock.exclusively() as hold:
        with pytest.raises(Conflict) as refusal, lock.exclusively():
            raise AssertionError
        assert refusal.value.code == "backup_running"
        hold.check()
    with lock.exclusively():
        pass


def test_who_lost_the_lock_hears_of_it(db: None) -> None:
    with lock.exclusively() as hold:
        own = postgres.url_of(postgres.own_url(), "postgres")
        with psycopg.connect(own, autocommit=True) as server:
            server.execute(
                "SELECT pg_terminate_backend(%s, 5000)", [hold.connection.info.backend_pid]
            )
        with pytest.raises(Conflict) as refusal:
            hold.check()
        assert refusal.value.code == "backup_lock_lost"
