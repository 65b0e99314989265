"""Claiming, renewing, settling, and what happens when any of it goes wrong."""

import errno
import weakref
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from markers.models import Marker
from tests.markers.factories import MarkerFactory
from vertexar import leases
from vertexar.errors import UnusableUpload
from vertexar.leases import perform, settle

READY = {"target": "markers/targets/00/new.mind"}


def worked(marker: Marker) -> Mapping[str, Any]:
    return READY


@pytest.mark.django_db
def test_a_claimed_row_is_not_claimed_twice() -> None:
    marker = MarkerFactory.create()

    first, second = (Marker.objects.claim(marker.pk) for _n in range(2))

    assert first is not None
    assert first.status == Marker.Status.COMPILING
    assert first.attempt == 1
    assert second is None


@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_at_once_only_one_gets_the_row() -> None:
    marker = MarkerFactory.create()

    def claim() -> bool:
        try:
            return Marker.objects.claim(marker.pk) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        claims = [pool.submit(claim) for _n in range(8)]

    assert sum(claim.result() for claim in claims) == 1


@pytest.mark.django_db
def test_the_row_of_a_dead_worker_is_claimed_again_once_its_lease_is_over(
    settings: Settings,
) -> None:
    marker = MarkerFactory.create()
    dead = Marker.objects.claim(marker.pk)
    long_ago = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS + 1)
    Marker.objects.filter(pk=marker.pk).update(leased_at=long_ago)

    second = Marker.objects.claim(marker.pk)

    assert dead is not None
    assert second is not None
    assert second.lease_id != dead.lease_id
    assert second.attempt == 2


@pytest.mark.django_db
def test_a_late_result_is_dropped() -> None:
    marker = MarkerFactory.create()
    late = Marker.objects.claim(marker.pk)
    assert late is not None
    Marker.objects.filter(pk=marker.pk).update(lease_id=uuid4())

    kept = settle(late, status=Marker.Status.READY, target="late.mind")

    marker.refresh_from_db()
    assert not kept
    assert marker.status == Marker.Status.COMPILING
    assert marker.target == ""


@pytest.mark.django_db
def test_work_that_is_done_is_written_and_its_lease_given_back() -> None:
    marker = MarkerFactory.create(failure_code="took_too_long")

    perform(Marker.objects.all(), marker.pk, worked)

    marker.refresh_from_db()
    assert (marker.status, marker.target) == (Marker.Status.READY, READY["target"])
    assert (marker.failure_code, marker.lease_id, marker.leased_at) == ("", None, None)


@pytest.mark.django_db
def test_done_work_is_not_done_again() -> None:
    marker = MarkerFactory.create(ready=True)

    perform(Marker.objects.all(), marker.pk, lambda _row: pytest.fail("worked twice"))


@pytest.mark.django_db
def test_the_users_mistake_is_a_result_with_code_and_hint() -> None:
    marker = MarkerFactory.create()

    def refuse(_row: Marker) -> Mapping[str, Any]:
        raise UnusableUpload("Too plain.", code="too_few_features", hint="Take a richer one.")

    perform(Marker.objects.all(), marker.pk, refuse)

    marker.refresh_from_db()
    assert marker.status == Marker.Status.FAILED
    assert (marker.failure_code, marker.failure_hint) == ("too_few_features", "Take a richer one.")


@pytest.mark.django_db
def test_our_mistake_gives_the_claim_back_and_is_raised() -> None:
    marker = MarkerFactory.create()

    def break_off(_row: Marker) -> Mapping[str, Any]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        perform(Marker.objects.all(), marker.pk, break_off)

    marker.refresh_from_db()
    assert marker.status == Marker.Status.PENDING
    assert marker.lease_id is None


@pytest.mark.django_db
def test_a_full_disk_does_not_count_against_the_row() -> None:
    marker = MarkerFactory.create()

    def no_room(_row: Marker) -> Mapping[str, Any]:
        raise OSError(errno.ENOSPC, "No space left on device")

    for _n in range(5):
        with pytest.raises(OSError, match="No space"):
            perform(Marker.objects.all(), marker.pk, no_room)

    marker.refresh_from_db()
    assert (marker.status, marker.attempt) == (Marker.Status.PENDING, 0)


@pytest.mark.django_db
def test_work_over_its_time_fails_with_a_code() -> None:
    marker = MarkerFactory.create()

    def dawdle(_row: Marker) -> Mapping[str, Any]:
        raise SoftTimeLimitExceeded

    perform(Marker.objects.all(), marker.pk, dawdle)

    marker.refresh_from_db()
    assert (marker.status, marker.failure_code) == (Marker.Status.FAILED, "took_too_long")


@pytest.mark.django_db
@pytest.mark.parametrize("hides_it", [False, True])
def test_work_over_its_memory_fails_at_once_with_a_code(*, hides_it: bool) -> None:
    marker = MarkerFactory.create()

    def fill(_row: Marker) -> Mapping[str, Any]:
        if hides_it:
            raise UnusableUpload("Unreadable.", code="undecodable_image") from MemoryError()
        raise MemoryError

    perform(Marker.objects.all(), marker.pk, fill)

    marker.refresh_from_db()
    assert (marker.status, marker.failure_code) == (Marker.Status.FAILED, "out_of_memory")
    assert (marker.attempt, marker.lease_id) == (1, None)
    assert marker.failure_hint


@pytest.mark.django_db
def test_what_filled_the_memory_is_let_go_before_the_failure_is_written() -> None:
    marker = MarkerFactory.create()
    let_go: list[str] = []

    def fill(_row: Marker) -> Mapping[str, Any]:
        hoard = Event()
        weakref.finalize(hoard, let_go.append, "let go")
        raise MemoryError

    with patch.object(leases, "settle", side_effect=lambda *_, **__: let_go.append("settled")):
        perform(Marker.objects.all(), marker.pk, fill)

    assert let_go == ["let go", "settled"]


@pytest.mark.django_db
def test_a_row_that_kills_its_workers_is_given_up(settings: Settings) -> None:
    marker = MarkerFactory.create(attempt=settings.MAX_ATTEMPTS)

    perform(Marker.objects.all(), marker.pk, lambda _row: pytest.fail("tried again"))

    marker.refresh_from_db()
    assert (marker.status, marker.failure_code) == (Marker.Status.FAILED, "too_many_attempts")


@pytest.mark.django_db(transaction=True)
def test_a_lease_is_renewed_for_as_long_as_the_work_runs(settings: Settings) -> None:
    settings.LEASE_SECONDS = 0.3
    marker = MarkerFactory.create()
    renewed = Event()

    def slow(row: Marker) -> Mapping[str, Any]:
        deadline = timezone.now() + timedelta(seconds=20)
        while timezone.now() < deadline and not renewed.is_set():
            leased_at = Marker.objects.values_list("leased_at", flat=True).get(pk=row.pk)
            if row.leased_at is not None and leased_at is not None and leased_at > row.leased_at:
                renewed.set()
        return READY

    perform(Marker.objects.all(), marker.pk, slow)

    assert renewed.is_set()


@pytest.mark.django_db
def test_lost_rows_are_the_unsent_and_the_abandoned(settings: Settings) -> None:
    long_ago = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS + 1)
    unsent = MarkerFactory.create(queued_at=long_ago)
    abandoned = MarkerFactory.create(status="compiling", leased_at=long_ago)
    MarkerFactory.create()
    MarkerFactory.create(status="compiling", leased_at=timezone.now())
    MarkerFactory.create(ready=True, queued_at=long_ago)

    assert set(Marker.objects.all().lost()) == {unsent, abandoned}
