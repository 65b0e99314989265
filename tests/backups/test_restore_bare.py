"""A restore from a bucket on a machine that has nothing yet, as `make restore` does it."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from tests.backups.buckets import client_of, fill, s3_server
from tests.backups.forked import PROJECT
from tests.backups.installation import Installation
from vertexar.local import postgres

CONFIGURED = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "MEDIA_ROOT", "BACKUP_DESTINATIONS")

pytestmark = pytest.mark.live


def restore(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name not in CONFIGURED}
    env |= {"VERTEXAR_HOME": str(home), "PORT": "0", "PYTHONWARNINGS": "ignore::RuntimeWarning"}
    return subprocess.run(
        [sys.executable, "manage.py", "up", *arguments],
        cwd=PROJECT,
        env=env,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_an_empty_folder_becomes_the_installation_that_burned(
    restorable: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "typed")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "typed, too")
    with s3_server() as endpoint:
        with client_of(endpoint) as client:
            client.create_bucket(Bucket="backups")
            fill(client, "backups", restorable.backups, "vertexar/")
        url = f"s3://backups/vertexar?endpoint={endpoint}"
        done = restore(home, "--restore-from", url, "--identity", str(restorable.identity))
    assert done.returncode == 0, done.stderr
    assert "Restored." in done.stdout
    assert "make run" in done.stderr
    assert "BACKUP_TRUSTED_SIGNERS=vertexar-signer:" in done.stdout

    server = postgres.start(home / "postgres", log=tmp_path / "log")
    try:
        with psycopg.connect(server.url) as connection:
            rows = connection.execute("SELECT name FROM visitor ORDER BY name").fetchall()
    finally:
        server.child.stop()
    assert rows == [("Ada",), ("Grace",)]
    files = list((home / "media").rglob("*.bin"))
    assert len(files) == 2
    for file in files:
        assert sha256(file.read_bytes()).hexdigest() == file.stem


def test_without_an_identity_it_says_what_it_needs(tmp_path: Path) -> None:
    done = restore(tmp_path / "home", "--restore-from", "file:///nowhere")
    assert done.returncode == 2
    assert "--identity" in done.stderr
