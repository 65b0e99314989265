"""How backups are drawn in the back office: states in words and colour, places, parts, ages."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backups.manifest import CONFIGURATION, DATABASE, MEDIA_INDEX
from backups.models import BackupRun
from backups.standing import Complaint, Standing
from backups.wording import COMPLAINTS, failure_said
from vertexar.leases import JobStatus

TRIAL_MAX = timedelta(days=1)  # whoever is at it for longer was killed
GOOD, BUSY, BAD, QUIET = "ready", "processing", "failed", "quiet"
PARTS = {
    DATABASE: _("database"),
    CONFIGURATION: _("configuration"),
    MEDIA_INDEX: _("index of the media"),
}


def badge(look: str, says: object) -> SafeString:
    """Draw a state: colour for those who see it, words for everybody."""
    return format_html('<span class="desk-state desk-state-{}">{}</span>', look, says)


def moment(then: datetime | None) -> str:
    """Say when something was; a dash if it was not."""
    if then is None:
        return "–"
    return date_format(timezone.localtime(then), "SHORT_DATETIME_FORMAT")


def made(run: BackupRun) -> SafeString:
    """Draw when a run was made, what for, and how much it is."""
    drawn = '{} <span class="backup-kind">{}</span>'
    facts = [run.get_kind_display()]
    if run.database_bytes:
        facts.append(filesizeformat(run.database_bytes + run.media_bytes))
    return format_html(drawn, moment(run.started_at or run.created_at), ", ".join(facts))


def ago(then: datetime, now: datetime) -> str:
    """Say how long ago something was."""
    return gettext("%(time)s ago") % {"time": timesince(then, now, depth=1)}


def state(run: BackupRun) -> SafeString:
    """Draw where a run stands."""
    if run.removed_at is not None:
        return badge(QUIET, _("removed"))
    if run.status == JobStatus.FAILED:
        return badge(BAD, _("failed"))
    if run.status != JobStatus.READY:
        return badge(BUSY, JobStatus(run.status).label)
    if run.verify_failure or run.restore_failure:
        return badge(BAD, _("doubtful"))
    if run.failure_code:
        return badge(BUSY, _("not complete"))
    return badge(GOOD, _("good"))


def verified(run: BackupRun) -> SafeString:
    """Draw whether a run was seen to be what was made."""
    if run.verified_at is None:
        return badge(QUIET, _("not yet"))
    return badge(BAD, _("not whole")) if run.verify_failure else badge(GOOD, _("whole"))


def restores(run: BackupRun) -> SafeString:
    """Draw whether a run was seen to restore."""
    if run.tested_since is not None and timezone.now() - run.tested_since < TRIAL_MAX:
        return badge(BUSY, _("being tried"))
    if run.restore_tested_at is None:
        return badge(QUIET, _("not yet"))
    return badge(BAD, _("does not")) if run.restore_failure else badge(GOOD, _("restores"))


def with_when(drawn: SafeString, then: datetime | None) -> SafeString:
    """Draw a state with the moment that it is of."""
    if then is None:
        return drawn
    return format_html('{} <span class="backup-when">{}</span>', drawn, moment(then))


def places_in_short(run: BackupRun) -> SafeString | str:
    """Draw at how many of its destinations a run is whole."""
    if not run.destinations:
        return "–"
    whole = sum(not place["failure"] for place in run.destinations)
    counts = {"whole": whole, "all": len(run.destinations)}
    look = GOOD if whole == len(run.destinations) else BUSY if whole else BAD
    return badge(look, gettext("%(whole)d of %(all)d") % counts)


def places(run: BackupRun) -> SafeString | str:
    """List where a run lies, and why it does not lie elsewhere."""
    drawn = format_html_join(
        "",
        '<li><span class="backup-path">{}</span> {}{}</li>',
        (
            (
                place["name"],
                badge(BAD, _("left out")) if place["failure"] else badge(GOOD, _("written")),
                reason(place["failure"]),
            )
            for place in run.destinations
        ),
    )
    return format_html('<ul class="backup-list">{}</ul>', drawn) if drawn else "–"


def reason(text: str) -> SafeString | str:
    """Draw what a machine said, which is in English."""
    if not text:
        return ""
    lines = format_html_join("", "<li>{}</li>", ((line,) for line in text.splitlines() if line))
    return format_html('<ul class="backup-reason" lang="en">{}</ul>', lines)


def failure(code: str, told: str) -> SafeString | str:
    """Say what went wrong, in the reader's words first; a dash if nothing did."""
    if not code:
        return "–"
    return format_html("<div>{}{}</div>", failure_said(code), reason(told))


