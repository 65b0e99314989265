"""The back office as a whole: its first page, its order, its language."""

import html
import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from arcontent import statistics
from arcontent.languages import own_name
from arcontent.statistics import Event
from markers.wording import REASONS
from tests.arcontent.factories import ARContentFactory, ready_content
from tests.whole.test_translations import KNOWN

pytestmark = pytest.mark.django_db
LISTS = [
    reverse(f"admin:{model}_changelist")
    for model in (
        "arcontent_arcontent", "markers_marker", "accounts_user", "accounts_organization",
        "accounts_apisession", "accounts_auditentry", "accounts_invitation",
    )
]  # fmt: skip
ADD = reverse("admin:arcontent_arcontent_add")


@pytest.fixture
def desk(client: Client, superuser: User) -> Client:
    client.force_login(superuser)
    return client


def test_what_is_needed_most_comes_first(desk: Client) -> None:
    apps = desk.get(reverse("admin:index")).context["app_list"]

    names = [[model["object_name"] for model in app["models"]] for app in apps]
    people = ["ApiSession", "AuditEntry", "Invitation", "Organization", "User"]
    assert names == [["ARContent", "MarkerPreset", "Marker"], ["BackupRun"], people]


def test_the_first_page_tells_a_newcomer_what_to_do(desk: Client) -> None:
    page = desk.get(reverse("admin:index")).content.decode()

    assert "Make a printed picture come alive" in page
    assert ADD in page


def test_the_first_page_shows_what_was_made_last(
    desk: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    content = ready_content()
    with django_assert_max_num_queries(20) as few:
        page = desk.get(reverse("admin:index")).content.decode()
    for _n in range(4):
        ready_content()

    with django_assert_num_queries(len(few)):
        desk.get(reverse("admin:index"))
    assert content.title in page
    assert reverse("admin:arcontent_arcontent_change", args=[content.pk]) in page
    assert "Make a printed picture" not in page


def test_no_page_in_russian_has_an_english_text_of_ours(desk: Client, superuser: User) -> None:
    ready = ready_content(marker__quality_score=20, marker__quality_report={"reasons": [*REASONS]})
    failed = ARContentFactory.create(marker__failed=True, marker__failure_hint="")
    statistics.count(content=ready, event=Event.OPENED)
    pages = [reverse("admin:login"), reverse("admin:index"), LISTS[0], ADD]
    pages += [reverse("admin:arcontent_arcontent_change", args=[c.pk]) for c in (ready, failed)]
    pages += LISTS[1:]
    pages += [reverse(f"admin:accounts_{name}_add") for name in ("user", "organization")]
    pages += [reverse("admin:accounts_invitation_add"), reverse("admin_password_reset")]
    pages += [
        reverse("admin:markers_marker_change", args=[failed.marker_id]),
        reverse("admin:accounts_user_change", args=[superuser.pk]),
        reverse("admin:accounts_organization_change", args=[ready.organization_id]),
    ]
    # In a list of languages each is called what it calls itself.
    english = {text for text in KNOWN if len(text) > 6} - {own_name("en")}

    for url in pages:
        page = desk.get(url, headers={"accept-language": "ru"}, follow=True).content.decode()
        words = html.unescape(re.sub(r"<[^>]*>", "\n", page))
        lines = {line.strip().lower() for line in words.splitlines()}
        assert not {text for text in english if text.lower() in lines}, url
