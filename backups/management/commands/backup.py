"""Makes a backup here and now."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from backups import services
from backups.management.refusals import database_is_needed
from backups.models import BackupRun
from markers.management.progress import Progress
from vertexar.errors import DomainError
from vertexar.leases import JobStatus

FAILED = 1
NOT_WHOLE = 3  # made, but not everywhere or not with all media


class Command(BaseCommand):
    help = (
        "Back up the database and the media to every destination, now and in this process. "
        "Ends with 1 if there is no backup, with 3 if there is one that lacks something."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print the run as JSON.")

    @database_is_needed()
    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        with Progress(self.stderr, is_told=verbosity > 0) as progress:
            shares = {"database": 0.0, "media": 0.0}

            def told(stage: str, done: int, total: int) -> None:
                shares[stage] = done / total if total else 1.0
                sizes = f"{filesizeformat(done)} of {filesizeformat(total)}"
                progress.reached(sum(shares.values()) / len(shares), f"{stage}: {sizes}")

            try:
                run = services.back_up_now(BackupRun.Kind.MANUAL, actor=None, on_progress=told)
            except DomainError as error:
                raise CommandError(f"{error.code}: {error.message} {error.hint}") from error
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(run), indent=2))
        elif run.status == JobStatus.READY:
            self._tell(run)
        if run.status != JobStatus.READY:
            raise CommandError(f"{run.failure_code}: {run.failure_hint}", returncode=FAILED)
        if run.failure_code:
            raise CommandError(f"{run.failure_code}: {run.failure_hint}", returncode=NOT_WHOLE)

    def _tell(self, run: BackupRun) -> None:
        self.stdout.write(
            f"{run.name}: {run.row_count} rows, {run.media_count} media of "
            f"{filesizeformat(run.media_bytes)}, {filesizeformat(run.sent_bytes)} sent"
        )
        for destination in run.destinations:
            self.stdout.write(f"  {destination['name']}: {destination['failure'] or 'whole'}")


def _as_json(run: BackupRun) -> dict[str, Any]:
    return {
        "id": str(run.pk),
        "name": run.name,
        "status": run.status,
        "failure": {"code": run.failure_code, "hint": run.failure_hint},
        "started_at": run.started_at and run.started_at.isoformat(),
        "finished_at": run.finished_at and run.finished_at.isoformat(),
        "rows": run.row_count,
        "database_bytes": run.database_bytes,
        "media_count": run.media_count,
        "media_bytes": run.media_bytes,
        "sent_bytes": run.sent_bytes,
        "destinations": run.destinations,
    }
