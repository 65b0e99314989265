"""Pictures of numbers, drawn on the server as SVG: no script, no inline style."""

from datetime import date, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from arcontent.statistics import Event, Summary

HEIGHT, BAR, INNER, GAP = 120, 14, 6, 6  # user units; the drawing scales with the page


def daily_chart(summary: Summary, *, days: int) -> SafeString:
    """Draw the totals in words and, by day, how often it was opened and how often found.

    Args:
        summary: what was counted.
        days: how many days back from today to draw; days without a row are empty.
    """
    if not any(summary["total"].values()):
        return format_html('<p class="desk-empty">{}</p>', _("Nobody has opened it yet."))
    totals = format_html_join(
        "",
        '<span class="desk-total desk-total-{}"><b>{}</b> {}</span>',
        ((event.value, summary["total"][event.value], event.label) for event in Event),
    )
    return format_html('<div class="desk-totals">{}</div>{}', totals, _bars(summary, days=days))


def _bars(summary: Summary, *, days: int) -> SafeString:
    """Draw a wide bar for what was opened, and on it a narrow one for what was found."""
    today = timezone.localdate()
    span = [today - timedelta(days=back) for back in reversed(range(days))]
    counts = {row["day"]: (row["opened"], row["found"]) for row in summary["days"]}
    top = max(1, *(max(counts.get(day, (0, 0))) for day in span))
    groups = format_html_join(
        "",
        '<g><title>{}</title><rect class="desk-day" x="{}" width="{}" y="0" height="{}"/>'
        '<rect class="desk-opened" x="{}" width="{}" y="{}" height="{}"/>'
        '<rect class="desk-found" x="{}" width="{}" y="{}" height="{}"/></g>',
        (_group(index, day, *counts.get(day, (0, 0)), top) for index, day in enumerate(span)),
    )
    label = _("The last %(days)d days. Most in a day: %(top)d") % {"days": days, "top": top}
    return format_html(
        '<svg class="desk-chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
        '<div class="desk-axis"><span>{}</span><span>{}</span><span>{}</span></div>',
        days * (BAR + GAP),
        HEIGHT,
        label,
        groups,
        date_format(span[0], "SHORT_DATE_FORMAT"),
        label,
        date_format(today, "SHORT_DATE_FORMAT"),
    )


def _group(index: int, day: date, opened: int, found: int, top: int) -> tuple[object, ...]:
    x = index * (BAR + GAP)
    inner = x + (BAR - INNER) // 2
    title = f"{date_format(day)}: {Event.OPENED.label} {opened}, {Event.FOUND.label} {found}"
    wide, narrow = _bar(opened, top), _bar(found, top)
    return (title, x, BAR + GAP, HEIGHT, x, BAR, *wide, inner, INNER, *narrow)


def _bar(value: int, top: int) -> tuple[int, int]:
    height = max(2 * bool(value), round(HEIGHT * value / top))  # one in a thousand is seen too
    return HEIGHT - height, height
