"""Checks whether backups are still what was made; see backups.verification."""

import json
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from backups import catalogue, encryption, signing
from backups.destinations import Destination, DestinationFailed
from backups.destinations.urls import configured, from_url
from backups.management.identities import WRONG_CALL, text_of
from backups.management.refusals import database_is_needed
from backups.models import BackupRun
from backups.verdicts import Verdict
from backups.verification import verify_everywhere
from markers.management.progress import Progress
from vertexar.errors import DomainError

NOT_WHOLE = 1


class Command(BaseCommand):
    help = (
        "Check a backup wherever it lies: all parts there, unchanged and signed, all media there "
        "with their size. With an identity also that it decrypts and that PostgreSQL can read the "
        "dump. Exit code 1: something is wrong, or could not be read; 2: the call is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "run", nargs="?", default="latest", metavar="ID|latest|all", help="Which backup."
        )
        parser.add_argument(
            "--from", dest="source", metavar="URL", help="Only here, be it configured or not."
        )
        parser.add_argument("--identity", metavar="FILE", help="An age identity file.")
        parser.add_argument("--deep", action="store_true", help="Read every medium to its end.")
        parser.add_argument("--json", action="store_true", help="Print what was found as JSON.")

    @database_is_needed()
    def handle(self, *args: Any, run: str, verbosity: int, **options: Any) -> None:
        text = text_of(options["identity"]) if options["identity"] else ""
        try:
            identities = encryption.parse_identities(text) if text else ()
            signers = signing.trusted() | signing.signers_in(text)
            destinations = [from_url(options["source"])] if options["source"] else configured()
            names = _names(run, destinations, signers)
        except DestinationFailed as error:
            text = f"{error.message} {error.hint}".strip()
            raise CommandError(text, returncode=NOT_WHOLE) from error
        except (DomainError, ImproperlyConfigured) as error:
            hint = getattr(error, "hint", "")
            raise CommandError(f"{error} {hint}".strip(), returncode=WRONG_CALL) from error
        verdicts: list[Verdict] = []
        failures: list[str] = []
        with Progress(self.stderr, is_told=verbosity > 0) as progress:
            for number, name in enumerate(names):

                def told(share: float, *, number: int = number, name: str = name) -> None:
                    share = (number + share) / len(names)
                    progress.reached(share, f"{name}: {share:.0%}")

                try:
                    verdicts += verify_everywhere(
                        name,
                        destinations,
                        identities=identities,
                        deep=options["deep"],
                        on_progress=told,
                        signers=signers,
                    )
                except DomainError as error:
                    about = "" if name in error.message else f"{name}: "
                    failures.append(f"{about}{error.message} {error.hint}".strip())
        if options["json"]:
            found = {"verdicts": [_as_json(verdict) for verdict in verdicts], "failures": failures}
            self.stdout.write(json.dumps(found, indent=2))
        else:
            for verdict in verdicts:
                self._tell(verdict)
        bad = [f"{verdict.run}: {verdict.in_words()}" for verdict in verdicts if verdict.flaws]
        if bad or failures:
            raise CommandError("\n".join([*bad, *failures]), returncode=NOT_WHOLE)

    def _tell(self, verdict: Verdict) -> None:
        state = "whole" if verdict.is_whole else f"NOT WHOLE, {verdict.flaw_count} flaws"
        seen = [f"{verdict.media_count} media {'read' if verdict.is_deep else 'there'}"]
        if verdict.is_decrypted:
            seen.append("decrypted")
        self.stdout.write(f"{verdict.run} at {verdict.destination}: {state} ({', '.join(seen)})")


def _names(run: str, destinations: Iterable[Destination], signers: Collection[str]) -> list[str]:
    """Names of the runs that are meant, newest first; of `all`, also of those that are forged.

    Raises:
        NotThere: there is none.
        DestinationFailed: a destination can't be asked what it has, and all is meant.
    """
    if run == "latest":
        return [_latest(list(destinations), signers)]
    if run != "all":
        return [_name_of_row(run) or run]
    names: set[str] = set(BackupRun.objects.good().values_list("name", flat=True))
    for destination in destinations:
        found = catalogue.survey(destination, signers=signers)
        names |= {manifest.run for manifest in found.runs}
        names |= {rejected.run for rejected in found.rejected}
    return sorted(names, reverse=True)


def _latest(destinations: list[Destination], signers: Collection[str]) -> str:
    """The newest run that there is or should be: a forged or a missing one is not passed over.

    Raises:
        NotThere: there is none that counts.
        DestinationFailed: none of the destinations can be asked.
    """
    names = {catalogue.newest(destinations, signers=signers).manifest.run}
    for destination in destinations:
        with suppress(DestinationFailed):  # the verification will say so
            names |= {one.run for one in catalogue.survey(destination, signers=signers).rejected}
    asked = {destination.name for destination in destinations}
    rows = BackupRun.objects.good().exclude(kind=BackupRun.Kind.SAFETY)
    names |= {
        row.name for row in rows.only("name", "destinations") if catalogue.lies_at(row) & asked
    }
    return max(names)


def _name_of_row(row_id: str) -> str:
    try:
        row = BackupRun.objects.filter(pk=UUID(row_id)).first()
    except ValueError:
        return ""
    return row.name if row is not None else ""


def _as_json(verdict: Verdict) -> dict[str, Any]:
    return asdict(verdict) | {"is_whole": verdict.is_whole}