def restore_failure(run: BackupRun) -> SafeString | str:
    """Say why a run did not restore."""
    code, _colon, told = run.restore_failure.partition(": ")
    return failure(code, told)


def verify_failure(run: BackupRun) -> SafeString | str:
    """List what is not as it was made."""
    return format_html("<div>{}</div>", reason(run.verify_failure)) if run.verify_failure else "–"


def unread_failure(run: BackupRun) -> SafeString | str:
    """Say why a run could not be looked at last time; a dash if it could."""
    return format_html("<div>{}</div>", reason(run.unread_failure)) if run.unread_failure else "–"


def contents(run: BackupRun) -> SafeString | str:
    """Say what is in a run."""
    if not run.database_bytes:
        return "–"
    rows: Iterable[tuple[object, object]] = [
        (_("database"), filesizeformat(run.database_bytes)),
        (_("rows in it"), number_format(run.row_count, force_grouping=True)),
        (_("media"), filesizeformat(run.media_bytes)),
        (_("files"), number_format(run.media_count, force_grouping=True)),
        (_("sent this time, to all destinations"), filesizeformat(run.sent_bytes)),
    ]
    drawn = format_html_join("", "<dt>{}</dt><dd>{}</dd>", rows)
    return format_html('<dl class="desk-figures">{}</dl>', drawn)


def parts(listed: Iterable[Mapping[str, Any]]) -> SafeString | str:
    """List the files of a run with their sizes and hashes."""
    drawn = format_html_join(
        "",
        "<li><b>{}</b>, {}"
        '<span class="backup-path">{}</span>'
        '<span class="backup-hash">SHA-256 <code>{}</code></span>{}</li>',
        (
            (
                PARTS.get(part["name"], part["name"]),
                filesizeformat(part["size"]),
                part["path"],
                part["sha256"],
                _plain(part),
            )
            for part in listed
        ),
    )
    return format_html('<ul class="backup-list">{}</ul>', drawn) if drawn else "–"


def _plain(part: Mapping[str, Any]) -> SafeString | str:
    if part["plain_sha256"] == part["sha256"]:
        return ""
    drawn = '<span class="backup-hash">{} <code>{}</code></span>'
    says = gettext("Decrypted: %(size)s, SHA-256") % {"size": filesizeformat(part["plain_size"])}
    return format_html(drawn, says, part["plain_sha256"])


def recipients(run: BackupRun) -> SafeString | str:
    """List whose keys open a run."""
    drawn = format_html_join("", "<li><code>{}</code></li>", ((one,) for one in run.encrypted_for))
    return format_html('<ul class="backup-list">{}</ul>', drawn) if drawn else "–"


def standing(now: Standing) -> SafeString:
    """Draw how one is covered: two ages, and what is wrong."""
    complaints = now.complaints
    good = now.last_good.finished_at if now.last_good else None
    tested = now.last_tested.restore_tested_at if now.last_tested else None
    cards = format_html_join(
        "",
        '<div class="backup-card"><span class="backup-label">{}</span><b>{}</b>{}</div>',
        (
            (
                says,
                ago(then, now.moment) if then else gettext("never"),
                badge(BAD, _("too old") if then else _("there is none"))
                if set(wrong) & set(complaints) or then is None
                else badge(GOOD, _("in time")),
            )
            for says, then, wrong in (
                (_("Last good backup"), good, [Complaint.NONE_GOOD, Complaint.GOOD_TOO_OLD]),
                (
                    _("Last seen to restore"),
                    tested,
                    [Complaint.NONE_TESTED, Complaint.TESTED_TOO_OLD],
                ),
            )
        ),
    )
    wrongs = format_html_join("", "<li>{}</li>", ((COMPLAINTS[one],) for one in complaints))
    told = format_html('<ul class="desk-warning backup-wrong">{}</ul>', wrongs) if wrongs else ""
    return format_html('<div class="backup-standing">{}</div>{}', cards, told)
