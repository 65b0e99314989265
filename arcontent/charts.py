"""Pictures of numbers, drawn on the server as SVG: no script, no inline style."""

from datetime import timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from arcontent.statistics import Event, Summary

HEIGHT, BAR, GAP = 120, 14, 6  # user units; the drawing scales with the page


def daily_chart(summary: Summary, *, days: int) -> SafeString:
    """Draw the totals in words and, by day, how often it was opened and how often found.

    Args:
        summary: what was counted.
        days: how many days back from today to draw; days without a row are empty.
    """
    today = timezone.localdate()
    by_day = {row["day"]: row for row in summary["days"]}
    span = [today - timedelta(days=back) for back in reversed(range(days))]
    top = max([by_day[day]["opened"] for day in span if day in by_day] + [1])
    bars = []
    for index, day in enumerate(span):
        row = by_day.get(day)
        opened, found = (row["opened"], row["found"]) if row else (0, 0)
        x = index * (BAR + GAP)
        title = f"{date_format(day, 'DATE_FORMAT')}: {opened} / {found}"
        bars.append((x, BAR, *_bar(opened, top), x, BAR, *_bar(min(found, opened), top), title))
    rects = format_html_join(
        "",
        '<g><rect class="desk-opened" x="{}" width="{}" y="{}" height="{}"/>'
        '<rect class="desk-found" x="{}" width="{}" y="{}" height="{}"/><title>{}</title></g>',
        bars,
    )
    totals = format_html_join(
        "",
        '<span class="desk-total desk-total-{}"><b>{}</b> {}</span>',
        ((event.value, summary["total"][event.value], event.label) for event in Event),
    )
    return format_html(
        '<div class="desk-totals">{}</div>'
        '<svg class="desk-chart" viewBox="0 0 {} {}" role="img" aria-hidden="true">{}</svg>',
        totals,
        days * (BAR + GAP),
        HEIGHT,
        rects,
    )


def _bar(value: int, top: int) -> tuple[int, int]:
    height = round(HEIGHT * value / top)
    return HEIGHT - height, height
