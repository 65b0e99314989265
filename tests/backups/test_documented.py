"""What docs/backups.md says of restoring without our code is done as it stands there."""

import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from backups import databases, postgres
from tests.backups.forked import PROJECT
from tests.backups.installation import Installation

PAGES = {
    "backups.md": ("## Restoring without our code", "all media are whole"),
    "backups.ru.md": ("## Восстановление без нашего кода", "все медиафайлы целы"),
}
TOOLS = ("age", "jq", "openssl", "zstd")


def commands(page: str) -> str:
    """The shell block of the section."""
    section = (PROJECT / "docs" / page).read_text().partition(PAGES[page][0])[2]
    return section.partition("```sh\n")[2].partition("```")[0]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_the_documented_commands_restore_all_of_it(
    page: str, restorable: Installation, tmp_path: Path
) -> None:
    for tool in TOOLS:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    name = f"{postgres.name_of(restorable.url)}_by_hand"
    url = postgres.url_of(restorable.url, name)
    server = databases.server_version(restorable.url)
    programs = postgres.find("pg_restore", at_least=server).path.parent
    (run,) = (folder.name for folder in (restorable.backups / "runs").iterdir())
    databases.create(url)
    try:
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", commands(page)],
            env={
                **os.environ,
                "PATH": f"{programs}:{os.environ['PATH']}",
                "BACKUP": str(restorable.backups),
                "RUN": run,
                "IDENTITY": str(restorable.identity),
                "DATABASE": url,
                "MEDIA": str(tmp_path / "media"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Signature Verified Successfully" in done.stdout
        assert PAGES[page][1] in done.stdout
        with psycopg.connect(url) as connection:
            rows = connection.execute("SELECT name FROM visitor ORDER BY name").fetchall()
    finally:
        databases.drop(url)

    assert rows == [("Ada",), ("Grace",)]
    files = [path for path in (tmp_path / "media").rglob("*") if path.is_file()]
    assert len(files) == 2
    assert all(sha256(path.read_bytes()).hexdigest() == path.stem for path in files)


def test_both_languages_show_the_same_commands() -> None:
    bare = [
        [
            line
            for line in commands(page).splitlines()
            if line and "#" not in line and "echo" not in line
        ]
        for page in sorted(PAGES)
    ]

    assert bare[0] == bare[1]
    assert len(bare[0]) > 8
