"""Markers over the API: asking, compiling again, batches, presets."""

import errno
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.models import Organization, Role, User
from markers.models import Marker, MarkerBatch, MarkerPreset
from tests import hostile
from tests.conftest import signed_in
from tests.markers.factories import LookAlikeFactory, MarkerFactory, MarkerPresetFactory
from tests.pictures import encode_png, poster

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


def test_a_marker_tells_its_quality_and_its_look_alikes(
    api: APIClient, marker: Marker, studio: Organization
) -> None:
    marker.quality_report = {"stars": 4, "reasons": ["blurred"]}
    marker.nft_report = {"dpi": 150}
    marker.heat_map = "markers/heatmaps/00/heat.jpg"
    marker.save()
    older, newer = (MarkerFactory.create(ready=True, organization=studio) for _n in range(2))
    LookAlikeFactory.create(marker=marker, other=older, likeness=0.3)
    LookAlikeFactory.create(marker=newer, other=marker, likeness=0.8)
    LookAlikeFactory.create(marker=newer, other=older, likeness=1.0)

    body = api.get(f"{MARKERS}/{marker.pk}").json()

    assert (body["stars"], body["reasons"], body["nft_report"]) == (4, ["blurred"], {"dpi": 150})
    assert body["heat_map_url"].endswith("heat.jpg")
    assert body["look_alikes"] == [
        {"marker": str(newer.pk), "likeness": 0.8},
        {"marker": str(older.pk), "likeness": 0.3},
    ]
    assert marker.look_alike_markers() == [(newer, 0.8), (older, 0.3)]


def test_a_marker_just_sent_back_to_the_queue_tells_its_look_alikes_too(
    api: APIClient, marker: Marker
) -> None:
    pair = LookAlikeFactory.create(other=marker)

    body = api.post(f"{MARKERS}/{marker.pk}/recompile", {}, format="json").json()

    assert body["look_alikes"] == [{"marker": str(pair.marker.pk), "likeness": 0.5}]


