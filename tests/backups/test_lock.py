"""One at a time, and the next as soon as the one before has said that it is done."""

from collections.abc import Iterator

import psycopg
import pytest

from backups import lock, postgres
from vertexar.errors import Conflict

pytestmark = pytest.mark.django_db
IN_A_ROW = 100


@pytest.fixture
def next_one() -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """Somebody who is connected already, and so has no way to go."""
    url = postgres.url_of(postgres.own_url(), lock.HELD_IN)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def asked(next_one: "psycopg.Connection[tuple[object, ...]]") -> bool:
    """Ask for the right, and give it back."""
    key = lock._key("backups", postgres.name_of(postgres.own_url()))
    row = next_one.execute("SELECT pg_try_advisory_lock(%s)", [key]).fetchone()
    next_one.execute("SELECT pg_advisory_unlock_all()")
    return row == (True,)


def test_the_right_is_free_at_once_for_whoever_comes_next(
    next_one: "psycopg.Connection[tuple[object, ...]]",
) -> None:
    for _number in range(IN_A_ROW):
        with lock.exclusively():
            assert not asked(next_one)
        assert asked(next_one)


def test_the_right_is_free_after_a_failure_too(
    next_one: "psycopg.Connection[tuple[object, ...]]",
) -> None:
    for _number in range(IN_A_ROW):
        with pytest.raises(ZeroDivisionError), lock.exclusively():
            1 / 0  # noqa: B018
        assert asked(next_one)


def test_while_one_has_the_right_nobody_else_gets_it() -> None:
    with lock.exclusively(), pytest.raises(Conflict), lock.exclusively():
        pytest.fail("two at once")
