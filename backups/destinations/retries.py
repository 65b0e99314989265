"""Trying again what a network or a busy server let fail: so often, with growing, random waits."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Retries:
    """How often, and how long to wait between.

    The waits are those of "full jitter": evenly random between nothing and a bound that doubles
    (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015), so that many who
    were refused at once don't come back at once.

    Attributes:
        attempts: in all.
        first_s, most_s: the bound after the first failure, and the largest there is.
        wait, chance: `time.sleep` and `random.random`, but in tests.
    """

    attempts: int = 7
    first_s: float = 1.0
    most_s: float = 30.0
    wait: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def call(self, act: Callable[[], Result], *, may_pass: Callable[[Exception], bool]) -> Result:
        """Act until it succeeds, until it fails in a way that won't pass, or once too often."""
        for attempt in range(self.attempts - 1):
            try:
                return act()
            except Exception as error:
                if not may_pass(error):
                    raise
            self.wait(self.chance() * min(self.most_s, self.first_s * 2**attempt))
        return act()
