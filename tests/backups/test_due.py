"""The newest moment of a schedule, by clocks that change and calendars that are odd."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from celery.schedules import crontab
from hypothesis import given
from hypothesis import strategies as st

from backups.due import last_due

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("schedule", "now", "due"),
    [
        ("0 2 * * *", "2026-11-21T02:00", "2026-11-21T02:00"),
        ("0 2 * * *", "2026-11-21T01:59", "2026-11-20T02:00"),
        ("0 */6 * * *", "2026-11-21T17:59", "2026-11-21T12:00"),
        ("55 23 * * *", "2026-11-21T00:10", "2026-11-20T23:55"),
        ("30 1,13 * * 0", "2026-11-21T12:00", "2026-11-15T13:30"),  # the Sunday before
        ("0 0 29 2 *", "2026-11-21T12:00", "2024-02-29T00:00"),
        ("0 0 29 2 1", "2026-11-21T12:00", None),  # a Monday, in 2016
    ],
)
def test_it_is_the_newest_that_is_not_in_the_future(
    schedule: str, now: str, due: str | None
) -> None:
    found = last_due(crontab.from_string(schedule), at(now), UTC)

    assert found == (None if due is None else at(due))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_it_is_by_the_clock_of_the_zone() -> None:
    found = last_due(crontab.from_string("0 2 * * *"), at("2026-11-21T00:30"), BERLIN)

    assert found == at("2026-11-20T01:00")


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_each_night_has_its_own_whichever_way_clocks_go(now: datetime) -> None:
    nightly = crontab.from_string("30 2 * * *")
    tonight = last_due(nightly, now, BERLIN)
    tomorrow = last_due(nightly, now + timedelta(hours=26), BERLIN)

    assert tonight is not None
    assert tomorrow is not None
    assert now - timedelta(hours=25) < tonight <= now
    assert tomorrow.astimezone(BERLIN).date() > tonight.astimezone(BERLIN).date()