@pytest.mark.parametrize("count", [1, 6])
def test_a_longer_list_of_markers_costs_no_more_queries(
    api: APIClient,
    studio: Organization,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    batch = MarkerBatch.objects.create(organization=studio)
    for _n in range(count):
        made = MarkerFactory.create(ready=True, organization=studio, batch=batch)
        LookAlikeFactory.create(marker=made, other__organization=studio, other__batch=batch)

    with django_assert_num_queries(2):  # the count, and the rows with their look-alikes
        listed = api.get(MARKERS).json()["results"]
    with django_assert_num_queries(2):  # the batch, its markers
        sent = api.get(f"{BATCHES}/{batch.pk}").json()["markers"]

    assert [len(row["look_alikes"]) for row in listed] == [1] * (2 * count)
    assert [len(row["look_alikes"]) for row in sent] == [1] * (2 * count)


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


BAD_OPTIONS = [
    ('{"nonsense": 1}', "unusable_options"),
    ('{"profile": "best"}', "unusable_options"),
    ('{"profile": null}', "unusable_options"),
    ('{"profile": NaN}', "unusable_options"),
    ('{"enhance": 1}', "unusable_options"),
    ('{"physical_width_mm": true}', "unusable_options"),
    ('{"physical_width_mm": NaN}', "unusable_options"),
    ('{"physical_width_mm": Infinity}', "unusable_options"),
    ('{"physical_width_mm": "210"}', "unusable_options"),
    ('{"physical_width_mm": [[210]]}', "unusable_options"),
    ('{"physical_width_mm": 4}', "option_out_of_range"),
    ('{"physical_width_mm": 1e9}', "option_out_of_range"),
    ("[]", "unusable_options"),
    ("7", "unusable_options"),
    ("null", "unusable_options"),
]


def assert_options_refused(response: Any, code: str) -> None:
    body = response.json()
    assert (response.status_code, body["type"]) == (400, f"urn:vertexar:problem:{code}")
    assert body["errors"][0]["pointer"] == "/options"
    assert body["hint"]


@pytest.mark.parametrize(("options", "code"), BAD_OPTIONS)
def test_options_that_no_compiler_knows_make_no_preset(
    api: APIClient, options: str, code: str
) -> None:
    body = f'{{"name": "A", "options": {options}}}'

    response = api.post(PRESETS, body, content_type="application/json")

    assert not MarkerPreset.objects.exists()
    if "NaN" not in options and "Infinity" not in options:  # which JSON has not
        assert_options_refused(response, code)
    else:
        assert response.status_code == 400


@pytest.mark.parametrize(("options", "code"), [("7", "unusable_options"), *BAD_OPTIONS[-5:]])
def test_options_that_no_compiler_knows_queue_nothing(
    api: APIClient, marker: Marker, options: str, code: str
) -> None:
    url = f"{MARKERS}/{marker.pk}/recompile"

    response = api.post(url, f'{{"options": {options}}}', content_type="application/json")

    assert_options_refused(response, code)
    marker.refresh_from_db()
    assert marker.status == Marker.Status.READY


@pytest.mark.parametrize(
    ("options", "code"),
    [*BAD_OPTIONS, ("", "unusable_options"), ("{", "unusable_options"),
     ("[" * 100_000, "unusable_options"), ("9" * 10_000, "unusable_options")],
)  # fmt: skip
def test_options_that_no_compiler_knows_make_no_batch(
    api: APIClient, picture: bytes, options: str, code: str
) -> None:
    response = send(api, picture, options=options)

    assert_options_refused(response, code)
    assert not Marker.objects.exists()


def test_a_preset_carries_all_options(api: APIClient) -> None:
    options = {"profile": "lean", "enhance": False, "physical_width_mm": 210.5}

    made = api.post(PRESETS, {"name": "Museum", "options": options}, format="json")

    assert (made.status_code, made.json()["options"]) == (201, options)


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


def test_options_of_their_own_go_before_those_of_a_preset(
    api: APIClient, picture: bytes, studio: Organization
) -> None:
    options = {"profile": "lean", "physical_width_mm": 210}
    MarkerPresetFactory.create(organization=studio, name="Museum", options=options)

    send(api, picture, preset="Museum", options='{"physical_width_mm": 100}')

    assert Marker.objects.get().options == {"profile": "lean", "physical_width_mm": 100}


def test_a_preset_that_is_not_there_is_404_and_says_which_are(
    api: APIClient, picture: bytes, studio: Organization
) -> None:
    MarkerPresetFactory.create(name="Museum")
    MarkerPresetFactory.create(name="Postcards", organization=studio)

    response = send(api, picture, preset="Museum")

    body = response.json()
    assert (response.status_code, body["type"]) == (404, "urn:vertexar:problem:preset_unknown")
    assert "Museum" in body["detail"]
    assert "Postcards" in body["hint"]
    assert "Museum" not in body["hint"]
    assert not Marker.objects.exists()


# --- A store that takes nothing ---------------------------------------------------------------


@contextmanager
def refusing(*numbers: int, code: int = errno.ENOSPC) -> Iterator[None]:
    """Let the store refuse the pictures of these numbers, counted from 0."""
    counted = itertools.count()
    sync = os.fsync

    def refuse(file: int) -> None:
        if next(counted) in numbers:
            raise OSError(code, os.strerror(code))
        sync(file)

    with patch.object(os, "fsync", refuse):
        yield


def pictures(count: int) -> list[bytes]:
    return [encode_png(poster(seed=n, width_px=240, height_px=180)) for n in range(count)]


@pytest.mark.parametrize(
    ("trouble", "code"), [(errno.ENOSPC, "storage_full"), (errno.EIO, "storage_failed")]
)
def test_a_picture_that_was_not_stored_says_so_and_the_others_are_kept(
    api: APIClient, trouble: int, code: str
) -> None:
    with refusing(1, code=trouble):
        response = send(api, *pictures(3))

    items = response.json()["items"]
    assert response.status_code == 202
    assert [bool(item["marker"]) for item in items] == [True, False, True]
    assert items[1]["error"]["code"] == code
    assert items[1]["error"]["hint"]
    assert Marker.objects.count() == 2


def test_a_batch_of_which_nothing_could_be_stored_is_507_and_leaves_nothing(
    api: APIClient, media: Path
) -> None:
    with refusing(0, 1):
        response = send(api, *pictures(2), hostile.text_named_jpg())

    assert response.status_code == 507
    assert response.json()["type"] == "urn:vertexar:problem:storage_full"
    assert not MarkerBatch.objects.exists()
    assert not Marker.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file()]


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
