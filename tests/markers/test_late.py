"""A marker whose compiling was killed at its hard limit."""

import pytest
from celery.exceptions import TimeLimitExceeded

from markers import tasks
from markers.models import Marker
from tests.markers.factories import MarkerFactory

pytestmark = pytest.mark.django_db(transaction=True)  # its connection is closed


def fail(marker: Marker, error: BaseException) -> Marker:
    """Tell the task as Celery does."""
    tasks.compile_marker.on_failure(error, "id", (str(marker.pk),), {}, None)
    marker.refresh_from_db()
    return marker


def test_it_failed_for_its_time_and_its_lease_is_over() -> None:
    marker = MarkerFactory.create(target="markers/targets/00/old.mind")
    late = Marker.objects.claim(marker.pk)
    assert late is not None

    marker = fail(late, TimeLimitExceeded(150))

    assert (marker.status, marker.failure_code) == (Marker.Status.FAILED, "took_too_long")
    assert (marker.lease_id, marker.leased_at) == (None, None)
    assert marker.target


def test_one_that_was_done_in_the_last_moment_is_done() -> None:
    marker = fail(MarkerFactory.create(ready=True), TimeLimitExceeded(150))

    assert marker.status == Marker.Status.READY


def test_another_failure_is_not_taken_for_being_late() -> None:
    marker = fail(MarkerFactory.create(), ZeroDivisionError())

    assert marker.status == Marker.Status.PENDING
