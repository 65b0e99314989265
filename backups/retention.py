"""Which runs are kept: a calculation, nothing else.

Of each of the last so many days that have runs the newest is kept, likewise of weeks and months:
what counts is what is there, not how old it is, so that nothing goes merely because no new runs are
made, or because a clock is wrong. Nor because a run was found damaged: whoever can write to a
destination, to the database, or holds a wrong key can bring that about. What is damaged is kept
for as long as if it were not, and a sound one beside it.
"""

from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import chain

YOUNG = timedelta(days=1)
MONTH = timedelta(days=365.2425 / 12)


@dataclass(frozen=True, slots=True)
class Policy:
    """Of how many days, weeks and months the newest run is kept; they count in `zone`."""

    daily: int
    weekly: int
    monthly: int
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run that is to be kept or not.

    Attributes:
        taken_at: aware.
        is_safety: made before a restore.
        is_sound: False if it is known to be damaged or not to restore.
    """

    name: str
    taken_at: datetime
    is_safety: bool = False
    is_sound: bool = True

    @property
    def counts(self) -> bool:
        """Whether its day, its week and its month need no other run beside it."""
        return self.is_sound and not self.is_safety


def expired(
    runs: Collection[Candidate], now: datetime, policy: Policy, held: Collection[str] = ()
) -> set[str]:
    """Choose the runs to remove.

    Never chosen: the newest of all, the newest sound one, the newest that counts, those of the last
    24 hours, and those held. Safety runs stand for no day, week or month; they stay for as many
    days as daily runs do. Where the newest run of a day, a week or a month is damaged, the newest
    that is not stays beside it: to find one damaged never makes this choose any run more.

    Args:
        runs: all that lie at one destination.
        now: aware.
        policy: how many.
        held: names of runs that must stay, whatever else: a drill has them in work.

    Returns:
        Names.
    """
    return {run.name for run in runs} - set(reasons(runs, now, policy, held))


def reasons(
    runs: Collection[Candidate], now: datetime, policy: Policy, held: Collection[str] = ()
) -> dict[str, list[str]]:
    """Why each run is kept that is: `daily`, `weekly`, `monthly`, `newest`, `young`, `held`."""
    newest_first = _newest_first(runs)
    counting = [run for run in newest_first if run.counts]
    kept: dict[str, list[str]] = {}

    def keep(chosen: Iterable[Candidate], reason: str) -> None:
        for run in chosen:
            kept.setdefault(run.name, []).append(reason)

    regular = [run for run in newest_first if not run.is_safety]
    for name, many, period in _periods(policy):
        for line in (counting, regular):
            keep(_newest_of_each(line, period)[:many], name)
    sound = [run for run in newest_first if run.is_sound]
    for line in (newest_first, sound, counting, regular):
        keep(line[:1], "newest")
    age = timedelta(days=policy.daily)
    keep((run for run in runs if run.taken_at > now - YOUNG), "young")
    keep((run for run in runs if not run.counts and run.taken_at > now - age), "young")
    keep((run for run in runs if run.name in held), "held")
    return {name: list(dict.fromkeys(why)) for name, why in kept.items()}


def kept_until(runs: Collection[Candidate], now: datetime, policy: Policy) -> dict[str, datetime]:
    """Until when each run is kept if one is made every night from now on.

    A run of a week or a month that is not over is not yet its newest: only its day counts.
    """
    until = {run.name: run.taken_at + timedelta(days=max(policy.daily, 1)) for run in runs}
    newest_first = _newest_first(run for run in runs if not run.is_safety)
    counting = [run for run in newest_first if run.counts]
    lengths = {"weekly": timedelta(weeks=policy.weekly), "monthly": policy.monthly * MONTH}
    for name, many, period in _periods(policy):
        if name in lengths:
            standing = (_newest_of_each(line, period)[:many] for line in (counting, newest_first))
            for run in chain.from_iterable(standing):
                if period(run.taken_at) != period(now):
                    until[run.name] = max(until[run.name], run.taken_at + lengths[name])
    return until


def _periods(policy: Policy) -> list[tuple[str, int, Callable[[datetime], Hashable]]]:
    """What runs stand for: the reason's name, how many, and which one a moment is in."""
    zone = policy.zone
    return [
        ("daily", policy.daily, lambda moment: moment.astimezone(zone).date()),
        ("weekly", policy.weekly, lambda moment: moment.astimezone(zone).isocalendar()[:2]),
        (
            "monthly",
            policy.monthly,
            lambda moment: (moment.astimezone(zone).year, moment.astimezone(zone).month),
        ),
    ]


def _newest_of_each(
    newest_first: Iterable[Candidate], period: Callable[[datetime], Hashable]
) -> list[Candidate]:
    """The first run of each period that has one."""
    first: dict[Hashable, Candidate] = {}
    for run in newest_first:
        first.setdefault(period(run.taken_at), run)
    return list(first.values())


def _newest_first(runs: Iterable[Candidate]) -> list[Candidate]:
    return sorted(runs, key=lambda run: (run.taken_at, run.name), reverse=True)
