"""An installation to break: a database, media and backups of its own, driven by `manage.py`."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from backups import databases, encryption, postgres
from tests.backups import forked


@dataclass(frozen=True)
class Installation:
    """Where it lies, and what its processes find in their environment."""

    folder: Path
    url: str
    identity: Path
    recipient: str
    more: dict[str, str] = field(default_factory=dict)

    @property
    def media(self) -> Path:
        return self.folder / "media"

    @property
    def backups(self) -> Path:
        return self.folder / "backups"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "DATABASE_URL": self.url,
            "VERTEXAR_HOME": str(self.folder),
            "MEDIA_ROOT": str(self.media),
            "BACKUP_DESTINATIONS": self.backups.as_uri(),
            "BACKUP_RECIPIENTS": self.recipient,
            "PYTHONWARNINGS": "ignore::RuntimeWarning",
            **self.more,
        }

    def try_to(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command of manage.py: its exit code, its results, and all else that it said."""
        return forked.manage(arguments, self.environment, timeout_s=120)

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command to its end and return what it printed, both ways."""
        ended, out, err = self.try_to(*arguments)
        assert ended == code, f"{ended}: {out}\n{err}"
        return out + err

    def restore(self, run: str, *arguments: str, code: int = 0) -> str:
        return self.run("restore", run, "--identity", str(self.identity), *arguments, code=code)

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def add_media(self, *contents: bytes) -> list[Path]:
        """Store files as the product names them."""
        stored = []
        for content in contents:
            digest = sha256(content).hexdigest()
            path = self.media / "tests" / "files" / digest[:2] / f"{digest}.bin"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            stored.append(path)
        return stored

    def media_digests(self) -> dict[str, str]:
        return {
            str(path.relative_to(self.media)): sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.media.rglob("*"))
            if path.is_file()
        }

    def destroy(self) -> None:
        """Lose the database and the media; the backups stay."""
        databases.drop(self.url)
        shutil.rmtree(self.media, ignore_errors=True)


@contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    """An installation with a fresh database that is migrated; it is gone afterwards."""
    url = postgres.url_of(os.environ["DATABASE_URL"], f"installed_{uuid4().hex[:8]}")
    databases.create(url)
    folder.mkdir(parents=True, exist_ok=True)
    identity, recipient = encryption.generate()
    made = Installation(folder, url, folder / "identity.txt", recipient)
    try:
        made.run("migrate", "--no-input", "--verbosity=0")
        made.run("backup_keygen", str(made.identity))  # for the signing key and the file's form
        made.identity.write_text(
            "\n".join(
                identity if line.startswith("AGE-SECRET-KEY-") else line
                for line in made.identity.read_text().splitlines()
            )
        )
        yield made
    finally:
        _drop_all(url)


@contextmanager
def copied(model: Installation, folder: Path) -> Iterator[Installation]:
    """The same again: another folder, another database; nobody is connected to the model's."""
    shutil.copytree(model.folder, folder)
    url = postgres.url_of(model.url, f"installed_{uuid4().hex[:8]}")
    with psycopg.connect(postgres.url_of(url, "postgres"), autocommit=True) as connection:
        query = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        new, old = postgres.name_of(url), postgres.name_of(model.url)
        connection.execute(query.format(sql.Identifier(new), sql.Identifier(old)))
    try:
        yield replace(model, folder=folder, url=url, identity=folder / "identity.txt", more={})
    finally:
        _drop_all(url)


def _drop_all(url: str) -> None:
    """Drop a database, and those that restores have left beside it."""
    name = postgres.name_of(url)
    with psycopg.connect(postgres.url_of(url, "postgres"), autocommit=True) as connection:
        query = "SELECT datname FROM pg_database WHERE datname LIKE %s"
        for (database,) in connection.execute(query, [f"{name}%"]).fetchall():
            databases.drop(postgres.url_of(url, str(database)))
