"""When a backup was last due: the moment that a run is of, however late a worker gets to it."""

from datetime import datetime, time, timedelta, tzinfo
from typing import Any, Final

from celery.schedules import crontab

LOOKED_BACK: Final = timedelta(days=4 * 366)  # to the 29th of February and to the one before


def last_due(schedule: crontab, now: datetime, zone: tzinfo) -> datetime | None:
    """Find the newest moment of a schedule that is not in the future.

    A moment that a change of clocks leaves out is named all the same, by the clock of before it.

    Args:
        schedule: of whole minutes; as Celery has it, day of month and of week both have to fit.
        now: aware.
        zone: whose clock the schedule is by.

    Returns:
        An aware moment; None if there was none in four years.
    """
    when: Any = schedule  # whose stubs leave its sets of numbers out
    today = now.astimezone(zone).date()
    for days in range(LOOKED_BACK.days):
        day = today - timedelta(days=days)
        if not (
            day.month in when.month_of_year
            and day.day in when.day_of_month
            and day.isoweekday() % 7 in when.day_of_week
        ):
            continue
        for hour in sorted(when.hour, reverse=True):
            for minute in sorted(when.minute, reverse=True):
                moment = datetime.combine(day, time(hour, minute), tzinfo=zone)
                if moment <= now:
                    return moment
    return None
