"""Captions of a video: over the API, on the studio's desk, and as viewers get them."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import AuditEntry, Role, User
from arcontent import services
from arcontent.models import Captions, Video
from tests.arcontent.desk import change_url
from tests.arcontent.factories import CaptionsFactory, VideoFactory, ready_content
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db

SUBRIP = b"1\n00:00:00,000 --> 00:00:02,500\n<i>Listen</i> to <script>the sea</script>\n"
WEBVTT = "WEBVTT\n\n00:00:00.000 --> 00:00:02.500\n<i>Listen</i> to the sea\n"


@pytest.fixture
def film(editor: User) -> Video:
    """A video of the editor's studio that viewers see."""
    return ready_content(organization=editor.memberships.get().organization).videos.get()


def url_of(video: Video, language: str = "") -> str:
    path = f"/api/v1/contents/{video.content_id}/videos/{video.pk}/captions"
    return f"{path}/{language}" if language else path


def put(api: APIClient, video: Video, language: str, data: bytes = SUBRIP) -> Any:
    file = SimpleUploadedFile("captions.srt", data)
    return api.put(url_of(video, language), {"file": file}, format="multipart")


def counting_anew(settings: Settings) -> None:
    settings.RATE_LIMIT_ENABLED, settings.RATELIMIT_CACHE_PREFIX = True, uuid4().hex


def manifest_of(video: Video) -> Any:
    (shown,) = Client().get(f"/ar/{video.content.code}/manifest").json()["videos"]
    return shown["captions"]


# --- Over the API -----------------------------------------------------------------------------


def test_captions_are_put_listed_replaced_and_deleted(api: APIClient, film: Video) -> None:
    made = put(api, film, "ru")
    put(api, film, "pt-br")

    assert made.status_code == 201
    assert (made.json()["label"], made.json()["cue_count"], made.json()["ends_s"]) == (
        "Русский",
        1,
        2.5,
    )

    replaced = put(api, film, "RU", SUBRIP.replace(b"02,500", b"03,000"))
    listed = api.get(url_of(film)).json()

    assert replaced.status_code == 200
    assert replaced.json()["id"] == made.json()["id"]
    assert [(row["language"], row["ends_s"]) for row in listed["results"]] == [
        ("ru", 3.0),
        ("pt-BR", 2.5),
    ]

    assert api.delete(url_of(film, "ru")).status_code == 204
    assert api.delete(url_of(film, "ru")).status_code == 404
    content = api.get(f"/api/v1/contents/{film.content_id}").json()
    assert [row["language"] for row in content["videos"][0]["captions"]] == ["pt-BR"]


def test_what_is_done_to_captions_is_written_down(api: APIClient, film: Video) -> None:
    for _twice in range(2):
        put(api, film, "ru")
    api.delete(url_of(film, "ru"))

    entries = AuditEntry.objects.filter(object_type="arcontent.Captions").order_by("at")
    assert [entry.action for entry in entries] == ["created", "changed", "deleted"]
    assert {entry.details["language"] for entry in entries} == {"ru"}
    assert {entry.organization for entry in entries} == {film.content.organization}


@pytest.mark.parametrize(
    ("language", "data", "code", "pointer"),
    [
        ("ru", b"", "empty_file", "/file"),
        ("ru", b"PK\x03\x04", "captions_unreadable", "/file"),
        ("russian", SUBRIP, "language_invalid", "/language"),
    ],
)
def test_what_can_not_be_used_is_refused_and_keeps_what_is_there(
    api: APIClient, film: Video, language: str, data: bytes, code: str, pointer: str
) -> None:
    put(api, film, "ru")

    refused = put(api, film, language, data)

    body = refused.json()
    assert (refused.status_code, body["type"]) == (400, f"urn:vertexar:problem:{code}")
    assert body["errors"][0]["pointer"] == pointer
    assert body["hint"]
    assert Captions.objects.get().webvtt == WEBVTT


def test_a_file_that_is_too_heavy_is_refused_unread(api: APIClient, film: Video) -> None:
    refused = put(api, film, "ru", b"\xff" * 256_001)

    assert refused.json()["type"] == "urn:vertexar:problem:file_too_large"


