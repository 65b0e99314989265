"""Options that come with an upload: checked before anything is stored."""

from pathlib import Path

import pytest
from rest_framework.test import APIClient

from accounts.models import Organization
from markers.models import Marker
from tests.arcontent.uploads import assert_refused, post
from tests.markers.factories import MarkerPresetFactory

pytestmark = pytest.mark.django_db


def test_a_picture_is_compiled_with_the_options_it_came_with(
    api: APIClient, picture: bytes, video: bytes, studio: Organization
) -> None:
    options = {"profile": "lean", "physical_width_mm": 210}
    MarkerPresetFactory.create(organization=studio, name="Museum", options=options)

    response = post(api, picture, video, preset="Museum", options='{"physical_width_mm": 100}')

    assert response.status_code == 202
    assert Marker.objects.get().options == {"profile": "lean", "physical_width_mm": 100}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ('{"profile": "best"}', "unusable_options"),
        ('{"physical_width_mm": NaN}', "unusable_options"),
        ('{"physical_width_mm": 1}', "option_out_of_range"),
        ("lean", "unusable_options"),
        ("", "unusable_options"),
        ("[" * 100_000, "unusable_options"),
    ],
)
def test_options_that_no_compiler_knows_are_refused_and_nothing_is_kept(
    api: APIClient, picture: bytes, video: bytes, media: Path, options: str, code: str
) -> None:
    response = post(api, picture, video, options=options)

    assert_refused(response, code, media)
    assert response.json()["errors"][0]["pointer"] == "/options"
    assert response.json()["hint"]


def test_a_preset_of_others_is_not_there_and_nothing_is_kept(
    api: APIClient, picture: bytes, video: bytes, media: Path
) -> None:
    MarkerPresetFactory.create(name="Museum")

    response = post(api, picture, video, preset="Museum")

    assert_refused(response, "preset_unknown", media, status=404)
    assert response.json()["hint"]


def test_one_key_for_two_choices_of_options_is_a_conflict(
    api: APIClient, picture: bytes, video: bytes
) -> None:
    first, again, other = (
        post(api, picture, video, key="order-17", options=options)
        for options in ('{"enhance": true, "profile": "lean"}',
                        '{"profile": "lean", "enhance": true}',
                        '{"profile": "lean"}')
    )  # fmt: skip

    assert first.json()["id"] == again.json()["id"]
    assert other.status_code == 409
