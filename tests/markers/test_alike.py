"""Which markers a camera may take for each other, and who is told."""

import io
from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import patch
from uuid import UUID, uuid4

import cv2
import numpy as np
import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.storage import default_storage
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import Organization
from markers import alike, tasks
from markers.compiler import CONFUSABLE, LEAN, Likeness, compile_target, likeness_of
from markers.models import LookAlike, Marker
from tests.markers.factories import MarkerFactory
from tests.pictures import RgbPicture, encode_png, poster
from vertexar.storage import store

MINDS: dict[int, bytes] = {}
CUT = -1  # a number for the poster of number 1, cut at two sides

pytestmark = pytest.mark.django_db


def drawn(number: int) -> RgbPicture:
    if number == CUT:
        return drawn(1)[40:, 40:].copy()
    return poster(seed=800 + number, width_px=400, height_px=300)


def mind(number: int) -> bytes:
    if number not in MINDS:
        MINDS[number] = compile_target(encode_png(drawn(number)), LEAN).mind
    return MINDS[number]


@pytest.fixture(autouse=True)
def nothing_held() -> Iterator[None]:
    """Let no test know the sketches of another."""
    alike._sketch.cache_clear()
    yield
    alike._sketch.cache_clear()


def target(number: int) -> str:
    return store(io.BytesIO(mind(number)), folder="markers/targets", extension=".mind")


def ready(studio: Organization, number: int, **fields: object) -> Marker:
    return MarkerFactory.create(
        ready=True, organization=studio, **{"target": target(number)} | fields
    )


def pairs() -> set[tuple[UUID, UUID]]:
    return set(LookAlike.objects.values_list("marker", "other"))


def compared(marker: Marker) -> bool:
    marker.refresh_from_db()
    return marker.compared_target == marker.target


def test_a_picture_and_a_cut_of_it_are_reported_on_the_newer_of_the_two(
    studio: Organization,
) -> None:
    older, other, newer = (ready(studio, number) for number in (1, 2, CUT))

    alike.find_look_alikes(newer.pk)

    assert pairs() == {(newer.pk, older.pk)}
    assert CONFUSABLE <= LookAlike.objects.get().likeness < 1
    assert compared(newer)
    assert not compared(other)


def test_a_pair_is_one_row_whichever_is_compared_last(studio: Organization) -> None:
    older, newer = ready(studio, 1), ready(studio, CUT)

    for marker in (newer, older):
        alike.find_look_alikes(marker.pk)

    assert pairs() == {(newer.pk, older.pk)}


def test_the_same_picture_is_fully_alike_and_no_file_is_read_for_it(studio: Organization) -> None:
    older = MarkerFactory.create(ready=True, organization=studio, target="nowhere.mind")
    newer = ready(studio, 1, sha256=older.sha256)

    alike.find_look_alikes(newer.pk)

    found = LookAlike.objects.get()
    assert (found.marker, found.other, found.likeness) == (newer, older, 1.0)


def test_another_organisations_markers_are_nobodys_business(studio: Organization) -> None:
    MarkerFactory.create(ready=True, target=target(1))
    newer = ready(studio, CUT)

    alike.find_look_alikes(newer.pk)

    assert pairs() == set()
    assert compared(newer)


def test_a_marker_without_a_target_is_compared_with_nothing(studio: Organization) -> None:
    waiting = MarkerFactory.create(organization=studio)
    newer = ready(studio, 1, sha256=waiting.sha256)

    alike.find_look_alikes(newer.pk)
    alike.find_look_alikes(waiting.pk)

    assert pairs() == set()


def test_comparing_again_forgets_what_is_no_longer_so(studio: Organization) -> None:
    older, newer = ready(studio, 1), ready(studio, CUT)
    alike.find_look_alikes(newer.pk)
    Marker.objects.filter(pk=older.pk).update(target=target(2))

    alike.find_look_alikes(older.pk)

    assert pairs() == set()


def test_of_more_than_there_is_time_for_the_newest_are_compared_and_that_is_that(
    studio: Organization,
) -> None:
    oldest, older, newer = (ready(studio, number) for number in (2, 1, CUT))
    share = alike._share

    def too_late_for_the_second(mine: Likeness, other: str) -> float:
        if other == oldest.target:
            raise SoftTimeLimitExceeded
        return share(mine, other)

    with patch.object(alike, "_share", too_late_for_the_second):
        alike.find_look_alikes(newer.pk)

    assert pairs() == {(newer.pk, older.pk)}
    assert compared(newer)


def test_what_is_compared_already_is_not_compared_again(studio: Organization) -> None:
    newer = ready(studio, 1)
    alike.find_look_alikes(newer.pk)

    with patch.object(alike, "_look_alikes") as look:
        alike.find_look_alikes(newer.pk)
        alike.find_look_alikes(uuid4())

    look.assert_not_called()


def test_a_target_that_was_replaced_meanwhile_leaves_nothing_behind(
    studio: Organization,
) -> None:
    ready(studio, 1)
    newer = ready(studio, CUT)
    look = alike._look_alikes

    def slowly(marker: Marker) -> object:
        Marker.objects.filter(pk=newer.pk).update(target=target(2))
        return look(marker)

    with patch.object(alike, "_look_alikes", slowly):
        alike.find_look_alikes(newer.pk)

    assert pairs() == set()
    assert not compared(newer)