def test_captions_in_too_many_languages_are_refused_and_those_there_replaced(
    api: APIClient, film: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MAX_LANGUAGES", 1)
    put(api, film, "ru")

    assert put(api, film, "en").json()["type"] == "urn:vertexar:problem:too_many_captions"
    assert put(api, film, "ru").status_code == 200


def test_who_may_only_look_changes_nothing(member: Callable[[Role], User], film: Video) -> None:
    CaptionsFactory.create(video=film, language="ru")
    viewer = signed_in(member(Role.VIEWER))

    statuses = [put(viewer, film, "en").status_code, viewer.delete(url_of(film, "ru")).status_code]

    assert statuses == [403, 403]
    assert viewer.get(url_of(film)).json()["count"] == 1


def test_a_video_is_found_below_its_own_content_only(api: APIClient, film: Video) -> None:
    other = ready_content(organization=film.content.organization)
    film.content_id = other.pk

    assert put(api, film, "ru").status_code == 404
    assert api.get(url_of(film)).status_code == 404


# --- As viewers get them ----------------------------------------------------------------------


def test_the_manifest_names_captions_and_they_are_there(api: APIClient, film: Video) -> None:
    for language in ("ru", "en"):
        put(api, film, language)

    named = manifest_of(film)
    response = Client().get(named[0]["url"])

    assert [(one["language"], one["label"]) for one in named] == [
        ("ru", "Русский"),
        ("en", "English"),
    ]
    assert response.content.decode() == WEBVTT
    assert response["Content-Type"] == "text/vtt; charset=utf-8"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "public, max-age=60"


def test_captions_are_sent_anew_only_when_they_have_changed(api: APIClient, film: Video) -> None:
    put(api, film, "ru")
    url = manifest_of(film)[0]["url"]
    known = {"If-None-Match": Client().get(url)["ETag"]}

    same = Client().get(url, headers=known)
    put(api, film, "ru", SUBRIP.replace(b"sea", b"wind"))
    changed = Client().get(url, headers=known)

    assert (same.status_code, same.content) == (304, b"")
    assert changed.status_code == 200


HIDDEN: dict[str, dict[str, Any]] = {
    "that is switched off": {"enabled": False},
    "that is not prepared": {"status": Video.Status.PENDING, "rendition": ""},
}


@pytest.mark.parametrize("fields", HIDDEN.values(), ids=HIDDEN)
def test_captions_of_a_video_that_is_not_shown_are_not_there(
    film: Video, fields: dict[str, Any]
) -> None:
    url = CaptionsFactory.create(video=film).url
    assert Client().get(url).status_code == 200

    Video.objects.filter(pk=film.pk).update(**fields)

    assert Client().get(url).status_code == 404


def test_captions_are_found_under_their_own_code_only(film: Video) -> None:
    captions = CaptionsFactory.create(video=film)
    other = ready_content()

    for code, pk in ((other.code, captions.pk), ("%00", captions.pk), (film.content.code, uuid4())):
        assert Client().get(f"/ar/{code}/captions/{pk}.vtt").status_code == 404


def test_whoever_asks_for_captions_too_often_is_refused(film: Video, settings: Settings) -> None:
    counting_anew(settings)
    settings.VIEWER_RATE_LIMIT = "1/day"
    url = CaptionsFactory.create(video=film).url

    statuses = [Client().get(url).status_code for _twice in range(2)]

    assert statuses == [200, 429]


# --- On the studio's desk ---------------------------------------------------------------------


def form_of(video: Video, **more: Any) -> dict[str, Any]:
    return {"title": video.content.title, "video_fit": "cover", "when_lost": "hide", **more}


def captions_form(video: Video, data: bytes = SUBRIP, **more: Any) -> dict[str, Any]:
    file = SimpleUploadedFile("captions.srt", data)
    return form_of(video, captions_language="ru", captions_file=file, **more)


def test_captions_are_added_seen_and_taken_away_on_the_desk(desk: Client, film: Video) -> None:
    url = change_url(film.content)
    desk.post(url, captions_form(film))

    captions = Captions.objects.get()
    page = desk.get(url).content.decode()
    assert (captions.video, captions.language, captions.webvtt) == (film, "ru", WEBVTT)
    link = f'<a href="{captions.url}" lang="ru" hreflang="ru">Русский</a>'
    assert f"{link} (captions: 1, up to 0:02)" in page

    desk.post(url, form_of(film, captions_removed=[str(captions.pk)]))

    assert not Captions.objects.exists()
    assert "captions_removed" not in desk.get(url).content.decode()


def test_of_several_videos_the_desk_asks_which(desk: Client, film: Video) -> None:
    second = VideoFactory.create(content=film.content, ready=True, position=1)

    desk.post(change_url(film.content), captions_form(film, captions_video=str(second.pk)))

    page = desk.get(change_url(film.content)).content.decode()
    assert Captions.objects.get().video == second
    assert "Русский · 2</a>" in page


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"captions_language": "ru"}, "Choose the file with the captions."),
        ({"captions_file": SUBRIP}, "Say which language they are in."),
        ({"captions_language": "ru", "captions_file": b"no"}, "captions of a kind that we know"),
    ],
    ids=["no file", "no language", "no captions"],
)
def test_what_is_wrong_with_captions_is_said_and_nothing_is_kept(
    desk: Client, film: Video, form: dict[str, Any], says: str
) -> None:
    files = {
        name: SimpleUploadedFile("a.srt", value)
        for name, value in form.items()
        if isinstance(value, bytes)
    }

    page = desk.post(change_url(film.content), form_of(film, **{**form, **files})).content.decode()

    assert says in page
    assert not Captions.objects.exists()


def test_the_desk_takes_away_no_captions_and_gives_none_to_videos_of_others(
    desk: Client, film: Video
) -> None:
    theirs = CaptionsFactory.create(language="ru")

    desk.post(change_url(film.content), form_of(film, captions_removed=[str(theirs.pk)]))
    desk.post(change_url(film.content), captions_form(film, captions_video=str(theirs.video.pk)))

    assert list(Captions.objects.all()) == [theirs]
    assert Captions.objects.get().cue_count == theirs.cue_count


def test_who_may_only_look_sees_captions_and_no_form_for_them(
    client: Client, member: Callable[[Role], User], film: Video
) -> None:
    captions = CaptionsFactory.create(video=film, language="ru")
    viewer = member(Role.VIEWER)
    User.objects.filter(pk=viewer.pk).update(is_staff=True)
    client.force_login(viewer)

    page = client.get(change_url(film.content)).content.decode()
    client.post(change_url(film.content), captions_form(film))

    assert captions.url in page
    assert "captions_file" not in page
    assert list(Captions.objects.all()) == [captions]


def test_files_of_captions_count_as_uploads_on_the_desk(
    desk: Client, film: Video, settings: Settings
) -> None:
    counting_anew(settings)
    settings.UPLOAD_RATE_LIMIT = "1/day"
    url = change_url(film.content)
    desk.post(url, captions_form(film))

    page = desk.post(url, captions_form(film, b""), follow=True).content.decode()

    assert "You ask too often." in page
    assert Captions.objects.get().webvtt == WEBVTT
