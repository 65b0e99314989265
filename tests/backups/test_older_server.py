"""A server older than the client programs that came with us: what it holds comes back into it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from backups import databases, encryption, filling, postgres
from backups.catalogue import Copy
from tests.backups.pages import IDENTITY, Site
from vertexar.local import postgres as local_postgres
from vertexar.local.postgres import Binaries

FIRST_THAT_KNOWS = 17
OLD_SERVERS = sorted(Path("/usr/lib/postgresql").glob("1[0-6]/bin"))

pytestmark = pytest.mark.skipif(not OLD_SERVERS, reason="no PostgreSQL older than 17 here")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that is older than our programs, whose programs nobody finds."""
    folder = tmp_path_factory.mktemp("old")
    with pytest.MonkeyPatch.context() as patch:
        binaries = Binaries(OLD_SERVERS[-1], int(OLD_SERVERS[-1].parent.name))
        patch.setattr(local_postgres, "find_binaries", lambda: binaries)
        started = local_postgres.start(folder / "data", log=folder / "log", is_durable=False)
        newer = [
            program
            for program in postgres._programs("pg_restore")
            if program.version[0] >= FIRST_THAT_KNOWS
        ]
        patch.setattr(
            postgres, "_folders", lambda: iter({program.path.parent for program in newer})
        )
        try:
            yield started.url
        finally:
            started.child.stop()


def filled(server: str, name: str) -> str:
    url = postgres.url_of(server, name)
    databases.create(url)
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE boat (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
            " name text NOT NULL UNIQUE CHECK (name <> ''))"
        )
        connection.execute(
            "INSERT INTO boat (name) SELECT 'boat ' || n FROM generate_series(1, 9) n"
        )
    return url


def backup(url: str, folder: Path) -> Copy:
    program = postgres.find("pg_dump", at_least=databases.server_version(url))
    assert program.version[0] >= FIRST_THAT_KNOWS
    command = [str(program.path), "-Fc", "-Z0", f"--dbname={postgres.address(url)}"]
    made = subprocess.run(
        command, env=postgres.environment(url), capture_output=True, check=True
    ).stdout
    site = Site(folder, archive=made, pg_dump=program.version_text)
    return Copy(site.destination, site.make_run(tables={"boat": 9}))


def restore(copy: Copy, url: str) -> None:
    identities = encryption.parse_identities(IDENTITY)
    filling.fill(copy, identities, url=url, on_bytes=lambda count: None)


def test_what_a_newer_pg_dump_wrote_comes_back_whole(server: str, tmp_path: Path) -> None:
    copy = backup(filled(server, "served"), tmp_path)
    fresh = postgres.url_of(server, "fresh")
    databases.create(fresh)
    restore(copy, fresh)
    with psycopg.connect(fresh) as connection:
        assert connection.execute("SELECT max(name) FROM boat").fetchall() == [("boat 9",)]
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO boat (name) VALUES ('boat 9')")


def test_any_other_complaint_still_stops_it(server: str, tmp_path: Path) -> None:
    url = filled(server, "twice")
    copy = backup(url, tmp_path)
    with pytest.raises(postgres.ProgramUnusable, match="already exists"):
        restore(copy, url)
