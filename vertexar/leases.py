"""Work that a row asks for: claimed by one worker, done outside any transaction, settled once.

The row is the truth and the queue only wakes somebody up. A claim writes a fresh `lease_id` on the
row; a thread renews it while the work runs; only who holds it may write the result. Kill a worker
and its lease runs out, so that the sweep (`lost`) hands the row to another.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Generic, Self, TypeVar
from uuid import UUID, uuid4

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from vertexar import memory
from vertexar.errors import DomainError
from vertexar.models import BaseModel

logger = logging.getLogger(__name__)

OUT_OF_MEMORY_HINT = gettext_noop(
    "It takes more memory than it may have: send a smaller file, or let an operator allow more."
)


class JobStatus(models.TextChoices):
    """Where a row's work stands."""

    PENDING = "pending", _("waiting")
    WORKING = "working", _("in work")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")


class LeasedModel(BaseModel):
    """A row whose work is done by a worker; subclasses name the statuses in their own words."""

    status = models.CharField(_("status"), max_length=16, default=JobStatus.PENDING)
    failure_code = models.CharField(_("failure"), max_length=64, blank=True)
    failure_hint = models.TextField(_("what to do"), blank=True)
    attempt = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease_id = models.UUIDField(null=True, editable=False)
    leased_at = models.DateTimeField(null=True, editable=False)
    queued_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    @property
    def shown_hint(self) -> str:
        """The hint in the reader's language; it is kept in English."""
        return gettext(self.failure_hint) if self.failure_hint else ""


Row = TypeVar("Row", bound=LeasedModel)


class LeasedQuerySet(models.QuerySet[Row], Generic[Row]):
    """Claims and sweeps; `working` is the subclass's word for "a worker has it"."""

    working: str = JobStatus.WORKING

    def _claimable(self) -> Q:
        stale = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS)
        return Q(status=JobStatus.PENDING) | Q(status=self.working, leased_at__lt=stale)

    @transaction.atomic
    def claim(self, row_id: UUID | str) -> Row | None:
        """Lease one row for a worker; None when it is done or another worker has it."""
        row = self.filter(self._claimable(), pk=row_id).select_for_update(skip_locked=True).first()
        if row is None:
            return None
        row.status, row.attempt = self.working, row.attempt + 1
        row.lease_id, row.leased_at = uuid4(), timezone.now()
        row.save(update_fields=["status", "attempt", "lease_id", "leased_at", "updated_at"])
        return row

    def lost(self) -> Self:
        """Rows that nobody works on though somebody should: never sent, or their worker died."""
        unsent = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS)
        stale = Q(status=self.working, leased_at__lt=unsent)
        return self.filter(Q(status=JobStatus.PENDING, queued_at__lt=unsent) | stale)


def settle(row: LeasedModel, **changes: Any) -> bool:
    """Write a result and give the lease back, unless it has passed to another worker."""
    mine = type(row)._default_manager.filter(pk=row.pk, lease_id=row.lease_id)
    kept = mine.update(**changes, lease_id=None, leased_at=None, updated_at=timezone.now())
    if not kept:
        logger.warning("%s %s: a late result was dropped", row._meta.model_name, row.pk)
    return bool(kept)


@contextmanager
def keeping(row: LeasedModel) -> Iterator[None]:
    """Renew the row's lease from a thread of its own for as long as the block runs."""
    done = threading.Event()
    mine = type(row)._default_manager.filter(pk=row.pk, lease_id=row.lease_id)

    def renew() -> None:
        while not done.wait(settings.LEASE_SECONDS / 3):
            mine.update(leased_at=timezone.now())
        connection.close()  # this thread's own

    thread = threading.Thread(target=renew, name=f"lease-{row.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def perform(
    rows: LeasedQuerySet[Row], row_id: UUID | str, work: Callable[[Row], Mapping[str, Any]]
) -> None:
    """Claim a row, do its work, settle it; do nothing when there is nothing to claim.

    Args:
        rows: where to claim from.
        row_id: which row.
        work: does the work and returns the columns to write. A `DomainError` it raises is the
            user's to mend: it becomes the row's failure, with code and hint, and is not retried.
            Nor is work that needs more time or memory than it may take: it would again.
            Anything else is ours: the claim is given back and the error raised, for Celery to
            retry and to report.
    """
    row = rows.claim(row_id)
    if row is None:
        logger.info("%s %s: nothing to do", rows.model._meta.model_name, row_id)
        return
    if row.attempt > settings.MAX_ATTEMPTS:
        # counted on the row, since a worker killed for memory is handed the message again for ever
        logger.error("%s %s: given up", rows.model._meta.model_name, row_id)
        settle(row, **_failure("too_many_attempts"))
        return
    settle(row, **_outcome(row, work))


def _outcome(row: Row, work: Callable[[Row], Mapping[str, Any]]) -> dict[str, Any]:
    """Do the work; answer with the columns to write, or give the claim back and raise.

    Nothing of the result is written here: while an error is held, so is all that the work had in
    memory.
    """
    try:
        with (
            keeping(row),
            translation.override(None),
        ):  # hints are kept as written, shown translated
            changes = work(row)
    except SoftTimeLimitExceeded:
        return _failure("took_too_long")
    except BaseException as error:
        if memory.ran_out(error):
            # not the error itself, which holds all that filled the memory
            logger.error("%s %s: out of memory: %s", row._meta.model_name, row.pk, repr(error))  # noqa: TRY400
            return _failure("out_of_memory", OUT_OF_MEMORY_HINT)
        if isinstance(error, DomainError):
            return _failure(error.code, error.hint)
        back: dict[str, Any] = {"status": JobStatus.PENDING}
        if isinstance(error, OSError):  # no room, no network: not the row's doing, counts nothing
            back |= {"attempt": row.attempt - 1, "queued_at": timezone.now()}
        settle(row, **back)
        raise
    return {"status": JobStatus.READY, "failure_code": "", "failure_hint": "", **changes}


def _failure(code: str, hint: str = "") -> dict[str, Any]:
    return {"status": JobStatus.FAILED, "failure_code": code, "failure_hint": hint}
