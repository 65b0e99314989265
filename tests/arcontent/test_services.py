"""Making content through the one door."""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.files.base import File
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import Organization, Role, User
from arcontent import services
from arcontent.models import ARContent, ContentStatus, Video
from markers.models import Marker
from tests.arcontent.factories import ARContentFactory, VideoFactory, ready_content
from vertexar.errors import Conflict, NotAllowed, UnusableUpload

pytestmark = pytest.mark.django_db


@pytest.fixture
def upload(picture: bytes, video: bytes, tmp_path: Path) -> Iterator[services.Upload]:
    path = tmp_path / "upload.bin"
    path.write_bytes(video)
    with path.open("rb") as file:
        yield services.read_upload(
            image=File(io.BytesIO(picture)), video=File(file, name=str(path))
        )


def test_content_is_a_marker_and_a_video_that_wait_for_their_workers(
    studio: Organization, editor: User, upload: services.Upload
) -> None:
    content = services.create_content(
        organization=studio, user=editor, upload=upload, title="Harbour"
    )

    assert content.status is ContentStatus.PROCESSING
    assert content.marker.status == Marker.Status.PENDING
    assert [video.status for video in content.videos.all()] == [Video.Status.PENDING]
    assert content.created_by == editor


def test_workers_are_woken_for_both_and_only_after_the_commit(
    studio: Organization,
    editor: User,
    upload: services.Upload,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        services.create_content(organization=studio, user=editor, upload=upload, title="Harbour")

    assert len(callbacks) == 2


def test_who_may_only_look_makes_nothing_and_stores_nothing(
    studio: Organization,
    member: Callable[[Role], User],
    upload: services.Upload,
    media: Path,
) -> None:
    with pytest.raises(NotAllowed):
        services.create_content(
            organization=studio, user=member(Role.VIEWER), upload=upload, title="Harbour"
        )

    assert not ARContent.objects.exists()
    assert not media.exists()


def test_the_same_key_again_answers_with_the_first_content(
    studio: Organization, editor: User, upload: services.Upload
) -> None:
    first, second = (
        services.create_content(
            organization=studio, user=editor, upload=upload, title="A", idempotency_key="order-17"
        )
        for _n in range(2)
    )

    assert first == second
    assert Marker.objects.count() == 1


def test_a_key_is_not_good_for_something_else(
    studio: Organization, editor: User, upload: services.Upload
) -> None:
    services.create_content(
        organization=studio, user=editor, upload=upload, title="A", idempotency_key="order-17"
    )

    with pytest.raises(Conflict) as caught:
        services.create_content(
            organization=studio, user=editor, upload=upload, title="B", idempotency_key="order-17"
        )

    assert caught.value.code == "idempotency_key_reused"


@pytest.mark.django_db(transaction=True)
def test_eight_requests_with_one_key_at_once_make_one_content(
    studio: Organization, editor: User, upload: services.Upload, picture: bytes, tmp_path: Path
) -> None:
    def request() -> str:
        path = tmp_path / "upload.bin"
        mine = services.read_upload(
            image=File(io.BytesIO(picture)), video=File(path.open("rb"), name=str(path))
        )
        try:
            made = services.create_content(
                organization=studio, user=editor, upload=mine, title="A", idempotency_key="one"
            )
            return str(made.pk)
        finally:
            mine.video.close()
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        made = {future.result() for future in [pool.submit(request) for _n in range(8)]}

    assert len(made) == 1
    assert ARContent.objects.count() == Marker.objects.count() == Video.objects.count() == 1


def test_a_bad_file_says_which_of_the_two_it_is(picture: bytes, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<html>")

    with path.open("rb") as file, pytest.raises(UnusableUpload) as caught:
        services.read_upload(image=File(io.BytesIO(picture)), video=File(file, name=str(path)))

    assert caught.value.field == "video"


def test_codes_are_short_unlike_and_without_letters_that_are_mistaken() -> None:
    codes = {ARContentFactory.create().code for _n in range(20)}

    assert len(codes) == 20
    assert all(len(code) == 10 and not set(code) & set("01ilo") for code in codes)


def test_content_is_ready_once_there_is_a_target_and_a_video() -> None:
    assert ready_content().status is ContentStatus.READY


def test_content_fails_with_its_marker_and_says_what_to_do() -> None:
    content = ARContentFactory.create(marker__failed=True)

    assert content.status is ContentStatus.FAILED
    assert content.failure == {"part": "image", "code": "too_few_features", "hint": "Take another."}


def test_content_fails_with_its_video() -> None:
    content = VideoFactory.create(failed=True, content__marker__ready=True).content

    assert content.status is ContentStatus.FAILED
    assert content.failure is not None
    assert content.failure["part"] == "video"


def test_a_failed_recompile_leaves_a_printed_picture_alive() -> None:
    content = ready_content()
    Marker.objects.filter(pk=content.marker_id).update(
        status=Marker.Status.FAILED, failure_code="took_too_long"
    )

    content = ARContent.objects.with_parts().get(pk=content.pk)

    assert content.status is ContentStatus.READY
    assert content.failure is not None
