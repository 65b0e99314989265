"""The form with which content is made, and the guess at a picture just chosen in it."""

import json
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from arcontent.models import ARContent
from markers import analysis
from tests import hostile
from tests.accounts.factories import MembershipFactory, UserFactory
from tests.arcontent.desk import ADD, change_url, permit, upload

pytestmark = pytest.mark.django_db
Member = Callable[[Role], User]


def test_a_picture_a_video_and_a_title_make_content(
    desk: Client, superuser: User, picture: bytes, video: bytes
) -> None:
    response = upload(desk, picture, video)

    content = ARContent.objects.get()
    assert response.redirect_chain[-1][0] == change_url(content)  # type: ignore[attr-defined]
    assert (content.title, content.created_by) == ("Harbour", superuser)
    assert content.videos.count() == 1


def test_a_bad_file_is_explained_at_its_field_and_nothing_is_kept(
    desk: Client, video: bytes, media: Path
) -> None:
    page = upload(desk, hostile.text_named_jpg(), video).content.decode()  # type: ignore[attr-defined]

    assert "field-image" in page
    assert "errorlist" in page
    assert not ARContent.objects.exists()
    assert not media.exists()


def test_who_has_no_organisation_is_told_so(client: Client, picture: bytes, video: bytes) -> None:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))

    page = upload(client, picture, video).content.decode()  # type: ignore[attr-defined]

    assert "organisation" in page
    assert not ARContent.objects.exists()


def test_who_may_not_add_in_an_organisation_is_told_and_nothing_is_kept(
    client: Client, member: Member, picture: bytes, video: bytes
) -> None:
    viewer = permit(member(Role.VIEWER))
    MembershipFactory.create(user=viewer, role=Role.EDITOR)  # where new things are not made
    client.force_login(viewer)

    page = upload(client, picture, video).content.decode()  # type: ignore[attr-defined]

    assert "You may not add content here." in page
    assert not ARContent.objects.exists()


def test_a_script_is_told_where_to_go_and_the_message_waits_there(
    desk: Client, picture: bytes, video: bytes
) -> None:
    form = {
        "title": "Harbour",
        "image": SimpleUploadedFile("a.png", picture),
        "video": SimpleUploadedFile("a.mp4", video),
    }

    response = desk.post(reverse(ADD), form, headers={"accept": "application/json"})

    assert response.status_code == 201
    url = json.loads(response.content)["url"]
    assert url == change_url(ARContent.objects.get())
    assert "It is being prepared now." in desk.get(url).content.decode()


# --- The guess in the upload form ---------------------------------------------------------------


def guess(desk: Client, image: bytes, language: str = "en") -> HttpResponse:
    return desk.post(  # type: ignore[return-value]  # django-stubs names a class of its own
        reverse("admin:arcontent_prescore"),
        {"image": SimpleUploadedFile("a.png", image)},
        headers={"accept-language": language},
    )


def test_a_chosen_picture_is_rated_at_once_and_nothing_is_kept(
    desk: Client, picture: bytes, media: Path
) -> None:
    response = guess(desk, picture)

    said = response.content.decode()
    assert response.status_code == 200
    assert "<meter" in said
    assert "Phones will recognise it well." in said
    assert "desk-stars" in said
    assert not media.exists()


def test_the_guess_is_given_in_the_reader_s_language(desk: Client, picture: bytes) -> None:
    said = guess(desk, picture, language="ru").content.decode()

    assert "Phones" not in said
    assert re.search("[а-я]{4}", said)


@pytest.mark.parametrize(
    "image", [hostile.text_named_jpg(), hostile.featureless_png(), hostile.empty()]
)
def test_a_chosen_picture_that_cannot_be_used_is_refused_before_the_upload(
    desk: Client, image: bytes
) -> None:
    response = guess(desk, image)

    assert response.status_code == 200
    assert "desk-refusal" in response.content.decode()


def test_a_busy_server_says_when_to_ask_again(
    desk: Client, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "_places", threading.BoundedSemaphore(1))

    with analysis._place():
        response = guess(desk, picture)

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0


def test_a_request_without_a_picture_is_answered(desk: Client) -> None:
    url = reverse("admin:arcontent_prescore")

    assert desk.post(url).status_code == 400
    assert desk.get(url).status_code == 400


def test_who_may_not_upload_gets_no_guess(client: Client, stranger: User, picture: bytes) -> None:
    stranger.is_staff = True
    stranger.save()
    stranger.memberships.update(role=Role.VIEWER)
    client.force_login(stranger)

    assert guess(client, picture).status_code == 403


def test_the_form_works_without_scripts_and_hides_what_needs_them(desk: Client) -> None:
    page = desk.get(reverse(ADD)).content.decode()

    [box] = re.findall(r'<div id="desk-prescore"[^>]*>', page)
    assert " hidden " in box
    assert reverse("admin:arcontent_prescore") in box
