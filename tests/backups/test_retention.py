"""Which runs are kept: whatever the runs, the clock and the policy."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backups.retention import Candidate, Policy, expired, kept_until, reasons

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
USUAL = Policy(daily=7, weekly=4, monthly=12, zone=UTC)

zones = st.sampled_from([UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Auckland")])
policies = st.builds(
    Policy,
    daily=st.integers(0, 9),
    weekly=st.integers(0, 6),
    monthly=st.integers(0, 14),
    zone=zones,
)
moments = st.integers(-3 * 24, 500 * 24).map(lambda hours: NOW - timedelta(hours=hours))


@st.composite
def some_runs(draw: st.DrawFn) -> list[Candidate]:
    """Nightly runs for a while with holes, or whatever; now and then a safety or a damaged one."""
    taken = draw(st.lists(moments, max_size=40, unique=True))
    nights = draw(st.integers(0, 60))
    taken += [NOW - timedelta(days=night, minutes=30) for night in range(nights)]
    return [
        Candidate(
            name=f"run-{number}",
            taken_at=moment,
            is_safety=draw(st.integers(0, 9)) == 0,
            is_sound=draw(st.integers(0, 9)) > 0,
        )
        for number, moment in enumerate(taken)
    ]


def nightly(nights: int, *, until: datetime = NOW) -> list[Candidate]:
    return [
        Candidate(f"{until - night * DAY:%Y-%m-%d}", until - night * DAY) for night in range(nights)
    ]


@given(some_runs(), policies, st.data())
def test_what_must_never_go_never_goes(
    runs: list[Candidate], policy: Policy, data: st.DataObject
) -> None:
    held = set(data.draw(st.sets(st.sampled_from([run.name for run in runs]))) if runs else ())

    gone = expired(runs, NOW, policy, held)

    assert not gone & held
    newest_first = sorted(runs, key=lambda run: run.taken_at, reverse=True)
    for kind in (
        newest_first,
        [run for run in newest_first if run.is_sound],
        [run for run in newest_first if run.counts],
    ):
        assert not kind or kind[0].name not in gone
    assert not {run.name for run in runs if run.taken_at > NOW - DAY} & gone


@given(some_runs(), policies)
def test_doing_it_twice_removes_nothing_more(runs: list[Candidate], policy: Policy) -> None:
    gone = expired(runs, NOW, policy)

    assert expired([run for run in runs if run.name not in gone], NOW, policy) == set()


@given(some_runs(), policies, st.randoms())
def test_the_order_of_the_runs_is_of_no_matter(
    runs: list[Candidate], policy: Policy, random: object
) -> None:
    shuffled = list(runs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert expired(shuffled, NOW, policy) == expired(runs, NOW, policy)


@given(some_runs(), policies)
def test_a_larger_policy_keeps_no_less(runs: list[Candidate], policy: Policy) -> None:
    larger = Policy(policy.daily + 1, policy.weekly + 1, policy.monthly + 1, policy.zone)

    assert expired(runs, NOW, larger) <= expired(runs, NOW, policy)


@given(some_runs(), policies)
def test_each_of_the_last_days_with_a_sound_run_keeps_one(
    runs: list[Candidate], policy: Policy
) -> None:
    gone = expired(runs, NOW, policy)

    days = sorted({run.taken_at.astimezone(policy.zone).date() for run in runs if run.counts})
    left = {
        run.taken_at.astimezone(policy.zone).date()
        for run in runs
        if run.counts and run.name not in gone
    }
    assert set(days[len(days) - policy.daily :] if policy.daily else ()) <= left


@given(some_runs(), policies)
def test_what_is_kept_is_kept_for_a_reason_and_no_longer_than_that(
    runs: list[Candidate], policy: Policy
) -> None:
    why = reasons(runs, NOW, policy)
    kept = [run for run in runs if run.name in why]

    age = max(policy.daily, 1) * DAY
    old = [run for run in kept if run.taken_at <= NOW - age and run.counts]
    assert len(old) <= policy.daily + policy.weekly + policy.monthly + 1
    damaged = [run for run in kept if run.taken_at <= NOW - age and not run.is_safety]
    assert len(damaged) - len(old) <= policy.daily + policy.weekly + policy.monthly + 1
    safety = [run for run in kept if run.taken_at <= NOW - age and run.is_safety]
    assert len(safety) <= 2  # the newest of all, the newest sound one


@given(some_runs(), policies)
def test_to_find_some_damaged_removes_none(runs: list[Candidate], policy: Policy) -> None:
    believed = [replace(run, is_sound=True) for run in runs]

    assert expired(runs, NOW, policy) <= expired(believed, NOW, policy)
    until = kept_until(runs, NOW, policy)
    assert all(until[name] >= then for name, then in kept_until(believed, NOW, policy).items())


def test_after_two_years_of_nights_there_are_7_days_4_weeks_and_12_months() -> None:
    runs: list[Candidate] = []
    for night in reversed(range(730)):
        now = NOW - night * DAY
        runs.append(Candidate(f"{now:%Y-%m-%d}", now))
        gone = expired(runs, now, USUAL)
        runs = [run for run in runs if run.name not in gone]

    assert [run.name for run in runs] == [
        *("2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"),
        *("2026-06-30", "2026-07-31", "2026-08-31", "2026-09-30", "2026-10-31"),  # months
        *("2026-11-01", "2026-11-08"),  # Sundays; the third is the 15th, the fourth this week's
        *(f"2026-11-{day}" for day in range(15, 22)),
    ]


def test_when_no_new_ones_are_made_the_old_ones_stay() -> None:
    runs = nightly(7, until=NOW - 400 * DAY)

    assert expired(runs, NOW, USUAL) == set()


def test_a_clock_that_jumps_ahead_removes_no_nightly_run() -> None:
    runs = nightly(40)
    left = [run for run in runs if run.name not in expired(runs, NOW, USUAL)]

    assert expired(left, NOW + 3650 * DAY, USUAL) == set()


def test_a_damaged_run_does_not_stand_alone_for_its_day() -> None:
    sound = Candidate("sound", NOW - 3 * DAY - timedelta(hours=5))
    damaged = Candidate("damaged", NOW - 3 * DAY, is_sound=False)

    kept = reasons([*nightly(2), sound, damaged], NOW, USUAL)

    assert "daily" in kept["sound"]
    assert kept["damaged"] == ["daily", "young"]


def test_a_safety_run_goes_after_as_many_days_as_daily_ones() -> None:
    runs = [*nightly(3), Candidate("safety", NOW - 8 * DAY, is_safety=True)]

    assert expired(runs, NOW - 2 * DAY, USUAL) == set()
    assert expired(runs, NOW, USUAL) == {"safety"}


@pytest.mark.parametrize(("zone", "gone"), [(UTC, {"first"}), (ZoneInfo("Asia/Tokyo"), set())])
def test_days_are_those_of_the_zone(zone: ZoneInfo, gone: set[str]) -> None:
    first = Candidate("first", datetime(2026, 6, 1, 14, tzinfo=UTC))
    second = Candidate("second", datetime(2026, 6, 1, 16, tzinfo=UTC))  # past midnight in Tokyo
    policy = Policy(daily=2, weekly=0, monthly=0, zone=zone)

    assert expired([first, second], NOW, policy) == gone


def test_kept_until_is_until_it_goes() -> None:
    runs = nightly(60)
    until = kept_until(runs, NOW, USUAL)

    assert until["2026-11-21"] == NOW + 7 * DAY
    assert until["2026-11-17"] == NOW + 3 * DAY
    assert until["2026-11-15"] == NOW - 6 * DAY + timedelta(weeks=4)  # a Sunday
    assert timedelta(days=360) < until["2026-10-31"] - (NOW - 21 * DAY) < timedelta(days=370)
