"""`manage.py migrate`: Django's, which waits for a lock as long as people can wait behind it."""

from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from psycopg import errors

LOCKED = 3


class Command(migrate.Command):
    """Whoever wants a table to itself waits until its readers are gone, and all others behind it.

    So a migration that does not get its locks in MIGRATION_LOCK_SECONDS gives up. One that is not
    atomic may wait: what it is for, an index that is built beside the work, holds nobody up.
    """

    _migration: Migration | None = None
    _connection: BaseDatabaseWrapper

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate.

        Raises:
            CommandError: also where a lock was not to be had; what ran out of time is undone.
        """
        self._connection = connections[options["database"]]
        try:
            super().handle(*args, **options)
        except OperationalError as error:
            if not isinstance(error.__cause__, errors.LockNotAvailable):
                raise
            raise CommandError(self._told(error), returncode=LOCKED) from error
        finally:
            if self._connection.connection is not None:
                self._wait_for(None)

    def migration_progress_callback(
        self,
        action: str,
        migration: Migration | None = None,
        fake: bool = False,  # noqa: FBT001, FBT002  # Django's own
    ) -> None:
        """Say how far it is; before each migration set how long it may wait."""
        if migration is not None and action in {"apply_start", "unapply_start"}:
            self._migration = migration
            self._wait_for(settings.MIGRATION_LOCK_SECONDS if migration.atomic else 0)
        super().migration_progress_callback(action, migration, fake)

    def _wait_for(self, seconds: float | None) -> None:
        """How long to wait for a lock from now on: 0 for as long as it takes, None as before."""
        with self._connection.cursor() as cursor:
            if seconds is None:
                cursor.execute("RESET lock_timeout")
            else:
                cursor.execute(
                    "SELECT set_config('lock_timeout', %s, false)", [f"{seconds * 1000:.0f}"]
                )

    def _told(self, error: OperationalError) -> str:
        reason = " ".join(str(error).split())
        return (
            f"migration_locked: {self._migration} did not get its lock in"
            f" {settings.MIGRATION_LOCK_SECONDS:g} s and is undone; what was migrated before it"
            f" stays. Others use the table: look in pg_stat_activity for a transaction that goes on"
            f" for long, such as a backup's, then migrate again. PostgreSQL says: {reason}"
        )
