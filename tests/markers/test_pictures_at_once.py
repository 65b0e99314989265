"""Pictures are decoded a few at a time; who has no place in time is told when to come back."""

import io
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from rest_framework.test import APIClient

from arcontent.models import ARContent
from markers import pictures as cleaning
from markers import pictures_at_once
from markers.models import Marker, MarkerBatch
from markers.pictures import PictureLimits, pixels_to_decode
from markers.pictures_at_once import AT_ONCE, PicturesBusy, a_place
from tests import hostile
from tests.arcontent import uploads
from tests.markers.cleaning import LIMITS, POSTER, read, saved
from tests.pictures import encode_png
from vertexar.errors import UnusableUpload

PNG = encode_png(POSTER)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all places taken, and nobody wait long for one."""
    places = threading.BoundedSemaphore(1)
    places.acquire()
    monkeypatch.setattr(pictures_at_once, "_places", places)
    monkeypatch.setattr(pictures_at_once, "PATIENCE_S", 0.01)


def test_no_more_are_decoded_side_by_side_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most, guard = [0], [0], threading.Lock()
    together = threading.Barrier(AT_ONCE)
    decode = cleaning._clean_pixels

    def watched(*args: Any, **kwargs: Any) -> Image.Image:
        with guard:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        together.wait(timeout=60)  # as many as may be are in here at one time
        with guard:
            inside[0] -= 1
        return decode(*args, **kwargs)

    monkeypatch.setattr(cleaning, "_clean_pixels", watched)
    readers = [threading.Thread(target=read, args=(PNG,)) for _n in range(AT_ONCE * 3)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()

    assert most[0] == AT_ONCE


@pytest.mark.usefixtures("full")
def test_who_has_no_place_in_time_is_told_so() -> None:
    with pytest.raises(PicturesBusy) as caught:
        read(PNG)

    assert caught.value.code == "busy"
    assert caught.value.retry_after_s > 0


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("data", [hostile.empty(), hostile.text_named_jpg()])
def test_what_is_no_picture_is_refused_without_a_place(data: bytes) -> None:
    with pytest.raises(UnusableUpload):
        read(data)


def test_a_refused_picture_gives_its_place_back() -> None:
    for _n in range(AT_ONCE + 1):
        with pytest.raises(UnusableUpload):
            read(hostile.truncated_png())

    assert read(PNG).width_px == 400


# --- What a picture will take, by its header -----------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "HEIF"])
def test_the_pixels_of_a_picture_are_told_and_the_upload_is_left_as_it_was(kind: str) -> None:
    upload = io.BytesIO(saved(Image.fromarray(POSTER), kind))

    assert pixels_to_decode(upload, limits=LIMITS) == 400 * 300
    assert upload.tell() == 0


@pytest.mark.parametrize(
    "make",
    [
        hostile.empty,
        hostile.text_named_jpg,
        hostile.bomb_png,
        lambda: saved(Image.fromarray(POSTER), "GIF"),
        lambda: saved(Image.fromarray(POSTER), "PNG")[:20],
    ],
    ids=["empty", "text", "bomb", "GIF", "cut off"],
)
def test_what_is_refused_by_its_size_or_kind_takes_nothing(make: Callable[[], bytes]) -> None:
    assert pixels_to_decode(io.BytesIO(make()), limits=LIMITS) == 0


def test_telling_the_pixels_decodes_none() -> None:
    cut_off = saved(Image.new("RGB", (6000, 6000)), "PNG")[:100]

    assert pixels_to_decode(io.BytesIO(cut_off), limits=LIMITS) == 36_000_000


def test_a_webp_of_which_its_decoder_would_take_too_much_takes_nothing() -> None:
    upload = io.BytesIO(saved(Image.fromarray(POSTER), "WEBP"))

    assert pixels_to_decode(upload, limits=PictureLimits(max_webp_pixels=400)) == 0


# --- The API -------------------------------------------------------------------------------------


def send_batch(api: APIClient, video: bytes) -> Any:
    images = [io.BytesIO(PNG), io.BytesIO(PNG)]
    return api.post("/api/v1/markers/batch", {"images": images}, format="multipart")


def send_content(api: APIClient, video: bytes) -> Any:
    return uploads.post(api, PNG, video)


def send_to(path: str) -> Callable[[APIClient, bytes], Any]:
    return lambda api, video: api.post(path, {"image": io.BytesIO(PNG)}, format="multipart")


@pytest.mark.django_db
@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(
    "send",
    [
        send_batch,
        send_content,
        send_to("/api/v1/markers/analyze"),
        send_to("/nft-marker/analyze"),
        send_to("/nft-marker/generate"),
    ],
)
def test_a_rush_is_told_to_come_back_and_nothing_is_kept(
    api: APIClient, media: Path, video: bytes, send: Callable[[APIClient, bytes], Any]
) -> None:
    response = send(api, video)

    assert response.status_code == 503
    assert response.json()["type"] == "urn:vertexar:problem:busy"
    assert int(response["Retry-After"]) > 0
    assert not ARContent.objects.exists()
    assert not Marker.objects.exists()
    assert not MarkerBatch.objects.exists()
    assert not media.exists()


@pytest.mark.django_db
def test_a_batch_that_loses_its_place_keeps_what_was_read_and_tries_no_more(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def second_is_taken() -> AbstractContextManager[None]:
        asked.append(1)
        if len(asked) > 1:
            raise PicturesBusy
        return a_place()

    monkeypatch.setattr(cleaning, "a_place", second_is_taken)
    images = [io.BytesIO(PNG) for _n in range(4)]

    response = api.post("/api/v1/markers/batch", {"images": images}, format="multipart")

    first, *others = response.json()["items"]
    assert response.status_code == 202
    assert first["marker"]
    assert [item["error"]["code"] for item in others] == ["busy"] * 3
    assert len(asked) == 2
    assert Marker.objects.count() == 1
