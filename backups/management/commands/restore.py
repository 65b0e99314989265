"""Brings a backup back; see backups.restoring."""

import threading
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from backups import catalogue, encryption, postgres, restoring, services, signing, standing
from backups.destinations import Destination, DestinationFailed
from backups.destinations.urls import configured, from_url
from backups.filling import NotRestorable
from backups.management.identities import WRONG_CALL, text_of
from backups.management.moments import moment_of
from backups.management.refusals import database_is_needed
from backups.models import BackupRun
from backups.restoring import Outcome, Plan, Wish
from markers.management.progress import Progress
from vertexar.errors import DomainError
from vertexar.leases import JobStatus

FAILED = 1


class Command(BaseCommand):
    help = (
        "Restore a backup: media into their store, the database beside the one that serves, which "
        "it replaces at the very end. Until then the old data are served, whatever happens; "
        "afterwards the old database stays under another name. Exit code 1: it could not be "
        "restored; 2: the call is wrong."
    )
    requires_system_checks = []  # what is broken may be what is to be restored

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", metavar="ID|latest", help="A backup's name, or the newest.")
        parser.add_argument(
            "--identity", required=True, metavar="FILE", help="The age identity file; - for stdin."
        )
        parser.add_argument(
            "--from",
            dest="source",
            metavar="URL",
            help="file:///folder or s3://bucket/prefix; else the configured destinations.",
        )
        parser.add_argument(
            "--signer",
            metavar="KEY",
            help="Whose backups to trust besides our own and those "
            "that the identity file names (vertexar-signer:…).",
        )
        parser.add_argument("--at", metavar="TIME", help="The newest taken by then (ISO 8601).")
        parser.add_argument("--only", choices=["database", "media"])
        parser.add_argument(
            "--to-database",
            default="",
            metavar="URL",
            help="Not into our own. Its password comes from PGPASSWORD or PGPASSFILE: in a command "
            "line other users of the machine can read it.",
        )
        parser.add_argument("--media-to", metavar="URL", help="Not into our own: file:///folder.")
        parser.add_argument("--replace", action="store_true", help="Replace what is there.")
        parser.add_argument(
            "--no-safety-backup", action="store_true", help="Don't back up what is replaced."
        )
        parser.add_argument(
            "--allow-missing-media", action="store_true", help="Go on if some can't be read."
        )
        parser.add_argument("--dry-run", action="store_true", help="Say what would be done.")

    @database_is_needed()
    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        try:
            self._restore(verbosity=verbosity, **options)
        except DomainError as error:
            text = f"{error.code}: {error.message} {error.hint}".strip()
            raise CommandError(text, returncode=FAILED) from error
        except ImproperlyConfigured as error:
            raise CommandError(str(error), returncode=WRONG_CALL) from error

    def _restore(self, *, run: str, verbosity: int, **options: Any) -> None:
        text = text_of(options["identity"])
        identities = encryption.parse_identities(text)
        signers = signing.trusted() | signing.signers_in(text)
        if options["signer"]:
            signers |= {options["signer"]}
        destinations = [from_url(options["source"])] if options["source"] else configured()
        if postgres.has_password(options["to_database"]):
            self.stderr.write(
                "Other users of this machine can read the password in --to-database while this "
                "runs: leave it out of the URL and set PGPASSWORD, or PGPASSFILE."
            )
        wish = Wish(
            run=run,
            at=moment_of(options["at"]) if options["at"] else None,
            has_database=options["only"] != "media",
            has_media=options["only"] != "database",
            database_url=options["to_database"],
            storage=restoring.local_media(options["media_to"]) if options["media_to"] else None,
            may_replace=options["replace"],
        )
        copy = restoring.choose(wish, destinations, signers=signers)
        planned = restoring.plan(wish, copy, identities)
        self._tell(planned)
        if run == "latest" and wish.at is None:
            self._tell_passed_over(copy.manifest.run, destinations, signers)
        if options["dry_run"]:
            return
        if planned.replaces and planned.is_own and not options["no_safety_backup"]:
            self.stderr.write("Backing up what is there first")
            _back_up()
        with Progress(self.stderr, is_told=verbosity > 0) as progress:
            outcome = restoring.carry_out(
                planned,
                identities,
                may_lack_media=options["allow_missing_media"],
                on_progress=_Stages(progress).reached,
            )
        if planned.is_own:
            services.settle_restored(planned.copy, destinations, signers=signers)
            self._tell_signers(signers)
        self._tell_outcome(planned, outcome)

    def _tell_signers(self, signers: frozenset[str]) -> None:
        """Say what to set so that the backups of the machine that is gone go on counting."""
        if strangers := sorted(signers - signing.trusted()):
            self.stdout.write(f"Set BACKUP_TRUSTED_SIGNERS={' '.join(strangers)}")

    def _tell(self, planned: Plan) -> None:
        manifest, name = planned.copy.manifest, planned.copy.destination.name
        self.stdout.write(f"{manifest.run} of {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC at {name}")
        if manifest.taken_at > timezone.now() + standing.CLOCKS_DIFFER:
            self.stderr.write(
                "By this machine's clock that has not been yet: one of the clocks was wrong. "
                "Is it the newest? Name another backup, or --at a time."
            )
        if planned.storage is not None:
            size = filesizeformat(manifest.media_bytes)
            self.stdout.write(f"media: {manifest.media_count} files, {size}")
        if planned.database_url:
            size = filesizeformat(manifest.part("database").size)
            self.stdout.write(
                f"database: {manifest.rows} rows in {len(manifest.tables)} tables, {size} stored;"
                f" {planned.pending_migrations} migrations to run after;"
                f" {'replaces what is there' if planned.replaces else 'nothing is replaced'}"
            )

    def _tell_passed_over(
        self, chosen: str, destinations: Collection[Destination], signers: Collection[str]
    ) -> None:
        """Name newer backups that don't count: they were spoiled, or somebody forged them."""
        for destination in destinations:
            with suppress(DestinationFailed):  # that one was left out, which the log says
                for one in catalogue.survey(destination, signers=signers).rejected:
                    if one.run > chosen:
                        self.stderr.write(
                            f"Passed over: {one.run} at {destination.name}. {one.message}"
                        )

    def _tell_outcome(self, planned: Plan, outcome: Outcome) -> None:
        if outcome.media is not None:
            media = outcome.media
            self.stdout.write(f"media: {media.restored} brought back, {media.kept} were there")
            for why in outcome.media.failures.values():
                self.stderr.write(f"missing: {why}")
        if planned.database_url:
            self.stdout.write(
                f"database: {planned.copy.manifest.rows} rows, as many as were backed up"
            )
            self.stdout.write("Everybody has to sign in again.")
        if outcome.kept_as:
            self.stdout.write(
                f"What was served before is the database {outcome.kept_as}; drop it when you are"
                f' sure: DROP DATABASE "{outcome.kept_as}"'
            )
        self.stdout.write(self.style.SUCCESS("Restored."))


class _Stages:
    """Turns what threads report into one line of progress a stage."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._done: dict[str, int] = {}
        self._lock = threading.Lock()

    def reached(self, stage: str, count: int, total: int) -> None:
        with self._lock:
            done = self._done[stage] = self._done.get(stage, 0) + count
            share = min(1.0, done / total) if total else 1.0
            stages = ["media", "database"]
            text = f"{stage}: {filesizeformat(done)} of {filesizeformat(total)}"
            self._progress.reached((stages.index(stage) + share) / len(stages), text)


def _back_up() -> None:
    try:
        row = services.back_up_now(BackupRun.Kind.SAFETY, actor=None)
    except DomainError as error:
        raise _not_backed_up(error.code, f"{error.message} {error.hint}") from error
    if row.status != JobStatus.READY:
        raise _not_backed_up(row.failure_code, row.failure_hint)


def _not_backed_up(code: str, reason: str) -> NotRestorable:
    return NotRestorable(
        f"What is there could not be backed up: {code}. {reason}".strip(),
        code="safety_backup_failed",
        hint="Mend that, or go on without it: --no-safety-backup.",
    )
