"""Says how well one is covered, to people and to cron; see backups.standing."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandParser
from django.template.defaultfilters import filesizeformat
from django.utils import timezone, translation

from backups import standing
from backups.destinations import urls
from backups.management.refusals import database_is_needed
from backups.models import BackupRun
from backups.standing import Complaint, Standing
from backups.wording import COMPLAINTS, failure_said
from vertexar.errors import DomainError
from vertexar.leases import JobStatus

NOT_COVERED, NOT_CONFIGURED = 1, 2
SHOWN = 10


class Command(BaseCommand):
    help = (
        "Say when the last good backup was made, when one was last seen to restore, and where each "
        "lies. Made for cron: exit code 0, all is well; 1, either is missing or older than "
        "BACKUP_MAX_AGE_HOURS, be it at one destination alone, or the last trial failed; 2, "
        "backups are not set up."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print it as JSON.")

    @database_is_needed()
    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override("en"):  # as all that commands say
            now = standing.current()
            runs = list(BackupRun.objects.all()[:SHOWN])
            complaint = _misconfigured()
            complaints = [str(COMPLAINTS[one]) for one in now.complaints]
            if complaint:
                complaints.insert(0, complaint)
            if options["json"]:
                self.stdout.write(json.dumps(_as_json(now, runs, complaints), indent=2))
            else:
                self._tell(now, runs)
                for said in complaints:
                    self.stderr.write(self.style.ERROR(said))
        if complaint or Complaint.NOT_CONFIGURED in now.complaints:
            raise SystemExit(NOT_CONFIGURED)
        if now.complaints:
            raise SystemExit(NOT_COVERED)

    def _tell(self, now: Standing, runs: Sequence[BackupRun]) -> None:
        rows = [("backup", "kind", "finished", "size", "state", "verified", "restores")]
        rows += map(_row, runs)
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows if runs else []:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write(line.rstrip())
        if runs:
            self.stdout.write("")
        for name, newest in now.newest_at.items():
            age = _in_words(None if newest is None else now.moment - newest)
            self.stdout.write(f"newest at {name}: {age}")
        self.stdout.write(f"last good backup: {_in_words(now.good_age)}")
        self.stdout.write(f"last seen to restore: {_in_words(now.tested_age)}")


def _row(run: BackupRun) -> tuple[str, str, str, str, str, str, str]:
    return (
        str(run),
        run.kind,
        f"{timezone.localtime(run.finished_at):%Y-%m-%d %H:%M}" if run.finished_at else "-",
        filesizeformat(run.database_bytes + run.media_bytes).replace("\xa0", " "),
        _state(run),
        _result(run.verified_at, run.verify_failure, "whole", "NOT WHOLE"),
        _result(run.restore_tested_at, run.restore_failure, "yes", "NO"),
    )


def _state(run: BackupRun) -> str:
    if run.removed_at is not None:
        return "removed"
    if run.status == JobStatus.FAILED:
        return f"FAILED: {failure_said(run.failure_code)}"
    if run.status != JobStatus.READY:
        return str(JobStatus(run.status).label)
    whole = sum(not place["failure"] for place in run.destinations)
    lacking = f", {failure_said(run.failure_code)}" if run.failure_code else ""
    return f"at {whole} of {len(run.destinations)}{lacking}"


def _result(when: datetime | None, failure: str, good: str, bad: str) -> str:
    if when is None:
        return "-"
    return bad if failure else good


def _misconfigured() -> str:
    """Why the destinations of the settings can't be understood, or ""."""
    try:
        urls.configured()
    except (DomainError, ImproperlyConfigured) as error:
        return str(error)
    return ""


def _in_words(age: timedelta | None) -> str:
    if age is None:
        return "never"
    hours, rest = divmod(int(age.total_seconds()), 3600)
    return f"{hours} h {rest // 60} min ago"


def _as_json(
    now: Standing,
    runs: Sequence[BackupRun],
    complaints: list[str],
) -> dict[str, Any]:
    good, tested = now.good_age, now.tested_age
    return {
        "is_configured": now.is_configured,
        "complaints": complaints,
        "codes": [str(one) for one in now.complaints],
        "last_good": str(now.last_good) if now.last_good else None,
        "last_good_age_seconds": None if good is None else round(good.total_seconds()),
        "last_tested": str(now.last_tested) if now.last_tested else None,
        "last_tested_age_seconds": None if tested is None else round(tested.total_seconds()),
        "destinations": {
            name: newest and newest.isoformat() for name, newest in now.newest_at.items()
        },
        "runs": [
            {
                "id": str(run.pk),
                "name": run.name,
                "kind": run.kind,
                "status": run.status,
                "failure": run.failure_code,
                "finished_at": run.finished_at and run.finished_at.isoformat(),
                "database_bytes": run.database_bytes,
                "media_bytes": run.media_bytes,
                "destinations": run.destinations,
                "verified_at": run.verified_at and run.verified_at.isoformat(),
                "verify_failure": run.verify_failure,
                "restore_tested_at": run.restore_tested_at and run.restore_tested_at.isoformat(),
                "restore_failure": run.restore_failure,
                "removed_at": run.removed_at and run.removed_at.isoformat(),
            }
            for run in runs
        ],
    }
