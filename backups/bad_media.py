"""Media that were seen to be damaged where they lie: noted on rows, sent again by the next backup.

Nothing is removed for it: what was noted may be all right, and the next backup writes the same
medium over it, if its store still has it.
"""

from collections.abc import Collection
from typing import Any, Final

from django.db import transaction

from backups.models import BackupRun

NOTED_MAX: Final = 1000  # at a destination, by one look at a run; the rest is found the next time
NOTED: Final = "bad_media"  # among what a row says of a destination


def at(destination: str) -> set[str]:
    """Keys of the media that lie damaged at a destination, as far as that was seen."""
    found: set[str] = set()
    for row in BackupRun.objects.good().only("destinations"):
        for place in _of(row, destination):
            found |= set(place.get(NOTED, ()))
    return found


@transaction.atomic
def note(run: str, destination: str, keys: Collection[str], *, are_all: bool) -> None:
    """Note what was seen of a run at a destination.

    Args:
        run: its name; without a row nothing is noted.
        destination: its name.
        keys: of the media that are damaged there.
        are_all: whether every medium of the run was read, so that all others are well.
    """
    for row in BackupRun.objects.filter(name=run).select_for_update():
        for place in _of(row, destination):
            before = set(place.get(NOTED, ()))
            now = set(keys) if are_all else before | set(keys)
            if now != before:
                place[NOTED] = sorted(now)[:NOTED_MAX]
                row.save(update_fields=["destinations", "updated_at"])


@transaction.atomic
def sent_again(destination: str, keys: Collection[str]) -> None:
    """Note that media lie at a destination anew."""
    if not keys:
        return
    for row in BackupRun.objects.good().select_for_update():
        for place in _of(row, destination):
            if place.get(NOTED):
                place[NOTED] = sorted(set(place[NOTED]) - set(keys))
                row.save(update_fields=["destinations", "updated_at"])


def _of(row: BackupRun, destination: str) -> list[dict[str, Any]]:
    return [place for place in row.destinations if place["name"] == destination]
