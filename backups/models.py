"""Runs of the backup: what was made when, where it lies, and whether it was seen to restore."""

from typing import Self

from django.db import models
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from vertexar.leases import JobStatus, LeasedModel, LeasedQuerySet


class BackupRunQuerySet(LeasedQuerySet["BackupRun"]):
    """Reads; rows are written by services and by `catalogue.adopt`."""

    def good(self) -> Self:
        """Runs that are whole at one destination at least and not yet removed by retention."""
        return self.filter(status=JobStatus.READY, removed_at=None)

    def restore_tested(self) -> Self:
        """Good runs that a drill has restored."""
        return self.good().exclude(restore_tested_at=None).filter(restore_failure="")


class BackupRun(LeasedModel):
    """One backup. The manifests at the destinations are the truth; this row is what is shown."""

    class Kind(models.TextChoices):
        NIGHTLY = "nightly", _("nightly")
        MANUAL = "manual", _("by hand")
        SAFETY = "safety", _("before a restore")

    kind = models.CharField(_("kind"), max_length=16, choices=Kind, default=Kind.MANUAL)
    night = models.DateField(
        _("night"), null=True, editable=False, help_text=_("the date that a nightly run is of")
    )
    # one run for each moment of the schedule
    due_at = models.DateTimeField(null=True, unique=True, editable=False)
    # the run's folder at the destinations, given when work begins
    name = models.CharField(_("name"), max_length=40, blank=True)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    database_bytes = models.BigIntegerField(_("database, bytes"), default=0)
    media_bytes = models.BigIntegerField(_("media, bytes"), default=0)
    media_count = models.BigIntegerField(_("media, files"), default=0)
    sent_bytes = models.BigIntegerField(_("sent, bytes"), default=0)
    row_count = models.BigIntegerField(_("rows"), default=0)
    parts = models.JSONField(_("parts"), default=list)
    encrypted_for = models.JSONField(_("encrypted for"), default=list)
    destinations = models.JSONField(_("destinations"), default=list)
    verified_at = models.DateTimeField(_("verified"), null=True)
    verify_failure = models.TextField(_("why not whole"), blank=True)
    restore_tested_at = models.DateTimeField(_("restore tested"), null=True)
    restore_failure = models.TextField(_("why not restored"), blank=True)
    restore_seconds = models.FloatField(_("restored in, seconds"), null=True)
    unread_failure = models.TextField(
        _("why it could not be read"), blank=True, default="", db_default=""
    )
    untold_since = models.DateTimeField(null=True, editable=False)  # a letter is owed
    tested_since = models.DateTimeField(null=True, editable=False)  # a drill is at it
    kept_until = models.DateTimeField(_("kept until"), null=True)
    removed_at = models.DateTimeField(_("removed"), null=True)

    objects = BackupRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("backup")
        verbose_name_plural = _("backups")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["status", "-finished_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=~models.Q(name=""), name="backup_name_once"
            )
        ]

    def __str__(self) -> str:
        if self.name:
            return self.name
        asked = localtime(self.created_at)  # not begun yet, or refused
        return gettext("asked for %(when)s") % {"when": date_format(asked, "SHORT_DATETIME_FORMAT")}
