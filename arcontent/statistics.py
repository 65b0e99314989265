"""Counting what viewers do: per content and day, one atomic increment an event."""

from datetime import date
from typing import TypedDict

from django.db import connection, models
from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from arcontent.models import ARContent, DailyStat
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
    column = connection.ops.quote_name(event.value)
    table = connection.ops.quote_name(DailyStat._meta.db_table)
    zeros = ", ".join("1" if other is event else "0" for other in Event)
    columns = ", ".join(connection.ops.quote_name(other.value) for other in Event)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (content_id, day, {columns}) VALUES (%s, %s, {zeros}) "  # noqa: S608
            f"ON CONFLICT (content_id, day) DO UPDATE SET {column} = {table}.{column} + 1",
            [content.pk, timezone.localdate()],
        )
    VIEWER_EVENTS.labels(event.value).inc()


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
