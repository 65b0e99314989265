"""What journals say of people by name, and how it is taken out of them.

The audit log and Django's history of the back office outlive what they are about. That something
was done stays in them, by whom and to which key; who it was does not, once somebody is erased.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from accounts import audit
from accounts.models import AuditEntry, Invitation, Organization, User, with_address

# What stands between the parts of a row's name (“ada · Studio · editor”), as text and in JSON.
DOT = r"(·|\\u00b7)"
# What an address does not end another's with, as ada@b.example would that of nevada@b.example.
EDGE = "[^[:alnum:]_.+-]"


@dataclass(frozen=True, slots=True)
class Traces:
    """What somebody can be told by in journals.

    Attributes:
        user_id: their key; the row itself may be gone.
        names: their user name and those that they had before. None is empty.
        addresses: theirs, and others that they were invited by; none is another person's, or empty.
    """

    user_id: UUID
    names: frozenset[str]
    addresses: frozenset[str]


def traces_of(user: User) -> Traces:
    """Collect them, while they are still known."""
    shown = history_of(User, [user.pk]).values_list("object_repr", flat=True)
    joined = AuditEntry.objects.filter(actor=user, action=audit.Action.JOINED)
    invited_as = joined.exclude(details__email=None).values_list("details__email", flat=True)
    others = User.objects.exclude(pk=user.pk)
    free = {email for email in set(invited_as) if not others.filter(with_address(email)).exists()}
    names = {user.username, *shown} - {audit.HIDDEN, ""}
    return Traces(user.pk, frozenset(names), frozenset({user.email, *free} - {""}))


@transaction.atomic
def forget(traces: Traces, *, theirs: dict[UUID, str] | None = None) -> None:
    """Take somebody out of all journals, and delete the invitations to them.

    Args:
        traces: what they can be told by.
        theirs: organisations that were named like them as likely as not: keys and former names.
    """
    theirs = theirs or {}
    names, addresses = [*traces.names, *theirs.values()], traces.addresses
    invited = [Q(email__iexact=address) for address in addresses]
    Invitation.objects.filter(_any(invited)).delete()
    about = (
        history_of(User, [traces.user_id])
        | history_of(Organization, theirs)
        | LogEntry.objects.filter(_any(_in_history(names, addresses)))
    )
    about.update(object_repr=audit.HIDDEN, change_message="")
    with audit.maintenance():  # that something was done remains, not from where
        AuditEntry.objects.filter(actor=traces.user_id).update(ip=None)
        entries = AuditEntry.objects.annotate(said=Cast("details", TextField()))
        entries.filter(_any(_in_details(names, addresses))).update(details={})


def history_of(kind: type[models.Model], keys: Iterable[UUID]) -> QuerySet[LogEntry]:
    """What was done in the back office to rows with these keys."""
    content_type = ContentType.objects.get_for_model(kind)
    return LogEntry.objects.filter(
        content_type=content_type, object_id__in=[str(key) for key in keys]
    )


def _in_history(names: Iterable[str], addresses: Iterable[str]) -> Iterable[Q]:
    """Conditions of a row's name and of what was changed, JSON that is ASCII alone."""
    for address in addresses:
        yield Q(object_repr__iregex=_whole(address))
        yield Q(change_message__iregex=_whole(json.dumps(address)[1:-1]))
    for name in names:
        yield Q(object_repr__regex=rf"(^|{DOT} ){re.escape(name)}($| {DOT})")
        in_json = re.escape(json.dumps(name)[1:-1])
        yield Q(change_message__regex=rf'("|{DOT} ){in_json}("| {DOT})')


def _in_details(names: Iterable[str], addresses: Iterable[str]) -> Iterable[Q]:
    """Conditions of what the audit log tells more; a role of the same word is no name."""
    for address in addresses:
        yield Q(said__iregex=_whole(json.dumps(address, ensure_ascii=False)[1:-1]))
    for name in names:
        in_json = re.escape(json.dumps(name, ensure_ascii=False)[1:-1])
        yield Q(said__regex=rf'"(name|object)": "([^"]* · )?{in_json}("| ·)')


def _whole(address: str) -> str:
    return f"(^|{EDGE}){re.escape(address)}($|{EDGE})"


def _any(conditions: Iterable[Q]) -> Q:
    """One of them; none, if there is none."""
    either = Q(pk__in=[])
    for condition in conditions:
        either |= condition
    return either
