"""Markers over the API: asking, compiling again, batches, presets."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from accounts.models import Role, User
from markers.models import Marker, MarkerPreset
from tests import hostile
from tests.conftest import signed_in
from tests.markers.factories import MarkerFactory

pytestmark = pytest.mark.django_db
MARKERS, BATCHES, PRESETS = (
    f"/api/v1/{path}" for path in ("markers", "markers/batch", "marker-presets")
)


@pytest.fixture
def marker(editor: User) -> Marker:
    return MarkerFactory.create(ready=True, organization=editor.memberships.get().organization)


def send(api: APIClient, *images: bytes, **fields: str) -> Any:
    files = [SimpleUploadedFile(f"{n}.png", image) for n, image in enumerate(images)]
    return api.post(BATCHES, {"images": files, **fields}, format="multipart")


def test_a_marker_tells_all_that_is_known_of_it(api: APIClient, marker: Marker) -> None:
    body = api.get(f"{MARKERS}/{marker.pk}").json()

    assert (body["status"], body["quality_score"], body["failure"]) == ("ready", 80, None)
    assert body["target_url"].endswith(".mind")


def test_a_failed_marker_says_why_and_what_to_do(api: APIClient, editor: User) -> None:
    organization = editor.memberships.get().organization
    failed = MarkerFactory.create(failed=True, organization=organization)

    body = api.get(f"{MARKERS}/{failed.pk}").json()

    assert body["failure"] == {"code": "too_few_features", "hint": "Take another."}


def test_compile_again_keeps_the_target_and_takes_new_options(
    api: APIClient, marker: Marker
) -> None:
    url, options = f"{MARKERS}/{marker.pk}/recompile", {"profile": "robust"}

    response = api.post(url, {"options": options}, format="json")

    marker.refresh_from_db()
    assert (response.status_code, response.json()["status"]) == (202, "pending")
    assert marker.options == options
    assert marker.target


def test_compile_again_of_a_busy_marker_is_a_conflict(api: APIClient, marker: Marker) -> None:
    Marker.objects.update(status=Marker.Status.COMPILING)

    response = api.post(f"{MARKERS}/{marker.pk}/recompile", {}, format="json")

    assert response.status_code == 409
    assert response.json()["type"] == "urn:vertexar:problem:marker_busy"


@pytest.mark.parametrize(
    "options",
    ['{"nonsense": 1}', '{"profile": "best"}', '{"profile": null}', '{"profile": NaN}', "[]", "7"],
)
def test_options_that_no_compiler_knows_are_refused(api: APIClient, options: str) -> None:
    body = f'{{"name": "A", "options": {options}}}'

    response = api.post(PRESETS, body, content_type="application/json")

    assert response.status_code == 400
    assert not MarkerPreset.objects.exists()


def test_markers_of_others_are_not_there(api: APIClient) -> None:
    others = MarkerFactory.create(ready=True)

    assert api.get(f"{MARKERS}/{others.pk}").status_code == 404
    assert api.post(f"{MARKERS}/{others.pk}/recompile", {}, format="json").status_code == 404
    assert api.get(MARKERS).json()["count"] == 0


def test_who_may_only_look_compiles_nothing(
    member: Callable[[Role], User], marker: Marker, picture: bytes
) -> None:
    viewer = signed_in(member(Role.VIEWER))

    assert viewer.get(f"{MARKERS}/{marker.pk}").status_code == 200
    assert viewer.post(f"{MARKERS}/{marker.pk}/recompile", {}, format="json").status_code == 403
    assert send(viewer, picture).status_code == 403
    assert viewer.post(PRESETS, {"name": "A", "options": {}}, format="json").status_code == 403


def test_a_batch_answers_for_each_picture_by_itself(api: APIClient, picture: bytes) -> None:
    response = send(api, picture, hostile.text_named_jpg(), picture)

    items = response.json()["items"]
    assert response.status_code == 202
    assert [item["name"] for item in items] == ["0.png", "1.png", "2.png"]
    assert [bool(item["marker"]) for item in items] == [True, False, True]
    assert items[1]["error"]["code"] == "picture_unreadable"
    assert items[1]["error"]["hint"]


def test_a_batch_tells_how_far_it_is(api: APIClient, picture: bytes) -> None:
    made = send(api, picture, picture).json()
    first = Marker.objects.get(pk=made["items"][0]["marker"])
    Marker.objects.filter(pk=first.pk).update(status="ready", target="a.mind")

    body = api.get(f"{BATCHES}/{made['id']}").json()

    assert body["counts"] == {"pending": 1, "compiling": 0, "ready": 1, "failed": 0}
    assert len(body["markers"]) == 2


def test_a_batch_of_more_than_a_hundred_is_refused(api: APIClient) -> None:
    response = send(api, *[b"x"] * 101)

    assert response.status_code == 400
    assert not Marker.objects.exists()


def test_a_batch_takes_the_options_of_a_preset(api: APIClient, picture: bytes) -> None:
    api.post(PRESETS, {"name": "Museum", "options": {"profile": "robust"}}, format="json")

    send(api, picture, preset="Museum")

    assert Marker.objects.get().options == {"profile": "robust"}


def test_a_preset_that_is_not_there_is_404(api: APIClient, picture: bytes) -> None:
    MarkerPreset.objects.create(
        organization=MarkerFactory.create().organization, name="Museum", options={}
    )

    assert send(api, picture, preset="Museum").status_code == 404


@pytest.mark.parametrize("method", ["post", "patch"])
def test_a_preset_of_a_name_that_is_taken_is_a_conflict(api: APIClient, method: str) -> None:
    api.post(PRESETS, {"name": "Museum", "options": {}}, format="json")
    other = api.post(PRESETS, {"name": "Other", "options": {}}, format="json").json()
    url = PRESETS if method == "post" else f"{PRESETS}/{other['id']}"

    response = getattr(api, method)(url, {"name": "Museum", "options": {}}, format="json")

    assert response.status_code == 409
    assert response.json()["type"] == "urn:vertexar:problem:name_taken"


def test_a_preset_is_changed_and_removed(api: APIClient) -> None:
    made = api.post(PRESETS, {"name": "Museum", "options": {}}, format="json").json()
    url = f"{PRESETS}/{made['id']}"

    changed = api.patch(url, {"options": {"profile": "lean"}}, format="json").json()

    assert changed["options"] == {"profile": "lean"}
    assert api.delete(url).status_code == 204
    assert api.get(PRESETS).json()["count"] == 0
