"""Content over the API: uploading, asking, and every way an upload can be bad."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from accounts.models import Role, User
from arcontent.models import ARContent, DailyStat
from markers.models import Marker
from tests import hostile
from tests.arcontent.factories import CaptionsFactory, ready_content
from tests.arcontent.uploads import CONTENTS, assert_refused, post
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db


def test_an_upload_is_accepted_and_answers_with_where_to_find_everything(
    api: APIClient, picture: bytes, video: bytes
) -> None:
    response = post(api, picture, video)

    body = response.json()
    assert response.status_code == 202
    assert body["status"] == "processing"
    assert body["failure"] is None
    assert body["viewer_url"].endswith(f"/ar/{body['code']}")
    assert body["qr_url"].endswith(f"/qr/{body['code']}.svg")
    assert body["marker"]["status"] == "pending"
    assert [video["status"] for video in body["videos"]] == ["pending"]


def test_two_uploads_with_one_key_are_one_content(
    api: APIClient, picture: bytes, video: bytes
) -> None:
    first, second = (post(api, picture, video, key="order-17").json() for _n in range(2))

    assert first["id"] == second["id"]
    assert ARContent.objects.count() == 1


def test_one_key_for_two_different_uploads_is_a_conflict(
    api: APIClient, picture: bytes, video: bytes
) -> None:
    post(api, picture, video, key="order-17")

    response = post(api, hostile.sideways_jpeg(), video, key="order-17")

    assert response.status_code == 409
    assert response.json()["type"] == "urn:vertexar:problem:idempotency_key_reused"


def test_a_key_that_is_too_long_is_refused_rather_than_cut(
    api: APIClient, picture: bytes, video: bytes, media: Path
) -> None:
    assert_refused(post(api, picture, video, key="k" * 201), "idempotency_key_invalid", media)


def test_a_full_disk_is_said_and_keeps_nothing(
    api: APIClient, picture: bytes, video: bytes, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    assert_refused(post(api, picture, video), "storage_full", media, status=507)


@pytest.mark.parametrize("missing", ["image", "video"])
def test_a_missing_file_is_pointed_at(
    api: APIClient, picture: bytes, video: bytes, media: Path, missing: str
) -> None:
    files = {"image": picture, "video": video, missing: None}

    response = post(api, files["image"], files["video"])

    assert_refused(response, "required", media)
    assert response.json()["errors"][0]["pointer"] == f"/{missing}"


def named(case: object) -> str:
    return getattr(case, "__name__", str(case))


BAD_PICTURES: list[tuple[Callable[[], bytes], str]] = [
    (hostile.empty, "empty_file"),
    (hostile.text_named_jpg, "picture_unreadable"),
    (hostile.truncated_jpeg, "picture_truncated"),
    (hostile.one_pixel_png, "picture_too_small"),
    (hostile.bomb_png, "picture_too_large"),
    (hostile.animated_gif, "picture_animated"),
    (hostile.long_narrow_png, "aspect_too_extreme"),
]


@pytest.mark.parametrize(("make", "code"), BAD_PICTURES, ids=named)
def test_a_bad_picture_is_refused_and_nothing_is_kept(
    api: APIClient, video: bytes, media: Path, make: Callable[[], bytes], code: str
) -> None:
    response = post(api, make(), video)

    assert_refused(response, code, media)
    assert response.json()["errors"][0]["pointer"] == "/image"
    assert response.json()["hint"]


BAD_VIDEOS: list[tuple[Callable[[], bytes], str]] = [
    (hostile.empty, "empty_file"),
    (hostile.html_as_video, "video_unreadable"),
    (hostile.playlist_as_video, "video_unreadable"),
    (hostile.concat_as_video, "video_unreadable"),
    (hostile.picture_as_video, "video_unreadable"),
]


@pytest.mark.parametrize(("make", "code"), BAD_VIDEOS, ids=named)
def test_a_bad_video_is_refused_and_nothing_is_kept(
    api: APIClient, picture: bytes, media: Path, make: Callable[[], bytes], code: str
) -> None:
    response = post(api, picture, make())

    assert_refused(response, code, media)
    assert response.json()["errors"][0]["pointer"] == "/video"


def test_a_video_without_a_frame_is_refused(
    api: APIClient, picture: bytes, media: Path, tmp_path: Path
) -> None:
    response = post(api, picture, hostile.zero_length_video(tmp_path))

    assert_refused(response, "video_zero_length", media)


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("VIDEO_MAX_BYTES", "file_too_large"),
        ("VIDEO_MAX_SECONDS", "video_too_long"),
        ("PICTURE_MAX_BYTES", "file_too_large"),
        ("PICTURE_MAX_PIXELS", "picture_too_large"),
    ],
)
def test_a_file_over_a_limit_is_refused(
    api: APIClient,
    picture: bytes,
    video: bytes,
    media: Path,
    settings: Settings,
    setting: str,
    code: str,
) -> None:
    setattr(settings, setting, 0.5)

    assert_refused(post(api, picture, video), code, media)


def test_a_request_over_the_limit_is_refused_by_its_length(
    api: APIClient, picture: bytes, video: bytes, media: Path, settings: Settings
) -> None:
    settings.UPLOAD_MAX_BYTES = 1000

    assert_refused(post(api, picture, video), "request_too_large", media, status=413)


@pytest.mark.parametrize("make", [hostile.cmyk_jpeg, hostile.polyglot_jpeg])
def test_an_unusual_but_sound_picture_is_taken(
    api: APIClient, video: bytes, media: Path, make: Callable[[], bytes]
) -> None:
    assert post(api, make(), video).status_code == 202

    stored = next(media.rglob("markers/pictures/*/*")).read_bytes()
    assert b"<script>" not in stored


def test_a_photograph_held_sideways_is_stored_upright(api: APIClient, video: bytes) -> None:
    post(api, hostile.sideways_jpeg(), video)

    marker = Marker.objects.get()
    assert (marker.width_px, marker.height_px) == (480, 640)


@pytest.mark.parametrize("title", ["", " ", "x" * 201])
def test_a_bad_title_is_pointed_at(
    api: APIClient, picture: bytes, video: bytes, title: str
) -> None:
    response = post(api, picture, video, title=title)

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/title"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "ftp://example.org", "example", "https://example.com:99999/"]
)
def test_a_button_leads_only_to_the_web(
    api: APIClient, picture: bytes, video: bytes, url: str
) -> None:
    response = post(api, picture, video, call_to_action_label="Buy", call_to_action_url=url)

    assert response.status_code == 400


def test_a_button_needs_text_and_link(api: APIClient, picture: bytes, video: bytes) -> None:
    response = post(api, picture, video, call_to_action_label="Buy")

    assert response.json()["type"] == "urn:vertexar:problem:call_to_action_incomplete"


def test_how_the_video_is_shown_is_said_with_the_upload(
    api: APIClient, picture: bytes, video: bytes
) -> None:
    said = {"video_fit": "contain", "when_lost": "keep", "stacked_alpha": "true"}

    body = post(api, picture, video, **said).json()

    assert (body["video_fit"], body["when_lost"], body["stacked_alpha"]) == (
        "contain",
        "keep",
        True,
    )


def test_without_a_word_the_video_covers_the_picture_and_fades_when_it_is_lost(
    api: APIClient, picture: bytes, video: bytes
) -> None:
    body = post(api, picture, video).json()

    assert (body["video_fit"], body["when_lost"], body["stacked_alpha"]) == ("cover", "hide", False)


@pytest.mark.parametrize("name", ["video_fit", "when_lost"])
def test_an_unknown_way_to_show_the_video_is_refused(
    api: APIClient, picture: bytes, video: bytes, name: str
) -> None:
    response = post(api, picture, video, **{name: "upside_down"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == f"/{name}"


def test_json_is_not_how_files_are_sent(api: APIClient) -> None:
    assert api.post(CONTENTS, {"title": "A"}, format="json").status_code == 415


# --- Who sees what ----------------------------------------------------------------------------


def test_nobody_is_nobody(picture: bytes, video: bytes) -> None:
    response = post(APIClient(), picture, video)

    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_viewer_may_look_but_not_upload(
    member: Callable[[Role], User], picture: bytes, video: bytes
) -> None:
    response = post(signed_in(member(Role.VIEWER)), picture, video)

    assert response.status_code == 403
    assert response.json()["type"] == "urn:vertexar:problem:not_allowed"


def test_what_belongs_to_others_is_not_there(api: APIClient, stranger: User) -> None:
    others = ready_content(organization=stranger.memberships.get().organization)

    assert api.get(f"{CONTENTS}/{others.pk}").status_code == 404
    assert api.get(f"{CONTENTS}/{others.pk}/stats").status_code == 404
    assert api.get(CONTENTS).json()["count"] == 0


def test_a_list_is_paged_and_found_by_title(api: APIClient, editor: User) -> None:
    organization = editor.memberships.get().organization
    for title in ("Harbour", "Lighthouse", "Harbour at dawn"):
        ready_content(organization=organization, title=title)

    body = api.get(f"{CONTENTS}?search=harbour&ordering=title&page_size=1").json()

    assert body["count"] == 2
    assert [row["title"] for row in body["results"]] == ["Harbour"]
    assert body["next"]


def test_a_longer_list_costs_no_more_queries(
    api: APIClient, editor: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    organization = editor.memberships.get().organization
    for _n in range(5):
        content = ready_content(organization=organization)
        CaptionsFactory.create_batch(2, video=content.videos.get())

    with django_assert_num_queries(4):  # the count, the rows, their videos, their captions
        assert len(api.get(CONTENTS).json()["results"]) == 5


# --- Counting ---------------------------------------------------------------------------------


def test_beacons_are_counted_by_day_and_shown(api: APIClient, editor: User) -> None:
    content = ready_content(organization=editor.memberships.get().organization)
    for event in ("opened", "opened", "found", "played", "clicked"):
        beacon = {"code": content.code, "event": event}
        assert APIClient().post("/api/v1/events", beacon, "json").status_code == 204

    body = api.get(f"{CONTENTS}/{content.pk}/stats").json()

    assert body["total"] == {"opened": 2, "found": 1, "played": 1, "clicked": 1}
    assert len(body["days"]) == 1


@pytest.mark.parametrize("by", ["pk", "code"])
def test_the_click_of_version_1_1_counts_too(by: str) -> None:
    content = ready_content()

    response = APIClient().post(f"/ar/{getattr(content, by)}/click")

    assert response.status_code == 204
    assert DailyStat.objects.get(content=content).clicked == 1


@pytest.mark.parametrize(
    ("beacon", "status"),
    [
        ({"code": "nosuchcode", "event": "opened"}, 404),
        ({"code": "x" * 99, "event": "opened"}, 400),
        ({"event": "opened"}, 400),
        ({"code": "abc", "event": "hacked"}, 400),
        ([], 400),
    ],
)
def test_a_beacon_that_makes_no_sense_counts_nothing(beacon: Any, status: int) -> None:
    ready_content()

    response = APIClient().post("/api/v1/events", beacon, "json")

    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert not DailyStat.objects.exists()


@pytest.mark.parametrize(
    "body", ['{"code": "a", "event": "\\ud800"}', "[" * 100_000, '{"a":' * 100_000, "{", "\x00"]
)
def test_a_body_that_nobody_can_read_is_the_senders_mistake(body: str) -> None:
    response = APIClient().post("/api/v1/events", body, content_type="application/json")

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
