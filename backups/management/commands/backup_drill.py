"""Restores a backup beside what is served and throws it away again; see backups.drills."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from backups import performing
from backups.management.refusals import database_is_needed
from vertexar.errors import DomainError

FAILED, WRONG_CALL = 1, 2


class Command(BaseCommand):
    help = (
        "See whether a backup restores: its database comes back under another name, is counted and "
        "dropped, and a seventh of its media is decrypted and hashed. BACKUP_DRILL_IDENTITY (or "
        "_FILE) opens it. Exit code 1: it does not restore, or can't be read; 2: the call is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "run", nargs="?", default="latest", metavar="ID|latest", help="latest by default"
        )

    @database_is_needed()
    def handle(self, *args: Any, run: str, **options: Any) -> None:
        try:
            row = performing.try_out("" if run == "latest" else run)
        except DomainError as error:
            text = f"{error.code}: {error.message} {error.hint}".strip()
            raise CommandError(text, returncode=FAILED) from error
        except ImproperlyConfigured as error:
            raise CommandError(str(error), returncode=WRONG_CALL) from error
        if row.restore_failure:
            text = f"{row.name} does not restore: {row.restore_failure}"
            raise CommandError(text, returncode=FAILED)
        told = (
            f"{row.name} restores: {row.row_count} rows and {row.media_count} media as in the"
            f" manifest, {row.restore_seconds:.1f} s"
        )
        self.stdout.write(self.style.SUCCESS(told))