def test_a_marker_deleted_meanwhile_is_in_no_pair(studio: Organization) -> None:
    newer = ready(studio, 1)
    gone = uuid4()

    alike._write(newer, {gone: 0.9})

    assert pairs() == set()
    assert compared(newer)


@pytest.mark.parametrize("broken", ["gone", "no target"])
def test_a_broken_file_of_another_marker_stops_nothing(studio: Organization, broken: str) -> None:
    key = store(io.BytesIO(b"no target"), folder="markers/targets", extension=".mind")
    ready(studio, 1, target="markers/targets/00/gone.mind" if broken == "gone" else key)
    older, newer = ready(studio, 1), ready(studio, CUT)

    alike.find_look_alikes(newer.pk)

    assert pairs() == {(newer.pk, older.pk)}


def test_a_broken_file_of_its_own_is_not_looked_at_for_ever(studio: Organization) -> None:
    newer = ready(studio, 1, target="markers/targets/00/gone.mind")

    alike.find_look_alikes(newer.pk)

    assert compared(newer)


def test_from_the_second_time_on_only_what_may_be_alike_is_read(studio: Organization) -> None:
    for number in (1, 2, 3):
        ready(studio, number)
    alike.find_look_alikes(ready(studio, 4).pk)
    alike._sketch.cache_clear()  # as in another worker: what is kept is in the store
    newer = ready(studio, CUT)

    with patch.object(alike, "likeness_of", wraps=likeness_of) as read:
        alike.find_look_alikes(newer.pk)

    assert [call.args[0] for call in read.call_args_list] == [mind(CUT), mind(1)]


@pytest.mark.parametrize("data", [b"", b"VSK1", b"old version", b"VSK0" + bytes(6)])
def test_a_sketch_that_is_cut_short_or_of_another_version_is_made_anew(
    studio: Organization, data: bytes
) -> None:
    older, newer = ready(studio, 1), ready(studio, CUT)
    alike.find_look_alikes(older.pk)
    with default_storage.open(alike.key_of_sketch(older.target), "wb") as file:
        file.write(data)
    alike._sketch.cache_clear()

    alike.find_look_alikes(newer.pk)

    assert pairs() == {(newer.pk, older.pk)}


def test_a_sketch_is_read_as_it_was_written() -> None:
    sketch = alike.sketch_of(likeness_of(mind(1)))

    again = alike.unpack(alike.pack(sketch))

    assert again is not None
    np.testing.assert_array_equal(again.bright, sketch.bright)
    np.testing.assert_array_equal(again.dark, sketch.dark)


@pytest.mark.parametrize(
    "alter",
    [
        lambda p: p[p.shape[0] // 8 :, p.shape[1] // 8 :].copy(),
        lambda p: np.rint(p * 0.7 + 20).astype(np.uint8),
        lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), 1.2), np.uint8),
        lambda p: np.concatenate([p[:, :200], drawn(9)[:, 200:]], axis=1),
    ],
    ids=["cut", "paler", "blurred", "half replaced"],
)
def test_the_quick_look_overlooks_no_altered_picture(alter: object) -> None:
    known = likeness_of(mind(1))
    altered = likeness_of(compile_target(encode_png(alter(drawn(1))), LEAN).mind)  # type: ignore[operator]

    assert alike.may_be_alike(altered, alike.sketch_of(known))
    assert alike.may_be_alike(known, alike.sketch_of(altered))


def test_the_quick_look_spares_the_full_one_for_most_others() -> None:
    likenesses = [likeness_of(mind(number)) for number in range(1, 7)]
    others = [(one, another) for one in likenesses for another in likenesses if one is not another]

    taken = [alike.may_be_alike(one, alike.sketch_of(another)) for one, another in others]

    assert sum(taken) <= len(taken) / 5


def test_a_compiled_marker_is_compared_next(
    studio: Organization, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    marker = MarkerFactory.on_disk(organization=studio)

    with (
        patch.object(tasks.find_look_alikes, "delay") as delay,
        django_capture_on_commit_callbacks(execute=True),
    ):
        tasks.compile_marker(str(marker.pk))

    delay.assert_called_once_with(str(marker.pk))


def test_the_sweep_sends_those_that_were_left_out_some_at_a_time(
    studio: Organization, settings: Settings
) -> None:
    long_ago = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS + 1)
    left_out = [ready(studio, 1) for _n in range(3)]
    done = ready(studio, 1, compared_target=target(1))
    failed = MarkerFactory.create(failed=True)
    Marker.objects.update(updated_at=long_ago)
    ready(studio, 1)  # its message is on its way

    with (
        patch.object(tasks, "COMPARED_A_SWEEP", 2),
        patch.object(tasks.find_look_alikes, "apply_async") as send,
    ):
        tasks.compare_left_out_markers()

    assert {done, failed}.isdisjoint(alike.due())
    assert [call.args[0] for call in send.call_args_list] == [
        (str(marker.pk),) for marker in left_out[:2]
    ]
    assert send.call_args.kwargs == {"expires": settings.SWEEP_SECONDS}
