"""Counting what viewers do: per content and day, one atomic increment an event."""

from datetime import date
from typing import TypedDict
from uuid import UUID

from django.db import connection, models
from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from arcontent.models import ARContent, DailyStat, is_code
from vertexar.metrics import VIEWER_EVENTS


class Event(models.TextChoices):
    """What a viewer reports; each is a column of `DailyStat`."""

    OPENED = "opened", _("opened")
    FOUND = "found", _("found")
    PLAYED = "played", _("played")
    CLICKED = "clicked", _("clicked")


class Day(TypedDict):
    """One day's counts."""

    day: date
    opened: int
    found: int
    played: int
    clicked: int


class Summary(TypedDict):
    """All days together, and each by itself, newest first."""

    total: dict[str, int]
    days: list[Day]


def count(*, content: ARContent, event: Event) -> None:
    """Add one to today's count; safe under any number of viewers at once."""
    _count("id", content.pk, event)


def count_by_code(*, code: str, event: Event) -> bool:
    """Add one to today's count of the content of a printed code, in one question to the database.

    Returns:
        Whether there is such a content.
    """
    return is_code(code) and _count("code", code.lower(), event)


def _count(column: str, value: UUID | str, event: Event) -> bool:
    """Count for the content with that value, if there is one.

    All viewers of one poster write to the same row, each as soon as the one before has committed.
    So nobody waits until it is on the disk: the counts of the last half second before a power cut
    are lost, and nothing else is, for this is the whole transaction.
    """
    quoted = connection.ops.quote_name
    table, contents = (quoted(model._meta.db_table) for model in (DailyStat, ARContent))
    counted, columns = quoted(event.value), ", ".join(quoted(other.value) for other in Event)
    counts = ", ".join("1" if other is event else "0" for other in Event)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (content_id, day, {columns}) "  # noqa: S608
            f"SELECT content.id, %s, {counts} FROM {contents} AS content, "
            "(SELECT set_config('synchronous_commit', 'off', true)) AS until_committed "
            f"WHERE content.{quoted(column)} = %s "
            f"ON CONFLICT (content_id, day) DO UPDATE SET {counted} = {table}.{counted} + 1",
            [timezone.localdate(), value],
        )
        is_counted = bool(cursor.rowcount)
    if is_counted:
        VIEWER_EVENTS.labels(event.value).inc()
    return is_counted


def total_of(event: Event) -> Coalesce:
    """Make an annotation for content: how often that happened in all."""
    rows = DailyStat.objects.filter(content=OuterRef("pk")).order_by().values("content")
    return Coalesce(Subquery(rows.annotate(total=Sum(event.value)).values("total")), 0)


def summary(content: ARContent) -> Summary:
    """Count a content's events, in all and by day."""
    columns = [event.value for event in Event]
    days = content.daily_stats.order_by("-day")
    total = days.aggregate(**{column: Sum(column, default=0) for column in columns})
    return {"total": total, "days": list(days.values("day", *columns))}
