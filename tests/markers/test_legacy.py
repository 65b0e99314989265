"""The old paths for markers: they go on working, and say what took their place."""

import io
import json
import re
from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts.models import Role, User
from markers.models import Marker, MarkerBatch
from tests import hostile
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db
ANALYZE, GENERATE = "/nft-marker/analyze", "/nft-marker/generate"


def test_an_old_client_gets_its_picture_rated(api: APIClient, picture: bytes) -> None:
    response = api.post(ANALYZE, {"image": io.BytesIO(picture), "quick": "1"}, format="multipart")

    assert response.status_code == 200
    assert 0 < response.json()["quality_score"] <= 100


def test_an_old_client_gets_its_marker(api: APIClient, editor: User, picture: bytes) -> None:
    response = api.post(
        GENERATE, {"image": io.BytesIO(picture), "marker_name": "harbour"}, format="multipart"
    )

    said, marker = response.json(), Marker.objects.get()
    assert response.status_code == 202
    assert (said["id"], said["status"]) == (str(marker.pk), "pending")
    assert said["marker_name"] == "harbour"
    assert said["status_url"] == f"/api/v1/markers/{marker.pk}"
    assert said["files"]["fset3"] == f"/api/v1/markers/{marker.pk}/target.fset3"
    assert api.get(said["status_url"]).status_code == 200
    assert marker.organization in [each.organization for each in editor.memberships.all()]


@pytest.mark.parametrize("path", [ANALYZE, GENERATE])
def test_every_answer_names_the_successor_and_since_when(api: APIClient, path: str) -> None:
    response = api.post(path, {"image": io.BytesIO(hostile.one_pixel_png())}, format="multipart")

    assert response.status_code == 400
    assert re.fullmatch(r"@[0-9]{10}", response["Deprecation"])
    assert re.fullmatch(r'</api/v1/markers/\w+>; rel="successor-version"', response["Link"])


def test_what_the_old_configuration_said_of_levels_is_let_be_and_our_options_count(
    api: APIClient, picture: bytes
) -> None:
    config = {"min_dpi": 72, "levels": 3, "physical_width_mm": 210, "profile": "lean"}

    api.post(
        GENERATE, {"image": io.BytesIO(picture), "config": json.dumps(config)}, format="multipart"
    )

    assert Marker.objects.get().options == {"physical_width_mm": 210, "profile": "lean"}


@pytest.mark.parametrize("config", ["{", "[1]", '{"physical_width_mm": "wide"}'])
def test_a_configuration_that_makes_no_sense_is_refused(
    api: APIClient, picture: bytes, config: str
) -> None:
    response = api.post(
        GENERATE, {"image": io.BytesIO(picture), "config": config}, format="multipart"
    )

    assert response.status_code == 400
    assert response.json()["type"] == "urn:vertexar:problem:unusable_options"
    assert not Marker.objects.exists()


def test_a_bad_picture_makes_no_marker(api: APIClient) -> None:
    response = api.post(
        GENERATE, {"image": io.BytesIO(hostile.text_named_jpg())}, format="multipart"
    )

    assert response.status_code == 400
    assert response.json()["type"] == "urn:vertexar:problem:picture_unreadable"
    assert response.json()["errors"][0]["pointer"] == "/image"
    assert not Marker.objects.exists()


@pytest.mark.parametrize("path", [ANALYZE, GENERATE])
def test_who_is_not_signed_in_gets_nothing(path: str, picture: bytes) -> None:
    response = APIClient().post(path, {"image": io.BytesIO(picture)}, format="multipart")

    assert response.status_code == 401
    assert response["Deprecation"]


def test_who_may_only_look_makes_no_marker(member: Callable[[Role], User], picture: bytes) -> None:
    viewer = signed_in(member(Role.VIEWER))

    response = viewer.post(GENERATE, {"image": io.BytesIO(picture)}, format="multipart")

    assert response.status_code == 403
    assert not MarkerBatch.objects.exists()
