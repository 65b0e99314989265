"""Who is written when a backup can't be relied on."""

import logging

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from backups.models import BackupRun
from vertexar.leases import JobStatus

logger = logging.getLogger(__name__)


def tell_of_failure(run_id: str) -> None:
    """Send what is wrong with a run to BACKUP_MAIL_TO, else to the superusers.

    Raises:
        OSError: the mail server can't be reached or refuses.
    """
    run = BackupRun.objects.filter(pk=run_id).first()
    if run is None or not (run.failure_code or run.restore_failure or run.verify_failure):
        logger.info("backup %s: nothing to tell", run_id)
        return
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
    else:
        subject = _("A backup is not complete")
        told = [
            _("The backup %(name)s of %(url)s was made, but not as it should be.") % fields,
            _reason(run),
        ]
    return subject, [text for text in told if text]


def _reason(run: BackupRun) -> str:
    return f"{run.failure_code}: {run.shown_hint}".removesuffix(": ")
