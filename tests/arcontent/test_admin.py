"""The studio's desk."""

import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from arcontent import statistics
from arcontent.models import ARContent
from arcontent.statistics import Event
from markers.models import Marker
from tests import hostile
from tests.accounts.factories import UserFactory
from tests.arcontent.factories import ARContentFactory, VideoFactory, ready_content

pytestmark = pytest.mark.django_db
LIST, ADD = (f"admin:arcontent_arcontent_{name}" for name in ("changelist", "add"))


@pytest.fixture
def desk(client: Client, superuser: User) -> Client:
    client.force_login(superuser)
    return client


def change_url(content: ARContent) -> str:
    return reverse("admin:arcontent_arcontent_change", args=[content.pk])


def upload(desk: Client, image: bytes, video: bytes, title: str = "Harbour") -> "object":
    form = {
        "title": title,
        "image": SimpleUploadedFile("a.png", image),
        "video": SimpleUploadedFile("a.mp4", video),
    }
    return desk.post(reverse(ADD), form, follow=True)


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


def test_a_ready_content_shows_all_that_the_studio_needs(desk: Client) -> None:
    content = ready_content()
    statistics.count(content=content, event=Event.OPENED)

    page = desk.get(change_url(content)).content.decode()

    assert "desk-state-ready" in page
    assert "80 / 100" in page
    assert content.viewer_url in page
    assert f"/qr/{content.code}.svg" in page
    assert str(content.marker.preview_url) in page
    assert "<b>1</b>" in page


def test_a_failed_content_says_which_part_why_and_what_to_do(desk: Client) -> None:
    content = ARContentFactory.create(marker__failed=True)

    page = desk.get(change_url(content)).content.decode()

    assert "desk-state-failed" in page
    assert "too little in it" in page
    assert "Take another." in page


def test_title_and_button_can_be_changed_later(desk: Client) -> None:
    content = ready_content()
    form = {
        "title": "New",
        "call_to_action_label": "Buy",
        "call_to_action_url": "https://example.org",
    }

    desk.post(change_url(content), form)

    content.refresh_from_db()
    assert (content.title, content.call_to_action_label) == ("New", "Buy")


def test_compile_again_queues_the_marker(desk: Client) -> None:
    content = ready_content()

    desk.post(reverse("admin:arcontent_recompile", args=[content.pk]))

    content.marker.refresh_from_db()
    assert content.marker.status == Marker.Status.PENDING
    assert content.marker.target


def test_compile_again_of_a_busy_marker_says_so(desk: Client) -> None:
    content = ARContentFactory.create(marker__status="compiling")

    url = reverse("admin:arcontent_recompile", args=[content.pk])
    page = desk.post(url, follow=True).content.decode()

    assert "being compiled already" in page


@pytest.mark.parametrize("method", ["get"])
def test_looking_at_the_button_presses_nothing(desk: Client, method: str) -> None:
    content = ready_content()

    getattr(desk, method)(reverse("admin:arcontent_recompile", args=[content.pk]))

    content.marker.refresh_from_db()
    assert content.marker.status == Marker.Status.READY


def test_the_page_can_ask_how_far_it_is(desk: Client) -> None:
    content = VideoFactory.create().content

    body = json.loads(desk.get(reverse("admin:arcontent_status", args=[content.pk])).content)

    assert body == {"status": "processing", "parts": ["pending", "pending"]}


def test_content_is_not_deleted_for_its_code_is_printed(desk: Client) -> None:
    content = ready_content()

    response = desk.post(f"/admin/arcontent/arcontent/{content.pk}/delete/", {"post": "yes"})

    assert response.status_code == 403
    assert ARContent.objects.filter(pk=content.pk).exists()


def test_a_longer_list_costs_no_more_queries(
    desk: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ready_content()
    with django_assert_num_queries(12) as few:
        desk.get(reverse(LIST))
    for _n in range(5):
        ready_content()

    with django_assert_num_queries(len(few)):
        desk.get(reverse(LIST))


@pytest.mark.parametrize("model", ["accounts_user", "accounts_organization", "markers_marker"])
def test_every_list_and_form_opens(desk: Client, model: str) -> None:
    content = ready_content()
    rows = {
        "accounts_user": User.objects.first(),
        "accounts_organization": content.organization,
        "markers_marker": content.marker,
    }

    row = rows[model]
    assert row is not None
    assert desk.get(reverse(f"admin:{model}_changelist")).status_code == 200
    assert desk.get(reverse(f"admin:{model}_change", args=[row.pk])).status_code == 200


def test_a_marker_is_compiled_again_from_its_list(desk: Client) -> None:
    content = ready_content()
    form = {"action": "recompile", "_selected_action": [str(content.marker_id)]}

    page = desk.post(reverse("admin:markers_marker_changelist"), form, follow=True)

    content.marker.refresh_from_db()
    assert content.marker.status == Marker.Status.PENDING
    assert "1 of 1" in page.content.decode()


def test_staff_of_another_organisation_see_nothing_of_it(client: Client, stranger: User) -> None:
    content = ready_content()
    stranger.is_staff = True
    stranger.save()
    permissions = ("arcontent.view_arcontent", "arcontent.change_arcontent")
    for name in permissions:
        app, codename = name.split(".")
        stranger.user_permissions.add(
            *stranger.user_permissions.model.objects.filter(
                content_type__app_label=app, codename=codename
            )
        )
    client.force_login(stranger)

    assert content.title not in client.get(reverse(LIST)).content.decode()
    assert client.get(change_url(content)).status_code == 302
    assert client.get(reverse("admin:arcontent_status", args=[content.pk])).status_code == 404
