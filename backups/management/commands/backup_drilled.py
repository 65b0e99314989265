"""Writes down what a drill on another machine has found; see "The drill" in docs/backups.md."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backups import performing
from backups.management.moments import moment_of
from backups.management.refusals import database_is_needed
from vertexar.errors import DomainError

REFUSED = 1


class Command(BaseCommand):
    help = (
        "Write down, on the server that makes the backups, that one was tried out on another "
        "machine, by `backup_drill` there, and whether it restored. Exit code 1: there is no such "
        "backup, or it can't have been then; 2: the call is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", metavar="NAME", help="The backup's name.")
        parser.add_argument("result", choices=["ok", "failed"], help="Whether it restored.")
        parser.add_argument("--at", metavar="TIME", help="When (ISO 8601); now by default.")
        parser.add_argument("--why", default="", help="What went wrong.")

    @database_is_needed()
    def handle(self, *args: Any, run: str, result: str, why: str, **options: Any) -> None:
        at = moment_of(options["at"]) if options["at"] else timezone.now()
        failure = f"drilled_elsewhere: {why}" if result == "failed" else ""
        try:
            row = performing.write_down_drill(run, failure=failure, at=at)
        except DomainError as error:
            text = f"{error.code}: {error.message} {error.hint}".strip()
            raise CommandError(text, returncode=REFUSED) from error
        self.stdout.write(f"{row.name}: {'restores' if not failure else 'does not restore'}")
