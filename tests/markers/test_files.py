"""A marker's files as downloads, one by one and several in one."""

import logging
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from rest_framework.test import APIClient

from accounts.models import Organization, Role, User
from markers.models import TARGET_FILES, Marker
from tests.conftest import signed_in
from tests.markers.factories import MarkerFactory

pytestmark = pytest.mark.django_db
MARKERS, MERGE = "/api/v1/markers", "/api/v1/markers/merge"
START = b"\x82\xa1v\x02\xa8dataList"


def get(api: APIClient, url: str, *, accept: str = "*/*") -> tuple[Any, bytes]:
    """Answer and body; the file behind it is closed once it is read."""
    response = api.get(url, headers={"accept": accept})
    return response, response.getvalue()


def assert_problem(response: Any, status: int, code: str) -> None:
    body = response.json()
    assert (response.status_code, body["type"]) == (status, f"urn:vertexar:problem:{code}")
    assert response["Content-Type"] == "application/problem+json"


@pytest.fixture
def marker(studio: Organization) -> Marker:
    return MarkerFactory.with_files(*TARGET_FILES, organization=studio)


@pytest.mark.parametrize("extension", TARGET_FILES)
def test_each_file_is_downloaded_as_bytes_to_keep(
    api: APIClient, marker: Marker, extension: str
) -> None:
    response, content = get(api, f"{MARKERS}/{marker.pk}/target.{extension}")

    assert response.status_code == 200
    assert content.endswith(f"{extension} {marker.pk}".encode())
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Length"] == str(len(content))
    assert response["X-Content-Type-Options"] == "nosniff"


def test_the_nft_files_are_saved_under_one_name_but_for_their_ends(
    api: APIClient, marker: Marker
) -> None:
    base = f"marker-{marker.pk.hex[:8]}"

    for extension in ("iset", "fset", "fset3"):
        response, _content = get(api, f"{MARKERS}/{marker.pk}/target.{extension}")

        assert response["Content-Disposition"] == f'attachment; filename="{base}.{extension}"'


def test_a_client_that_accepts_only_bytes_gets_them(api: APIClient, marker: Marker) -> None:
    url = f"{MARKERS}/{marker.pk}/target.iset"

    for accepted in ("application/octet-stream", "image/png", "nonsense"):
        response, _content = get(api, url, accept=accepted)

        assert response.status_code == 200


def test_a_marker_tells_where_its_files_are_and_how_large(api: APIClient, marker: Marker) -> None:
    files = api.get(f"{MARKERS}/{marker.pk}").json()["files"]

    assert list(files) == list(TARGET_FILES)
    for extension, file in files.items():
        path = file["url"].removeprefix("http://127.0.0.1:8000")
        _response, content = get(api, path)
        assert len(content) == file["bytes"] == marker.file_bytes[extension]


def test_only_files_that_are_there_are_told_of(api: APIClient, studio: Organization) -> None:
    of_old = MarkerFactory.create(ready=True, organization=studio)
    pending = MarkerFactory.create(organization=studio)

    files = api.get(f"{MARKERS}/{of_old.pk}").json()["files"]

    assert list(files) == ["mind"]
    assert files["mind"]["bytes"] is None
    assert api.get(f"{MARKERS}/{pending.pk}").json()["files"] == {}


@pytest.mark.parametrize(
    ("status", "hint"), [("pending", "Wait"), ("compiling", "Wait"), ("failed", "compile it again")]
)
def test_a_file_that_is_not_there_is_said_with_what_to_do(
    api: APIClient, studio: Organization, status: str, hint: str
) -> None:
    marker = MarkerFactory.create(organization=studio, status=status)

    response = api.get(f"{MARKERS}/{marker.pk}/target.mind")

    assert_problem(response, 404, "file_missing")
    assert hint in response.json()["hint"]


