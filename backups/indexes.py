"""The media that runs name: their indexes, piece by piece, and what need not be sent again.

What a finished run names was signed. The pieces of an unfinished one are nobody's word: they are
believed as far as what they say can be seen, and read no further than any of ours is long.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Final

from backups import media
from backups.catalogue import Survey
from backups.destinations import Destination, DestinationFailed, Found
from backups.genuine import PartDamaged, open_signed
from backups.known import KnownMedia
from backups.manifest import (
    INDEX_FILE,
    MEDIA,
    Manifest,
    ManifestUnreadable,
    MediaEntry,
    Part,
    folder,
    media_key,
    parse_line,
)

logger = logging.getLogger(__name__)

CHUNK_BYTES: Final = 1 << 20
LINE_BYTES: Final = 1 << 14
UNSIGNED_BYTES: Final = 32 << 20  # of a piece; our lines have some 400 bytes, of long names 2000


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


def of_runs(destination: Destination, runs: Sequence[Manifest]) -> Iterator[MediaEntry]:
    """The media of several runs, as far as their indexes can be read; one after the other."""
    for manifest in runs:
        try:
            yield from entries(destination, manifest)
        except (PartDamaged, DestinationFailed) as error:
            logger.warning("%s at %s: %s", manifest.run, destination.name, error.message)


def known_media(destination: Destination, found: Survey) -> KnownMedia:
    """The media that need not be sent again.

    Those of the newest run whose index is whole, and of the pieces that newer, unfinished runs have
    left, as far as they really lie there with their size. Older runs are asked for what lies there
    besides, when it comes to that: to send a medium again would write other bytes over those whose
    hash they have.

    Args:
        destination: where they lie.
        found: what `catalogue.survey` found there.

    Raises:
        DestinationFailed: it can't be asked.
    """
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
    return listed.of_those(_lying(destination), older=lambda: of_runs(destination, older))


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
        PartDamaged: it is missing, is no index, is longer than any that nobody has signed, or is
            not what was signed; the last before any of it is given out.
        DestinationFailed: it can't be read.
    """
    rest, left = b"", UNSIGNED_BYTES
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
                if signed is None and (left := left - len(chunk)) < 0:
                    raise PartDamaged(f"{path} is longer than any that we write.")
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


def _lying(destination: Destination) -> Iterator[tuple[str, int]]:
    """Keys and sizes of what is listed below `media/`."""
    found: Found
    for found in destination.walk(MEDIA):
        yield media_key(found.path), found.size
