"""A clock for tests that can be moved."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

Move = Callable[[timedelta], None]


def movable(monkeypatch: pytest.MonkeyPatch) -> Move:
    """Make what moves the clock of Django and of ours forward, each time from where it stands."""
    now, passed = timezone.now, [timedelta(0)]
    monkeypatch.setattr(timezone, "now", lambda: now() + passed[0])

    def move(by: timedelta) -> None:
        passed[0] += by

    return move