def test_a_file_that_the_store_has_lost_is_missing_and_logged(
    api: APIClient, marker: Marker, caplog: pytest.LogCaptureFixture
) -> None:
    default_storage.delete(marker.fset)

    with caplog.at_level(logging.ERROR, "markers.files"):
        response = api.get(f"{MARKERS}/{marker.pk}/target.fset")

    assert_problem(response, 404, "file_missing")
    assert str(marker.pk) in caplog.text


@pytest.mark.parametrize("extension", ["exe", "target", "mind.exe", ""])
def test_there_are_no_files_of_other_kinds(api: APIClient, marker: Marker, extension: str) -> None:
    assert api.get(f"{MARKERS}/{marker.pk}/target.{extension}").status_code == 404


def test_files_of_others_are_not_there(stranger: User, marker: Marker) -> None:
    response = signed_in(stranger).get(f"{MARKERS}/{marker.pk}/target.mind")

    assert_problem(response, 404, "not_found")


def test_files_are_for_those_who_sign_in(marker: Marker) -> None:
    assert APIClient().get(f"{MARKERS}/{marker.pk}/target.mind").status_code == 401


def test_who_may_look_may_download(member: Callable[[Role], User], marker: Marker) -> None:
    viewer = signed_in(member(Role.VIEWER))

    response, _content = get(viewer, f"{MARKERS}/{marker.pk}/target.mind")

    assert response.status_code == 200
    assert viewer.post(MERGE, {"markers": [marker.pk]}, format="json").status_code == 200


# --- Several in one ---------------------------------------------------------------------------


def merge(api: APIClient, *markers: object) -> Any:
    return api.post(MERGE, {"markers": [str(m) for m in markers]}, format="json")


def test_markers_are_merged_in_the_order_asked_for(api: APIClient, studio: Organization) -> None:
    first, second, third = (
        MarkerFactory.with_files("mind", organization=studio) for _n in range(3)
    )

    response = merge(api, third.pk, first.pk, second.pk)

    bodies = b"".join(f"mind {marker.pk}".encode() for marker in (third, first, second))
    assert response.content == START + b"\x93" + bodies
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == 'attachment; filename="markers.mind"'


def test_a_marker_that_is_not_ready_is_named(api: APIClient, studio: Organization) -> None:
    ready = MarkerFactory.with_files("mind", organization=studio)
    pending = MarkerFactory.create(organization=studio)

    response = merge(api, ready.pk, pending.pk)

    assert_problem(response, 409, "marker_not_ready")
    assert str(pending.pk) in response.json()["detail"]


def test_a_marker_that_is_compiled_again_goes_with_its_last_target(
    api: APIClient, studio: Organization
) -> None:
    marker = MarkerFactory.with_files("mind", organization=studio)
    Marker.objects.update(status=Marker.Status.COMPILING)

    assert merge(api, marker.pk).status_code == 200


def test_markers_of_others_are_not_merged(api: APIClient, studio: Organization) -> None:
    mine, others = MarkerFactory.with_files("mind", organization=studio), MarkerFactory.create()

    response = merge(api, mine.pk, others.pk)

    assert_problem(response, 404, "not_found")
    assert str(others.pk) in response.json()["detail"]


@pytest.mark.parametrize("count", [0, 101])
def test_none_and_more_than_a_hundred_are_not_merged(api: APIClient, count: int) -> None:
    response = merge(api, *(uuid4() for _n in range(count)))

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/markers"


@pytest.mark.parametrize("body", [{}, {"markers": "all"}, {"markers": ["x"]}, [], 7])
def test_a_merge_of_nonsense_is_the_senders_mistake(api: APIClient, body: Any) -> None:
    assert api.post(MERGE, body, format="json").status_code == 400


def test_a_merge_costs_one_query_however_many(
    api: APIClient, studio: Organization, django_assert_num_queries: Any
) -> None:
    markers = [MarkerFactory.with_files("mind", organization=studio) for _n in range(4)]

    with django_assert_num_queries(1):
        assert merge(api, *(marker.pk for marker in markers)).status_code == 200
