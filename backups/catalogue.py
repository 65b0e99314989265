"""What lies at the destinations: the runs that count, and the rows that say so.

Only what is found and rightly signed counts; the rows of the database are made after it.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from backups import signing
from backups.destinations import Destination, DestinationFailed
from backups.manifest import (
    DATABASE,
    MANIFEST,
    RUNS,
    SIGNATURE,
    Manifest,
    ManifestUnreadable,
    begun_at,
    folder,
    parse,
)
from backups.models import BackupRun
from vertexar.errors import NotThere
from vertexar.leases import JobStatus

logger = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 20
MANIFEST_BYTES = 1 << 24
SIGNATURE_BYTES = 1 << 10
SIGNER_UNKNOWN = "signer_unknown"


@dataclass(frozen=True)
class Rejected:
    """A run that doesn't count, though it has a manifest.

    Attributes:
        run: its folder's name.
        code, message: why: `manifest_forged`, `signer_unknown`, `manifest_unreadable`,
            `manifest_too_new`.
    """

    run: str
    code: str
    message: str


@dataclass(frozen=True)
class Survey:
    """What one destination has below `runs/`.

    Attributes:
        runs: those that count, newest first.
        rejected: those with a manifest that don't.
        unfinished: names of those without a manifest, newest first.
    """

    runs: tuple[Manifest, ...]
    rejected: tuple[Rejected, ...]
    unfinished: tuple[str, ...]


@dataclass(frozen=True)
class Copy:
    """A run where it lies."""

    destination: Destination
    manifest: Manifest


def survey(destination: Destination, *, signers: Collection[str] | None = None) -> Survey:
    """Look at all runs of a destination.

    Args:
        destination: where to look.
        signers: whose runs count; those of `signing.trusted` by default.

    Raises:
        DestinationFailed: it can't be asked.
    """
    files = defaultdict(set)
    for found in destination.walk(RUNS):
        run, _, file = found.path.removeprefix(RUNS).partition("/")
        if begun_at(run) is not None:
            files[run].add(file)
    signers = signing.trusted() if signers is None else signers
    runs, rejected, unfinished = [], [], []
    for run in sorted(files, reverse=True):
        if not {MANIFEST, SIGNATURE} <= files[run]:
            unfinished.append(run)
            continue
        try:
            runs.append(load(destination, run, signers=signers))
        except (signing.NotSignedByUs, ManifestUnreadable) as error:
            logger.warning("%s at %s doesn't count: %s", run, destination.name, error.message)
            rejected.append(Rejected(run, error.code, error.message))
        except NotThere:  # removed while we looked
            continue
    runs.sort(key=lambda manifest: (manifest.taken_at, manifest.run), reverse=True)
    return Survey(tuple(runs), tuple(rejected), tuple(unfinished))


def runs_at(
    destination: Destination, *, signers: Collection[str] | None = None
) -> tuple[Manifest, ...]:
    """The runs that count at a destination, newest first; others are logged.

    Raises:
        DestinationFailed: it can't be asked.
    """
    return survey(destination, signers=signers).runs


def load(destination: Destination, run: str, *, signers: Collection[str] | None = None) -> Manifest:
    """Read one run's manifest.

    Raises:
        NotThere: `no_such_backup`, it has no run of that name that was finished.
        NotSignedByUs: the signature is wrong, or a stranger's, or another run's.
        ManifestUnreadable: it is signed and we can't read it.
        DestinationFailed: the destination can't be asked.
    """
    try:
        data = _read(destination, folder(run) + MANIFEST, MANIFEST_BYTES)
        signature = _read(destination, folder(run) + SIGNATURE, SIGNATURE_BYTES)
    except FileNotFoundError as error:
        raise NotThere(
            f"There is no backup {run} at {destination.name}.", code="no_such_backup"
        ) from error
    signing.check(data, signature, signers=signing.trusted() if signers is None else signers)
    manifest = parse(data)
    if manifest.run != run:
        raise signing.NotSignedByUs(f"The manifest of {run} is that of {manifest.run}.")
    return manifest


def copies(
    run: str, destinations: Collection[Destination], *, signers: Collection[str] | None = None
) -> list[Copy]:
    """Where a run lies; destinations that fail, or have it damaged, are logged and left out.

    Raises:
        NotThere: `no_such_backup`, none of them has it.
        DestinationFailed: none that can be asked has it.
    """
    found = []
    failure: DestinationFailed | None = None
    for destination in destinations:
        try:
            found.append(Copy(destination, load(destination, run, signers=signers)))
        except NotThere:
            continue
        except (DestinationFailed, signing.NotSignedByUs, ManifestUnreadable) as error:
            logger.warning("%s at %s can't be used: %s", run, destination.name, error.message)
            if isinstance(error, DestinationFailed):
                failure = failure or error
    if not found and failure is not None:
        raise failure
    if not found:
        raise NotThere(f"No destination has a backup {run}.", code="no_such_backup")
    return found


def newest(
    destinations: Collection[Destination],
    *,
    at: datetime | None = None,
    signers: Collection[str] | None = None,
) -> Copy:
    """The newest run that counts, at the first of the destinations that has it.

    Runs taken before a restore, for safety, are passed over: they hold what was to be replaced, and
    whoever tries a restore again must not get that.

    Args:
        destinations: where to look; those that fail are logged and left out.
        at: the newest one taken no later than this.
        signers: whose runs count; those of `signing.trusted` by default.

    Raises:
        NotThere: `no_such_backup`, there is none; the hint says what was passed over.
        DestinationFailed: there may be some, and none of the destinations can be asked.
    """
    best: Copy | None = None
    failures: list[DestinationFailed] = []
    passed_over: list[str] = []
    for destination in destinations:
        try:
            found = survey(destination, signers=signers)
        except DestinationFailed as error:
            logger.warning("%s is left out: %s", destination.name, error.message)
            failures.append(error)
            passed_over.append(error.message)
            continue
        passed_over += [f"{one.run} doesn't count: {one.message}" for one in found.rejected[:1]]
        for manifest in found.runs:
            if manifest.kind == "safety" or (at is not None and manifest.taken_at > at):
                continue
            if best is None or manifest.taken_at > best.manifest.taken_at:
                best = Copy(destination, manifest)
            break
    if best is None:
        if failures and len(failures) == len(destinations):
            raise failures[0]
        when = f" of {at.isoformat()} or before" if at is not None else ""
        message = f"No destination has a backup{when}."
        raise NotThere(message, code="no_such_backup", hint=" ".join(passed_over))
    return best


def adopt(
    destinations: Collection[Destination], *, signers: Collection[str] | None = None
) -> list[BackupRun]:
    """Make the rows say what lies at the destinations: after a restore, or on a new machine.

    A run that has no row gets one; a row that stands for work under way, as in the dump that was
    made by that work, is settled. If every destination answered, good rows whose run was written to
    these alone, and lies at none of them, are marked as removed. Call it under `lock.exclusively`:
    nothing may be under way here.

    Args:
        destinations: where to look; those that fail are logged and left out.
        signers: whose runs count; those of `signing.trusted` by default.

    Returns:
        The rows that were made or settled, newest first.
    """
    found: dict[str, list[Copy]] = defaultdict(list)
    have_all_answered = True
    for destination in destinations:
        try:
            for manifest in runs_at(destination, signers=signers):
                found[manifest.run].append(Copy(destination, manifest))
        except DestinationFailed as error:
            have_all_answered = False
            logger.warning("%s is left out: %s", destination.name, error.message)
    adopted = []
    with transaction.atomic():
        for run, copies_of_it in sorted(found.items(), reverse=True):
            row = BackupRun.objects.filter(name=run).first() or BackupRun(name=run)
            if row.status == JobStatus.READY and row.removed_at is None:
                continue
            for column, value in columns(copies_of_it).items():
                setattr(row, column, value)
            row.removed_at = None
            row.save()
            adopted.append(row)
        if have_all_answered:
            asked = {destination.name for destination in destinations}
            absent = BackupRun.objects.good().exclude(name__in=found)
            nowhere = [row.pk for row in absent if lies_at(row) <= asked]
            BackupRun.objects.filter(pk__in=nowhere).update(
                removed_at=timezone.now(), updated_at=timezone.now()
            )
    return adopted


def columns(copies_of_it: Sequence[Copy]) -> dict[str, Any]:
    """What the row of a good run says, by its manifests; one copy at least."""
    manifest = copies_of_it[0].manifest
    return {
        "status": JobStatus.READY,
        "failure_code": "",
        "failure_hint": "",
        "lease_id": None,
        "leased_at": None,
        "kind": manifest.kind,
        "started_at": manifest.taken_at,
        "finished_at": manifest.finished_at,
        "database_bytes": manifest.part(DATABASE).size,
        "media_bytes": manifest.media_bytes,
        "media_count": manifest.media_count,
        "row_count": manifest.rows,
        "parts": [asdict(part) for part in manifest.parts],
        "encrypted_for": list(manifest.recipients),
        "destinations": [{"name": copy.destination.name, "failure": ""} for copy in copies_of_it],
    }


def lies_at(row: BackupRun) -> set[str]:
    """Names of the destinations that a good run was written to."""
    return {written["name"] for written in row.destinations if not written["failure"]}


def _read(destination: Destination, path: str, limit: int) -> bytes:
    """Read a small file.

    Raises:
        FileNotFoundError: it is not there.
        ManifestUnreadable: it is not small.
    """
    chunks, size = [], 0
    with destination.open(path) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            chunks.append(chunk)
            if (size := size + len(chunk)) > limit:
                raise ManifestUnreadable("It is longer than any that we write.")
    return b"".join(chunks)
