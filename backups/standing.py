"""How well one is covered now: the last good backup, the last trial restore, and how old they are.

Read from rows alone: it is asked at every look at the back office and every time that figures are
collected, and no destination is asked for it. A run that was dated by a clock which ran ahead is
passed over: it would hide for as long that none is made any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Least
from django.utils import timezone

from backups.catalogue import lies_at
from backups.destinations import urls
from backups.models import BackupRun, BackupRunQuerySet
from vertexar.errors import DomainError

CLOCKS_DIFFER = timedelta(hours=1)  # what is later than that was dated by a clock that ran ahead


class Complaint(StrEnum):
    """What is wrong; the worst first."""

    NOT_CONFIGURED = "not_configured"
    NONE_GOOD = "none_good"
    GOOD_TOO_OLD = "good_too_old"
    DESTINATION_TOO_OLD = "destination_too_old"
    DOES_NOT_RESTORE = "does_not_restore"
    NONE_TESTED = "none_tested"
    TESTED_TOO_OLD = "tested_too_old"


@dataclass(frozen=True)
class Standing:
    """What there is to go back to.

    Attributes:
        last_good: the newest good run that is not known to be damaged; safety copies are none.
        last_tested: the run that was restored last, out of those that were fresh then: a trial of
            an old backup says nothing of last night's.
        last_drilled: the run that was last tried out, be it that it restored or not.
        newest_at: when the newest good run was finished that each destination of the settings has;
            what has none has None. Empty if the settings can't be understood.
        is_configured: whether somebody is named who can read backups.
        moment: of which this is true.
    """

    last_good: BackupRun | None
    last_tested: BackupRun | None
    last_drilled: BackupRun | None
    newest_at: Mapping[str, datetime | None]
    is_configured: bool
    moment: datetime

    @property
    def good_age(self) -> timedelta | None:
        """Since the last good run was finished."""
        return self._since(self.last_good.finished_at if self.last_good else None)

    @property
    def tested_age(self) -> timedelta | None:
        """Since a run was last seen to restore."""
        return self._since(self.last_tested.restore_tested_at if self.last_tested else None)

    @property
    def stale_places(self) -> list[str]:
        """Names of the destinations that have no fresh run."""
        return [
            name
            for name, newest in self.newest_at.items()
            if newest is None or self.moment - newest > settings.BACKUP_MAX_AGE
        ]

    @property
    def complaints(self) -> list[Complaint]:
        """All that is wrong; empty if nothing is."""
        if not self.is_configured:
            return [Complaint.NOT_CONFIGURED]
        found = []
        if self.good_age is None:
            found.append(Complaint.NONE_GOOD)
        elif self.good_age > settings.BACKUP_MAX_AGE:
            found.append(Complaint.GOOD_TOO_OLD)
        elif self.stale_places:
            found.append(Complaint.DESTINATION_TOO_OLD)
        if self.last_drilled is not None and self.last_drilled.restore_failure:
            found.append(Complaint.DOES_NOT_RESTORE)
        if self.tested_age is None:
            found.append(Complaint.NONE_TESTED)
        elif self.tested_age > settings.BACKUP_MAX_AGE:
            found.append(Complaint.TESTED_TOO_OLD)
        return found

    def _since(self, then: datetime | None) -> timedelta | None:
        return None if then is None else self.moment - then


def current() -> Standing:
    """How it stands now."""
    moment = timezone.now()
    latest = moment + CLOCKS_DIFFER
    good = BackupRun.objects.good().filter(finished_at__lte=latest)
    drilled = BackupRun.objects.filter(restore_tested_at__lte=latest).order_by("-restore_tested_at")
    fresh_then = good.restore_tested().filter(
        restore_tested_at__lte=Least(F("finished_at") + settings.BACKUP_MAX_AGE, latest)
    )
    return Standing(
        last_good=good.exclude(kind=BackupRun.Kind.SAFETY)
        .filter(verify_failure="")
        .order_by("-finished_at")
        .first(),
        last_tested=fresh_then.order_by("-restore_tested_at").first(),
        last_drilled=drilled.first(),
        newest_at=_newest_at(good),
        is_configured=bool(settings.BACKUP_RECIPIENTS),
        moment=moment,
    )


def _newest_at(good: BackupRunQuerySet) -> dict[str, datetime | None]:
    try:
        newest: dict[str, datetime | None] = dict.fromkeys(
            place.name for place in urls.configured()
        )
    except DomainError:
        return {}  # a check says so at every start, and `backup_status`
    rows = good.exclude(kind=BackupRun.Kind.SAFETY).order_by("finished_at")
    for run in rows.only("finished_at", "destinations"):
        newest |= dict.fromkeys(lies_at(run) & newest.keys(), run.finished_at)
    return newest
