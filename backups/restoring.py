"""A restore: chosen, checked, brought beside what is served, and put in its place at the very end.

The order is what makes it safe to kill: media are only ever added, the database is filled under
another name, and the swap is one transaction. Until then the old data are what is served.

Nobody stays signed in: who was signed out since the backup was made, or has changed a password that
was stolen, would be signed in again by it, and so would the thief.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import psycopg
from django.core.files.storage import Storage, storages
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from accounts.sessions import sign_everybody_out
from backups import catalogue, databases, filling, postgres, recovery
from backups.catalogue import Copy
from backups.destinations import Destination
from backups.filling import NotRestorable
from backups.lock import exclusively
from vertexar.storage import LocalStorage

SCRATCH: Final = "restoring"
PROJECT: Final = Path(__file__).resolve().parents[1]
OnProgress = Callable[[str, int, int], object]
"""Told the stage (`media` or `database`), bytes done since it was last told, and bytes in all."""


class TargetNotEmpty(NotRestorable):
    """There are data where a backup should be restored to."""

    code = "target_not_empty"


@dataclass(frozen=True)
class Wish:
    """What somebody wants restored, and to where.

    Attributes:
        run: a run's name, or `latest`.
        at: with `latest`, the newest taken no later than this.
        has_database, has_media: what to restore.
        database_url: of the database to serve from; "" for the one of the settings.
        storage: where media go; None for the store of the settings.
        may_replace: whether a database with tables in it may be replaced.
    """

    run: str = "latest"
    at: datetime | None = None
    has_database: bool = True
    has_media: bool = True
    database_url: str = ""
    storage: Storage | None = None
    may_replace: bool = False


@dataclass(frozen=True)
class Plan:
    """What a restore would do; nothing has been changed for it.

    Attributes:
        copy: the run, where it lies.
        database_url: of the database that is filled and then served; "" for none.
        storage: where media go; None for nowhere.
        replaces: whether that database has tables now.
        is_own: whether it is the one that this installation serves from.
        pending_migrations: how many migrations this code has that the backup does not.
    """

    copy: Copy
    database_url: str
    storage: Storage | None
    replaces: bool
    is_own: bool
    pending_migrations: int


@dataclass(frozen=True)
class Outcome:
    """What a restore did.

    Attributes:
        kept_as: the database that was served before, "" when there was none.
        media: how media came back; None when they were not asked for.
    """

    kept_as: str
    media: recovery.Recovery | None


def choose(
    wish: Wish, destinations: Collection[Destination], *, signers: Collection[str] | None = None
) -> Copy:
    """Find the run that is wanted, at the first destination that has it.

    Raises:
        NotThere: `no_such_backup`.
    """
    if wish.run == "latest":
        return catalogue.newest(destinations, at=wish.at, signers=signers)
    return catalogue.copies(wish.run, destinations, signers=signers)[0]


def plan(wish: Wish, copy: Copy) -> Plan:
    """Check that a run can be restored as wanted, before anything is touched.

    Raises:
        NotRestorable: by this code (`code_too_old`) or this server (`server_too_old`).
        TargetNotEmpty: there are tables, and they may not be replaced.
        TargetUnusable: the server can't be reached, or its role may not replace the database.
    """
    if not wish.has_database:
        return Plan(copy, "", _storage(wish), replaces=False, is_own=False, pending_migrations=0)
    url = wish.database_url or postgres.own_url()
    databases.name_of(url)  # refuses what is none
    databases.check_rights(url)
    pending = _pending_migrations(copy.manifest.migrations)
    filling.check_server(url, copy.manifest.versions)
    replaces = databases.exists(url) and bool(databases.row_counts(url))
    if replaces and not wish.may_replace:
        raise TargetNotEmpty(
            f"The database {databases.name_of(url)} has tables in it.",
            hint="--replace puts the backup in its place and keeps it under another name.",
        )
    return Plan(
        copy=copy,
        database_url=url,
        storage=_storage(wish),
        replaces=replaces,
        is_own=databases.identity(url) == databases.identity(postgres.own_url()),
        pending_migrations=pending,
    )


def carry_out(
    planned: Plan,
    identities: Sequence[Any],
    *,
    may_lack_media: bool = False,
    on_progress: OnProgress,
) -> Outcome:
    """Restore. Killed or failed before its end, it leaves what is served as it was.

    Args:
        planned: what to do.
        identities: age identities that open the run.
        may_lack_media: go on though media could not be brought back.
        on_progress: told how far it is; from several threads.

    Raises:
        NotRestorable: what came back is not what was backed up; nothing served has changed.
        PartDamaged, CanNotDecrypt, DestinationFailed, ProgramUnusable, TargetUnusable: likewise.
        Conflict: a backup or another restore is running.
    """
    with exclusively() as hold:
        came_back = None
        if planned.storage is not None:
            came_back = _media(planned, identities, on_progress)
            if came_back.failures and not may_lack_media:
                why = next(iter(came_back.failures.values()))
                raise filling.NotComplete(
                    f"{len(came_back.failures)} media could not be brought back; {why}",
                    code="media_incomplete",
                    hint="Try another destination with --from, or go on without them: "
                    "--allow-missing-media. The database was not touched.",
                )
        if not planned.database_url:
            return Outcome("", came_back)
        scratch = _database(planned, identities, on_progress)
        hold.check()
        name = databases.name_of(planned.database_url)
        kept = databases.beside(name, f"before_{timezone.now():%Y%m%d_%H%M%S}")
        if planned.is_own:
            connections.close_all()
        was_there = databases.swap(fresh=scratch, served=planned.database_url, kept=kept)
        beside = postgres.url_of(planned.database_url, kept)
        # it was empty, and is, though hours have gone by
        if was_there and not planned.replaces and not databases.row_counts(beside):
            databases.drop(beside)
            kept = ""
        return Outcome(kept if was_there else "", came_back)


def local_media(url: str) -> Storage:
    """A media store by its URL, `file:///folder`.

    Raises:
        NotRestorable: it is no such URL.
    """
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc or not parts.path.startswith("/"):
        raise NotRestorable(
            "Media are restored to the store of the settings or to a folder.",
            code="not_a_media_url",
            hint="It looks like file:///srv/media; for a bucket set AWS_STORAGE_BUCKET_NAME.",
        )
    return LocalStorage(location=unquote(parts.path))


def _storage(wish: Wish) -> Storage | None:
    if not wish.has_media:
        return None
    return wish.storage or storages["default"]


def _media(planned: Plan, identities: Sequence[Any], on_progress: OnProgress) -> recovery.Recovery:
    assert planned.storage is not None  # noqa: S101  asked by the caller
    total = planned.copy.manifest.media_bytes
    return recovery.recover(
        planned.copy,
        identities,
        storage=planned.storage,
        on_bytes=lambda count: on_progress("media", count, total),
    )


def _database(planned: Plan, identities: Sequence[Any], on_progress: OnProgress) -> str:
    """Fill a scratch database and bring it to this code's migrations; return its URL."""
    name = databases.beside(databases.name_of(planned.database_url), SCRATCH)
    scratch = postgres.url_of(planned.database_url, name)
    total = planned.copy.manifest.part("database").size
    databases.create(scratch)
    try:
        filling.fill(
            planned.copy,
            identities,
            url=scratch,
            on_bytes=lambda count: on_progress("database", count, total),
        )
        if planned.pending_migrations:
            _migrate(scratch)
        with psycopg.connect(scratch) as connection:
            sign_everybody_out(connection)
    except BaseException:
        databases.drop(scratch)
        raise
    return scratch


