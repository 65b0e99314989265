"""What lies at the destinations: the runs that count, what they hold, and what is there already.

Only what is found and rightly signed counts; the rows of the database are made after it.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from backups import media, signing
from backups.destinations import Destination, DestinationFailed, Found
from backups.genuine import PartDamaged, open_signed
from backups.known import KnownMedia
from backups.manifest import (
    DATABASE,
    INDEX_FILE,
    MANIFEST,
    MEDIA,
    RUNS,
    SIGNATURE,
    Manifest,
    ManifestUnreadable,
    MediaEntry,
    Part,
    begun_at,
    folder,
    media_key,
    parse,
    parse_line,
)
from backups.models import BackupRun
from vertexar.errors import NotThere
from vertexar.leases import JobStatus

logger = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 20
LINE_BYTES = 1 << 14
MANIFEST_BYTES = 1 << 24
SIGNATURE_BYTES = 1 << 10


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
    """
    found = []
    for destination in destinations:
        try:
            found.append(Copy(destination, load(destination, run, signers=signers)))
        except NotThere:
            continue
        except (DestinationFailed, signing.NotSignedByUs, ManifestUnreadable) as error:
            logger.warning("%s at %s can't be used: %s", run, destination.name, error.message)
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


def entries(destination: Destination, manifest: Manifest) -> Iterator[MediaEntry]:
    """The media of a run, as they stand in its index; what was given out is right at the end only.

    Raises:
        PartDamaged: a piece of the index is missing or not what was signed, or the whole does not
            have the totals of the manifest.
        DestinationFailed: it can't be read.
    """
    count = size = 0
    for part in manifest.index_parts:
        for entry in piece(destination, part.path, part):
            count, size = count + 1, size + entry.size
            yield entry
    if (count, size) != (manifest.media_count, manifest.media_bytes):
        raise PartDamaged(
            f"The index of {manifest.run} has {count} media of {size} bytes; the manifest says "
            f"{manifest.media_count} of {manifest.media_bytes}."
        )


def known_media(destination: Destination, *, signers: Collection[str] | None = None) -> KnownMedia:
    """The media that need not be sent again.

    Those of the newest run whose index is whole, and of the pieces that newer, unfinished runs have
    left, as far as they really lie there with their size. Older runs are asked for what lies there
    besides, when it comes to that: to send a medium again would write other bytes over those whose
    hash they have.

    Raises:
        DestinationFailed: it can't be asked.
    """
    found = survey(destination, signers=signers)
    listed, newest_good, older = KnownMedia(), "", found.runs
    for number, manifest in enumerate(found.runs, start=1):
        older = found.runs[number:]
        try:
            listed = KnownMedia(entries(destination, manifest))
        except PartDamaged as error:
            logger.warning("%s at %s: %s", manifest.run, destination.name, error.message)
            continue
        newest_good = manifest.run
        break
    for run in reversed(found.unfinished):
        if run > newest_good:
            for path in unfinished_pieces(destination, run):
                try:
                    listed.update(KnownMedia(_proven(piece(destination, path))))
                except PartDamaged as error:
                    logger.warning("%s is left out: %s", path, error.message)
    return listed.of_those(_lying(destination), older=lambda: _of_older(destination, older))


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


def unfinished_pieces(destination: Destination, run: str) -> list[str]:
    """Paths of the pieces of the index that a run has written, finished or not."""
    inside = folder(run)
    return [
        found.path
        for found in destination.walk(inside)
        if INDEX_FILE.fullmatch(found.path.removeprefix(inside))
    ]


def piece(destination: Destination, path: str, signed: Part | None = None) -> Iterator[MediaEntry]:
    """Read one piece of an index, a line at a time.

    Raises:
        PartDamaged: it is missing, is no index, or is not what was signed; the last before any of
            it is given out.
        DestinationFailed: it can't be read.
    """
    rest = b""
    try:
        if signed is None:
            stream = destination.open(path)
        else:
            stream = open_signed(destination, path, size=signed.size, sha256=signed.sha256)
    except FileNotFoundError as error:
        raise PartDamaged(f"{path} is missing.") from error
    with stream:
        try:
            while chunk := stream.read(CHUNK_BYTES):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield parse_line(line)
                if len(rest) > LINE_BYTES:
                    raise PartDamaged(f"{path} has a line without an end.")
        except ManifestUnreadable as error:
            raise PartDamaged(f"{path} is no index: {error.message}") from error
    if rest:
        raise PartDamaged(f"{path} ends in the midst of a line.")


def _proven(entries: Iterator[MediaEntry]) -> Iterator[MediaEntry]:
    """Those whose name says what is in them: nobody has signed for the others.

    The next run signs for what it is told here, so that whoever can write to a destination could
    have their own content signed under a name of ours.
    """
    return (entry for entry in entries if media.sha256_in(entry.key) == entry.sha256)


def _of_older(destination: Destination, runs: Sequence[Manifest]) -> Iterator[MediaEntry]:
    """The media of runs as far as they can be read."""
    for manifest in runs:
        try:
            yield from entries(destination, manifest)
        except (PartDamaged, DestinationFailed) as error:
            logger.warning("%s at %s: %s", manifest.run, destination.name, error.message)


def _lying(destination: Destination) -> Iterator[tuple[str, int]]:
    """Keys and sizes of what is listed below `media/`."""
    found: Found
    for found in destination.walk(MEDIA):
        yield media_key(found.path), found.size


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
                raise ManifestUnreadable(f"{path} is longer than any that we write.")
    return b"".join(chunks)
