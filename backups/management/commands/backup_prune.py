"""Removes backups that are not to be kept; see backups.pruning and backups.retention."""

import json
from dataclasses import asdict
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from backups.destinations.urls import configured
from backups.management.refusals import database_is_needed
from backups.pruning import Pruned, prune
from vertexar.errors import DomainError

FAILED = 1


class Command(BaseCommand):
    help = (
        "Remove the backups that BACKUP_KEEP_DAILY, _WEEKLY and _MONTHLY do not keep, and media "
        "that no backup names any more. Exit code 1: not everywhere, or not now."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say what would go.")
        parser.add_argument("--json", action="store_true", help="Print what was done as JSON.")

    @database_is_needed()
    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        try:
            reports = prune(configured(), dry_run=dry_run)
        except DomainError as error:
            text = f"{error.code}: {error.message} {error.hint}".strip()
            raise CommandError(text, returncode=FAILED) from error
        except ImproperlyConfigured as error:
            raise CommandError(str(error), returncode=FAILED) from error
        if options["json"]:
            found = {"dry_run": dry_run, "destinations": [asdict(report) for report in reports]}
            self.stdout.write(json.dumps(found, indent=2))
        else:
            for report in reports:
                self._tell(report, "would be removed" if dry_run else "removed")
        if failed := [f"{one.destination}: {one.failure}" for one in reports if one.failure]:
            raise CommandError("\n".join(failed), returncode=FAILED)

    def _tell(self, report: Pruned, removed: str) -> None:
        self.stdout.write(report.destination)
        for names, state in (
            (report.kept, "kept"),
            (report.removed, removed),
            (report.unfinished, f"{removed}, was never finished"),
            (report.locked, "locked by the destination"),
        ):
            for name in names:
                self.stdout.write(f"  {name}: {state}")
        size = filesizeformat(report.media_bytes)
        self.stdout.write(f"  {report.media_count} media of {size} {removed}")
        if report.media_left:
            self.stdout.write(f"  no media were looked at: {report.media_left}")
