"""Who is written when a backup can't be relied on."""

import logging
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from backups import tasks
from backups.models import BackupRun
from vertexar.leases import JobStatus
from vertexar.queue import wake

logger = logging.getLogger(__name__)

TOLD_WITHIN: Final = timedelta(minutes=15)  # the task itself has given up by then
WRONG: Final = ("failure_code", "restore_failure", "verify_failure", "unread_failure")


def owe(run: BackupRun) -> None:
    """Have who must know told of what is wrong with a run; call it in the transaction that says so.

    It is owed until it was told: what the broker or the mail server did not take is sent again.
    """
    BackupRun.objects.filter(pk=run.pk).update(untold_since=timezone.now())
    wake(tasks.tell_of_failure, run)


def send_overdue() -> None:
    """Have told what was not for TOLD_WITHIN."""
    now = timezone.now()
    for run in BackupRun.objects.filter(untold_since__lt=now - TOLD_WITHIN):
        BackupRun.objects.filter(pk=run.pk).update(untold_since=now)
        wake(tasks.tell_of_failure, run)


def tell_of_failure(run_id: str) -> None:
    """Send what is wrong with a run to BACKUP_MAIL_TO, else to the superusers, if it is owed.

    Raises:
        OSError: the mail server can't be reached or refuses.
    """
    run = BackupRun.objects.filter(pk=run_id).first()
    if run is None or run.untold_since is None:
        logger.info("backup %s: nothing to tell", run_id)
        return
    if any(getattr(run, column) for column in WRONG):
        _send(run)
    # not what came up meanwhile
    rows = BackupRun.objects.filter(pk=run.pk, untold_since=run.untold_since)
    rows.update(untold_since=None)


def _send(run: BackupRun) -> None:
    readers = _readers()
    if not readers:
        logger.error("backup %s: nobody to tell: set BACKUP_MAIL_TO", run)
        return
    with translation.override(settings.LANGUAGE_CODE):
        subject, paragraphs = _wording(run)
        message = EmailMessage(
            f"Vertex AR: {subject}", "\n\n".join([*paragraphs, "— Vertex AR"]), to=readers
        )
        message.extra_headers["Auto-Submitted"] = "auto-generated"  # RFC 3834
        message.send()
    logger.info("backup %s: %s told", run, len(readers))


def _readers() -> list[str]:
    people = User.objects.filter(is_superuser=True, is_active=True).exclude(email="")
    return settings.BACKUP_MAIL_TO or sorted(people.values_list("email", flat=True))


def _wording(run: BackupRun) -> tuple[str, list[str]]:
    fields = {"name": str(run), "url": settings.PUBLIC_URL}
    last = BackupRun.objects.good().order_by("-finished_at").first()
    good = _("The last good backup is %(name)s.") % {"name": last} if last else ""
    if run.status == JobStatus.FAILED:
        subject = _("A backup failed")
        told = [_("The backup %(name)s of %(url)s failed.") % fields, _reason(run), good]
    elif run.restore_failure or run.verify_failure:
        subject = _("A backup is not whole")
        told = []
        if run.restore_failure:
            subject = _("A backup does not restore")
            tried = _("The backup %(name)s of %(url)s was restored to try it out, and failed.")
            told += [tried % fields, run.restore_failure]
        if run.verify_failure:
            checked = _("The backup %(name)s of %(url)s was checked, and is not what was made.")
            told += [checked % fields, run.verify_failure]
    elif run.unread_failure:
        subject = _("A backup could not be read")
        tried = _("The backup %(name)s of %(url)s was to be looked at, and could not be read.")
        told = [tried % fields, run.unread_failure]
    else:
        subject = _("A backup is not complete")
        told = [
            _("The backup %(name)s of %(url)s was made, but not as it should be.") % fields,
            _reason(run),
        ]
    return subject, [text for text in told if text]


def _reason(run: BackupRun) -> str:
    return f"{run.failure_code}: {run.shown_hint}".removesuffix(": ")
