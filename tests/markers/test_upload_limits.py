"""How much one may have read and compiled: batches, ratings, compiling again, the studio's form."""

import io
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from arcontent.models import ARContent
from markers.models import Marker, MarkerBatch
from tests import hostile
from tests.conftest import signed_in
from tests.markers.cleaning import POSTER
from tests.markers.factories import MarkerFactory
from tests.pictures import encode_png

pytestmark = pytest.mark.django_db
BATCHES, ANALYZE = "/api/v1/markers/batch", "/api/v1/markers/analyze"
PNG = encode_png(POSTER)  # 400 by 300: 0.12 million pixels
TEXT = hostile.text_named_jpg()


@pytest.fixture
def _limits(settings: Settings) -> None:
    """Turn limits on and count from zero; a minute could end in the middle."""
    settings.RATE_LIMIT_ENABLED = True
    settings.RATELIMIT_CACHE_PREFIX = uuid4().hex
    settings.UPLOAD_RATE_LIMIT = "10/day"


def send(api: APIClient, *images: bytes) -> Any:
    files = [io.BytesIO(image) for image in images]
    return api.post(BATCHES, {"images": files}, format="multipart")


def left(response: Any) -> int:
    """How many uploads an answer says are left."""
    parts = dict(part.strip().split(";", 1) for part in response["RateLimit"].split(","))
    return int(parts['"upload"'].split(";")[0].removeprefix("r="))


@pytest.fixture
def marker(editor: User) -> Marker:
    organization = editor.memberships.get().organization
    return MarkerFactory.create(ready=True, organization=organization)


# --- Batches -------------------------------------------------------------------------------------


def test_a_batch_of_too_many_pixels_is_refused_with_how_many_there_may_be(
    api: APIClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PICTURE_BATCH_MAX_PIXELS = 1_000_000
    monkeypatch.setattr("markers.services.read_picture", lambda *_, **__: pytest.fail("decoded"))

    response = send(api, *[PNG] * 9)

    body = response.json()
    assert response.status_code == 400
    assert body["type"] == "urn:vertexar:problem:batch_too_large"
    assert body["errors"][0]["pointer"] == "/images"
    assert "2 million" in body["detail"]
    assert "1 million" in body["hint"]
    assert not MarkerBatch.objects.exists()


def test_pictures_that_are_refused_by_their_size_do_not_count_against_the_others(
    api: APIClient, settings: Settings
) -> None:
    settings.PICTURE_BATCH_MAX_PIXELS = 130_000

    response = send(api, PNG, hostile.bomb_png(side_px=9000), TEXT)

    assert response.status_code == 202
    codes = [item["error"] and item["error"]["code"] for item in response.json()["items"]]
    assert codes == [None, "picture_too_large", "picture_unreadable"]


@pytest.mark.usefixtures("_limits")
@pytest.mark.parametrize(("pictures", "uploads"), [(1, 1), (10, 1), (11, 2), (25, 3), (100, 10)])
def test_a_batch_counts_as_an_upload_for_each_ten_pictures(
    api: APIClient, pictures: int, uploads: int
) -> None:
    assert left(send(api, *[TEXT] * pictures)) == 10 - uploads


@pytest.mark.usefixtures("_limits")
def test_a_batch_counts_as_so_many_of_the_largest_pictures_as_it_has_pixels(
    api: APIClient, settings: Settings
) -> None:
    settings.PICTURE_MAX_PIXELS = 130_000

    assert left(send(api, PNG, PNG, PNG)) == 10 - 3


@pytest.mark.usefixtures("_limits")
def test_a_batch_of_more_than_is_left_is_not_looked_at(api: APIClient) -> None:
    send(api, *[TEXT] * 80)

    response = send(api, *[TEXT] * 30)

    assert response.status_code == 429
    assert response.json()["type"] == "urn:vertexar:problem:too_many_requests"
    assert int(response["Retry-After"]) > 0
    assert left(response) == 0
    assert MarkerBatch.objects.count() == 1


@pytest.mark.usefixtures("_limits")
def test_a_whole_batch_gets_through_a_limit_that_is_stricter_than_it(
    api: APIClient, settings: Settings
) -> None:
    settings.UPLOAD_RATE_LIMIT = "2/day"

    assert send(api, *[TEXT] * 100).status_code == 202
    assert send(api, TEXT).status_code == 429


# --- Ratings and the studio's form ---------------------------------------------------------------


@pytest.mark.usefixtures("_limits")
def test_ratings_uploads_and_the_guess_in_the_form_are_counted_together(
    api: APIClient, superuser: User, settings: Settings
) -> None:
    settings.UPLOAD_RATE_LIMIT = "3/day"
    desk, mine = Client(), signed_in(superuser)
    desk.force_login(superuser)
    guess = reverse("admin:arcontent_prescore")

    def rate(client: APIClient) -> int:
        answer = client.post(ANALYZE, {"image": io.BytesIO(TEXT)}, format="multipart")
        return int(answer.status_code)

    assert rate(mine) == 400
    assert desk.post(guess, {"image": SimpleUploadedFile("a.png", TEXT)}).status_code == 200
    assert send(mine, TEXT).status_code == 202
    refused = desk.post(guess, {"image": SimpleUploadedFile("a.png", TEXT)})

    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert rate(mine) == 429
    assert rate(api) == 400  # somebody else


@pytest.mark.usefixtures("_limits")
def test_the_form_is_refused_with_words_where_it_is_sent_too_often(
    superuser: User, settings: Settings, picture: bytes, video: bytes
) -> None:
    settings.UPLOAD_RATE_LIMIT = "1/day"
    desk = Client()
    desk.force_login(superuser)
    add = reverse("admin:arcontent_arcontent_add")
    desk.post(add, {"title": "empty"})
    form = {
        "title": "Harbour",
        "image": SimpleUploadedFile("a.png", picture),
        "video": SimpleUploadedFile("a.mp4", video),
    }

    page = desk.post(add, form, follow=True).content.decode()

    assert "You ask too often." in page
    assert not ARContent.objects.exists()
    assert desk.get(add).status_code == 200


# --- Compiling again -----------------------------------------------------------------------------


@pytest.mark.usefixtures("_limits")
def test_compiling_again_counts_as_an_upload_and_looking_does_not(
    api: APIClient, marker: Marker, settings: Settings
) -> None:
    settings.UPLOAD_RATE_LIMIT = "2/day"
    url = f"/api/v1/markers/{marker.pk}"

    answers = [api.post(f"{url}/recompile", {}, format="json") for _n in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert left(answers[0]) == 1
    assert send(api, TEXT).status_code == 429
    assert api.get(url).status_code == 200


def test_asking_to_compile_again_while_it_waits_changes_nothing(
    api: APIClient, marker: Marker
) -> None:
    url = f"/api/v1/markers/{marker.pk}/recompile"
    first = api.post(url, {}, format="json")
    marker.refresh_from_db()
    before = marker.updated_at

    second = api.post(url, {"options": marker.options}, format="json")

    marker.refresh_from_db()
    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json()["status"] == "pending"
    assert marker.updated_at == before
    assert AuditEntry.objects.filter(action="marker.recompiled").count() == 1


def test_other_options_are_taken_while_it_waits(api: APIClient, marker: Marker) -> None:
    url = f"/api/v1/markers/{marker.pk}/recompile"
    api.post(url, {}, format="json")

    api.post(url, {"options": {"profile": "lean"}}, format="json")

    marker.refresh_from_db()
    assert marker.options == {"profile": "lean"}
