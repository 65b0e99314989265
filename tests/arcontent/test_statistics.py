"""Counting what viewers do: nothing twice, nothing lost, and nobody waits for the disk."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from arcontent import statistics
from arcontent.models import DailyStat
from arcontent.statistics import Event
from tests.arcontent.factories import ARContentFactory

VIEWERS, EACH = 8, 25


@pytest.mark.django_db(transaction=True)
def test_of_many_viewers_at_once_each_counts_once() -> None:
    content, other = ARContentFactory.create(), ARContentFactory.create()

    def view(_viewer: int) -> int:
        try:
            return sum(
                statistics.count_by_code(code=content.code, event=Event.OPENED)
                for _time in range(EACH)
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(VIEWERS) as viewers:
        counted = sum(viewers.map(view, range(VIEWERS)))

    assert counted == VIEWERS * EACH
    assert statistics.summary(content)["total"]["opened"] == VIEWERS * EACH
    assert not DailyStat.objects.filter(content=other).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["nosuchcode", "", "a\x00b", "x' OR 'a'='a"])
def test_what_is_no_code_of_ours_counts_nothing(code: str) -> None:
    ARContentFactory.create()

    assert not statistics.count_by_code(code=code, event=Event.OPENED)
    assert not DailyStat.objects.exists()


@pytest.mark.django_db
def test_a_code_counts_in_one_question_however_it_is_written(
    django_assert_num_queries: object,
) -> None:
    content = ARContentFactory.create()

    with django_assert_num_queries(1):  # type: ignore[operator]
        assert statistics.count_by_code(code=content.code.upper(), event=Event.FOUND)

    assert statistics.summary(content)["total"] == {
        "opened": 0, "found": 1, "played": 0, "clicked": 0,
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_the_disk_and_what_comes_after_does_again() -> None:
    content = ARContentFactory.create()

    def waits() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            return str(cursor.fetchone()[0])

    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = 'on'")
    try:
        with transaction.atomic():  # in which what holds for one transaction can be seen
            before = waits()
            statistics.count_by_code(code=content.code, event=Event.PLAYED)
            during = waits()
        assert (before, during, waits()) == ("on", "off", "on")
    finally:
        connection.close()
