"""A drill: a run is restored beside what is served, counted, hashed, and thrown away again.

The database comes back whole, every night. Of the media all are looked up, and one in seven is
decrypted and hashed, another seventh each day of the week: each is seen to open once a week, and a
night costs a seventh of reading them all.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO, Final, cast

from backups import bad_media, databases, encryption, filling, indexes, postgres, recovery
from backups.catalogue import Copy
from backups.genuine import PartDamaged
from backups.manifest import MEDIA, MediaEntry
from backups.verdicts import OF_WHO_ASKS

SCRATCH: Final = "drill"
DAYS: Final = 7
# As servers say it, in the languages they are set up in here; pg_restore tells no code.
NO_ROOM: Final = ("No space left on device", "На устройстве не осталось свободного места")


class MediaDamaged(PartDamaged):
    """Media of a run are missing where it lies, or damaged.

    Attributes:
        keys: theirs.
    """

    def __init__(self, flaws: Mapping[str, str]) -> None:
        more = f" So it is with {len(flaws) - 1} more." if len(flaws) > 1 else ""
        super().__init__(f"{next(iter(flaws.values()))}{more}")
        self.keys = list(flaws)


@dataclass(frozen=True)
class Drill:
    """What a drill saw.

    Attributes:
        rows: that came back, as many as the manifest counts.
        media_found: media that lie there with their size.
        media_opened: those of them that were decrypted and hashed.
        seconds: from the first byte to the last.
    """

    rows: int
    media_found: int
    media_opened: int
    seconds: float


def drill(
    copy: Copy,
    identities: Sequence[Any],
    *,
    today: date,
    server_url: str,
    on_bytes: Callable[[int], object] = lambda count: None,
) -> Drill:
    """Restore a run into a scratch database and compare all of it with its manifest.

    Args:
        copy: the run, where it lies.
        identities: that open it.
        today: chooses which seventh of the media is opened.
        server_url: of a database whose server has room for the scratch database.
        on_bytes: told how many bytes were read since it was last told.

    Raises:
        MediaDamaged: it came back, but for some media.
        PartDamaged, CanNotDecrypt: a part is missing or is not what was signed.
        NotRestorable, ProgramUnusable, TargetUnusable: the database does not come back; `disk_full`
            says nothing of the backup.
        DestinationFailed: the run can't be read.
    """
    began = time.monotonic()
    filling.check_server(server_url, copy.manifest.versions)
    name = databases.beside(databases.name_of(server_url), SCRATCH)
    scratch = postgres.url_of(server_url, name)
    databases.create(scratch)
    try:
        filling.fill(copy, identities, url=scratch, on_bytes=on_bytes)
    except postgres.ProgramUnusable as error:
        if any(said in error.message for said in NO_ROOM):
            raise databases.TargetUnusable(
                error.message,
                code="disk_full",
                hint="A drill needs about as much room on the server as the database takes.",
            ) from error
        raise
    finally:
        databases.drop(scratch)
    found, opened = _media(copy, identities, today=today, on_bytes=on_bytes)
    return Drill(copy.manifest.rows, found, opened, time.monotonic() - began)


def _media(
    copy: Copy, identities: Sequence[Any], *, today: date, on_bytes: Callable[[int], object]
) -> tuple[int, int]:
    """Look all media of the run up, and open those whose day it is; count both."""
    sizes = {found.path: found.size for found in copy.destination.walk(MEDIA)}
    count = opened = 0
    bad: dict[str, str] = {}
    for entry in indexes.entries(copy.destination, copy.manifest):
        count += 1
        size = sizes.get(entry.path)
        if size is None:
            bad[entry.key] = f"{entry.path} is missing."
        elif size != entry.stored_size or is_due(entry, today):  # or it was sent a second time
            if why := _flaw(entry, copy, identities):
                bad[entry.key] = why
            on_bytes(size)
            opened += 1
        if len(bad) >= bad_media.NOTED_MAX:
            break
    if bad:
        raise MediaDamaged(bad)
    return count, opened


def _flaw(entry: MediaEntry, copy: Copy, identities: Sequence[Any]) -> str:
    """Why a medium can't be had, or "".

    Raises:
        CanNotDecrypt: it is not known, for want of the right identity.
    """
    try:
        recovery.read_medium(entry, copy, identities, cast("BinaryIO", _Nowhere()))
    except PartDamaged as error:
        return error.message
    except encryption.CanNotDecrypt as error:
        if error.code in OF_WHO_ASKS:
            raise
        return f"{entry.path}: {error.message}"
    return ""


def is_due(entry: MediaEntry, today: date) -> bool:
    """Whether a medium is opened today: each is on one day of every seven in a row."""
    return int(entry.sha256[:8], 16) % DAYS == today.toordinal() % DAYS


class _Nowhere:
    def write(self, chunk: bytes, /) -> int:
        return len(chunk)
