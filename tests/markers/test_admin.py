"""Markers in the back office."""

import ast
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from markers import compiler
from markers.admin import FAILURES, REASONS
from markers.admin import HINTS as KNOWN_HINTS
from markers.compiler.errors import HINTS
from markers.models import Marker
from tests.accounts.factories import MembershipFactory
from tests.markers.factories import MarkerFactory

pytestmark = pytest.mark.django_db
LIST = reverse("admin:markers_marker_changelist")


@pytest.fixture
def desk(client: Client, superuser: User) -> Client:
    client.force_login(superuser)
    return client


def change_url(marker: Marker) -> str:
    return reverse("admin:markers_marker_change", args=[marker.pk])


def test_pictures_in_the_list_are_small(desk: Client) -> None:
    MarkerFactory.create(ready=True)

    page = desk.get(LIST).content.decode()

    assert 'class="desk-thumbnail"' in page
    assert "arcontent/admin/desk.css" in page


def test_the_hint_is_shown_in_the_reader_s_language(desk: Client) -> None:
    marker = MarkerFactory.create(
        status="failed", failure_code="too_few_features", failure_hint=HINTS["too_few_features"]
    )

    page = desk.get(change_url(marker), headers={"accept-language": "ru"}).content.decode()

    with translation.override("ru"):
        russian = translation.gettext(HINTS["too_few_features"])
    assert russian != HINTS["too_few_features"]
    assert russian in page
    assert "Use a picture" not in page


def test_what_keeps_a_picture_from_a_good_score_is_said_in_words(desk: Client) -> None:
    report = {"reasons": ["low_contrast", "lost_when_small"], "detect_rate": 0.31}
    marker = MarkerFactory.create(ready=True, quality_score=20, quality_report=report)

    page = desk.get(change_url(marker)).content.decode()

    assert "pale" in page
    assert "from afar" in page
    assert "31%" in page
    assert "low_contrast" not in page


def test_a_report_of_another_compiler_is_no_trouble(desk: Client) -> None:
    report = {"reasons": ["something_new"], "views": 3}
    marker = MarkerFactory.create(ready=True, quality_report=report)

    assert "something_new" in desk.get(change_url(marker)).content.decode()


def test_nothing_can_be_typed_in_so_nothing_offers_to_save(desk: Client) -> None:
    page = desk.get(change_url(MarkerFactory.create(ready=True))).content.decode()

    assert 'name="_save"' not in page
    assert "submit-row" in page


def test_filters_name_no_organisation_of_others(client: Client, stranger: User) -> None:
    MarkerFactory.create(organization__name="Quay Studio")
    mine = [MembershipFactory.create(user=stranger).organization for _n in range(2)]
    for organization in mine:
        MarkerFactory.create(organization=organization)
    stranger.is_staff = True
    stranger.save()
    stranger.user_permissions.add(Permission.objects.get(codename="view_marker"))
    client.force_login(stranger)

    page = client.get(LIST).content.decode()

    assert all(organization.name in page for organization in mine)
    assert "Quay Studio" not in page


def test_a_longer_list_costs_no_more_queries(
    desk: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    marker = MarkerFactory.create(ready=True)
    with django_assert_max_num_queries(30) as few:
        desk.get(LIST)
    for _n in range(5):
        MarkerFactory.create(ready=True, organization=marker.organization)

    with django_assert_num_queries(len(few)):
        desk.get(LIST)


def test_every_hint_of_the_compiler_is_known_to_the_translators() -> None:
    assert set(KNOWN_HINTS) == set(HINTS.values())


def test_every_failure_of_the_compiler_is_said_in_words() -> None:
    assert set(FAILURES) >= set(HINTS)


def test_every_reason_of_the_compiler_is_said_in_words() -> None:
    codes = {
        str(key.value)
        for path in Path(compiler.__path__[0]).glob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef) and function.name.endswith("_reasons")
        for table in ast.walk(function)
        if isinstance(table, ast.Dict)
        for key in table.keys
        if isinstance(key, ast.Constant)
    }

    assert len(codes) > 5
    assert codes <= set(REASONS)
