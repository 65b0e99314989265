"""A server that is away is asked by hardly anybody."""

import pytest
from redis import ConnectionError as RedisAway

from vertexar.cache import REST_S, Breaker, CacheAway


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def ask(breaker: Breaker, *, server_is_away: bool) -> str:
    """Ask a server once, and tell what came of it."""
    answer = "not asked"
    try:
        with breaker.asking():
            answer = "away" if server_is_away else "there"
            if server_is_away:
                raise RedisAway("refused")
    except CacheAway:
        pass
    return answer


def test_a_failure_spares_the_server_for_a_while() -> None:
    breaker = Breaker(clock := Clock())

    assert ask(breaker, server_is_away=True) == "away"
    assert ask(breaker, server_is_away=False) == "not asked"
    clock.now += REST_S
    assert ask(breaker, server_is_away=False) == "there"


def test_a_server_that_is_there_is_always_asked() -> None:
    breaker = Breaker(Clock())

    assert [ask(breaker, server_is_away=False) for _ in range(3)] == ["there"] * 3


def test_a_bug_is_not_taken_for_a_server_that_is_away() -> None:
    breaker = Breaker(Clock())

    with pytest.raises(KeyError), breaker.asking():
        raise KeyError("a bug")

    assert ask(breaker, server_is_away=False) == "there"
