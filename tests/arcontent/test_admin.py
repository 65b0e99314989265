"""The studio's desk."""

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from arcontent import statistics
from arcontent import video as video_package
from arcontent.models import ARContent, ContentStatus
from arcontent.standing import COMPARED_WITHIN, REASONS
from arcontent.statistics import Event
from markers.models import Marker
from tests.accounts.factories import MembershipFactory
from tests.arcontent.desk import ADD, LIST, change_url, permit
from tests.arcontent.factories import ARContentFactory, VideoFactory, ready_content
from tests.markers.factories import LookAlikeFactory, MarkerFactory

pytestmark = pytest.mark.django_db
Member = Callable[[Role], User]


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


def test_title_button_and_how_the_video_is_shown_can_be_changed_later(desk: Client) -> None:
    content = ready_content()
    form = {
        "title": "New",
        "call_to_action_label": "Buy",
        "call_to_action_url": "https://example.org",
        "video_fit": "contain",
        "when_lost": "keep",
        "stacked_alpha": "on",
    }

    desk.post(change_url(content), form)

    content.refresh_from_db()
    assert (content.title, content.call_to_action_label) == ("New", "Buy")
    assert (content.video_fit, content.when_lost, content.stacked_alpha) == (
        "contain",
        "keep",
        True,
    )


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

    assert body == {
        "status": "processing",
        "parts": ["pending", "pending", "compared"],
        "done": False,
        "says": "Picture: waiting, Video: waiting",
    }


def test_the_page_learns_when_all_is_done(desk: Client) -> None:
    content = ready_content()
    Marker.objects.update(compared_target=content.marker.target)

    body = json.loads(desk.get(reverse("admin:arcontent_status", args=[content.pk])).content)

    assert (body["done"], body["says"]) == (True, "ready")


def test_the_page_waits_a_moment_for_look_alikes_and_no_longer(desk: Client) -> None:
    url = reverse("admin:arcontent_status", args=[ready_content().pk])

    just_compiled = json.loads(desk.get(url).content)
    Marker.objects.update(updated_at=timezone.now() - COMPARED_WITHIN)
    later = json.loads(desk.get(url).content)

    assert (just_compiled["done"], later["done"]) == (False, True)
    assert just_compiled["says"] == "ready"


def test_content_with_a_look_alike_warns_of_it_with_a_link(desk: Client) -> None:
    content, other = ready_content(), ready_content()
    Marker.objects.update(organization=content.organization)
    LookAlikeFactory.create(marker=other.marker, other=content.marker, likeness=0.42)

    page = desk.get(change_url(content)).content.decode()

    assert "may mistake this picture" in page
    assert change_url(other) in page
    assert "42%" in page


def test_content_without_a_look_alike_warns_of_nothing(desk: Client) -> None:
    assert "desk-warning" not in desk.get(change_url(ready_content())).content.decode()


def test_the_heat_map_is_shown_beside_the_picture(desk: Client) -> None:
    content = ready_content()
    Marker.objects.update(heat_map="markers/heatmaps/00/map.jpg")

    assert "markers/heatmaps/00/map.jpg" in desk.get(change_url(content)).content.decode()


def test_content_is_not_deleted_for_its_code_is_printed(desk: Client) -> None:
    content = ready_content()

    response = desk.post(f"/admin/arcontent/arcontent/{content.pk}/delete/", {"post": "yes"})

    assert response.status_code == 403
    assert ARContent.objects.filter(pk=content.pk).exists()


def test_a_longer_list_costs_no_more_queries(
    desk: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    ready_content()
    with django_assert_max_num_queries(20) as few:
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
    client.force_login(permit(stranger, "view_arcontent", "change_arcontent"))

    assert content.title not in client.get(reverse(LIST)).content.decode()
    assert content.title not in client.get(reverse("admin:index")).content.decode()
    assert client.get(change_url(content)).status_code == 302
    assert client.get(reverse("admin:arcontent_status", args=[content.pk])).status_code == 404


def test_filters_name_no_organisation_of_others(client: Client, stranger: User) -> None:
    ready_content(organization__name="Quay Studio")
    mine = [MembershipFactory.create(user=stranger).organization for _n in range(2)]
    for organization in mine:
        ready_content(organization=organization)
    client.force_login(permit(stranger, "view_arcontent"))

    page = client.get(reverse(LIST)).content.decode()

    assert all(organization.name in page for organization in mine)
    assert "Quay Studio" not in page


def test_who_may_only_look_is_offered_no_work(client: Client, member: Member) -> None:
    viewer = member(Role.VIEWER)
    content = ready_content(organization=viewer.memberships.get().organization)
    client.force_login(permit(viewer, "view_arcontent"))

    page = client.get(change_url(content)).content.decode()
    front = client.get(reverse("admin:index")).content.decode()

    assert content.title in page
    assert "Compile again" not in page
    assert content.title in front
    assert reverse(ADD) not in front


MARKERS: list[dict[str, Any]] = [
    {},
    {"ready": True},
    {"failed": True},
    {"failed": True, "target": "markers/targets/00/old.mind"},
    {"ready": True, "status": "pending"},
]
VIDEOS: list[list[dict[str, Any]]] = [
    [],
    [{}],
    [{"ready": True}],
    [{"failed": True}],
    [{"ready": True, "enabled": False}],
    [{"failed": True}, {"ready": True}],
]


def test_the_filter_and_the_status_agree_in_every_case(desk: Client) -> None:
    for marker in MARKERS:
        for videos in VIDEOS:
            content = ARContentFactory.create(marker=MarkerFactory.create(**marker))
            for video in videos:
                VideoFactory.create(content=content, **video)

    for status in ContentStatus:
        page = desk.get(reverse(LIST), {"state": status.value})
        shown = {content.pk for content in page.context["cl"].result_list}
        meant = {c.pk for c in ARContent.objects.with_parts() if c.status == status}
        assert shown == meant
        assert shown


def test_a_status_that_there_is_not_filters_nothing(desk: Client) -> None:
    content = ready_content()

    assert content.title in desk.get(reverse(LIST), {"state": "sold"}).content.decode()


def test_the_filter_can_count(desk: Client) -> None:
    ready_content()

    assert "ready (1)" in desk.get(reverse(LIST), {"_facets": "True"}).content.decode()


def test_every_failure_of_a_video_is_said_in_words() -> None:
    codes = {
        str(ast.literal_eval(keyword.value))
        for path in Path(video_package.__path__[0]).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "code"
    }

    assert len(codes) > 5
    assert codes <= set(REASONS)


def test_a_chart_without_numbers_says_so(desk: Client) -> None:
    page = desk.get(change_url(ready_content())).content.decode()

    assert "Nobody has opened it yet." in page
    assert "<svg class" not in page