def _migrate(url: str) -> None:
    """Run this code's migrations on another database than that of the settings."""
    variables = {name: value for name, value in os.environ.items() if name != "DATABASE_URL_FILE"}
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity=0"],
        cwd=PROJECT,
        env=variables | {"DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotRestorable(
            f"The backup's tables could not be brought up to date: {done.stderr.strip()[-500:]}",
            code="migration_failed",
            hint="Restore with the version that made the backup; nothing that is served changed.",
        )


def _pending_migrations(applied: Mapping[str, Collection[str]]) -> int:
    """Count the migrations of this code that a backup has not.

    Raises:
        NotRestorable: `code_too_old`, the backup has some that this code does not know.
    """
    loader = MigrationLoader(None, ignore_no_migrations=True)
    known = set(loader.disk_migrations)
    replaced = {old for migration in loader.replacements.values() for old in migration.replaces}
    there = {(app, name) for app, names in applied.items() for name in names}
    if unknown := sorted(there - known - replaced):
        app, name = unknown[0]
        raise NotRestorable(
            f"The backup is of a newer version: this one does not know {app}.{name}"
            f" and {len(unknown) - 1} more.",
            code="code_too_old",
            hint="Install the version that made the backup, or a newer one, then restore.",
        )
    return len(known - there)
