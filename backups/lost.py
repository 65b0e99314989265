"""Backups that were written to a destination, that nobody here has removed, and that are not there.

An unmounted disk, an emptied bucket and a mistyped prefix look alike: like a destination that never
had anything. The rows know better.
"""

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from backups.catalogue import Survey, lies_at
from backups.destinations import DestinationFailed
from backups.models import BackupRun

NOT_THERE = "It was there, and is not any more."


def lost_from(destination: str, found: Survey) -> list[str]:
    """Name the runs that should lie at a destination and don't, newest first.

    What is there forged or without its manifest is not lost: to verify it says what is wrong.

    Args:
        destination: its name.
        found: all that lies there.

    Raises:
        DestinationFailed: `destination_emptied`, there should be runs and there is none. To write
            a new one there would hide that, and may fill a disk that is another's.
    """
    rows = BackupRun.objects.good().order_by("-name").only("name", "destinations")
    written = [row.name for row in rows if destination in lies_at(row)]
    if written and not found.runs and not found.rejected:
        raise DestinationFailed(
            _("%(place)s: of %(count)s backups none is there any more.")
            % {"place": destination, "count": len(written)},
            code="destination_emptied",
            hint=_(
                "Is the disk mounted, is it the right bucket? If they are lost for good, begin a"
                " new folder or prefix in BACKUP_DESTINATIONS."
            ),
        )
    there = {run.run for run in found.runs} | {one.run for one in found.rejected}
    return [name for name in written if name not in there | set(found.unfinished)]


@transaction.atomic
def write_down(destination: str, names: Collection[str]) -> None:
    """Say in the rows that runs don't lie at a destination any more."""
    for row in BackupRun.objects.good().filter(name__in=names).select_for_update():
        for place in row.destinations:
            if place["name"] == destination:
                place["failure"] = NOT_THERE
        if not lies_at(row):
            row.removed_at = timezone.now()
        row.save(update_fields=["destinations", "removed_at", "updated_at"])
        audit.record(
            audit.Action.BACKUP,
            actor=None,
            target=row,
            what="lost",
            run=row.name,
            place=destination,
        )
