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
from markers.compiler.errors import HINTS
from markers.models import Marker
from markers.wording import FAILURES, REASONS
from markers.wording import HINTS as KNOWN_HINTS
from tests.accounts.factories import MembershipFactory
from tests.markers.factories import LookAlikeFactory, MarkerFactory

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


def test_finding_and_following_are_graded_apart(desk: Client) -> None:
    report = {"stars": 4, "detect_stars": 5, "track_stars": 2, "reasons": []}
    marker = MarkerFactory.create(ready=True, quality_score=88, quality_report=report)

    page = desk.get(change_url(marker)).content.decode()

    assert all(f"{count} of 5 stars" in page for count in (4, 5, 2))


def test_the_heat_map_is_shown_beside_picture_and_features(desk: Client) -> None:
    marker = MarkerFactory.create(ready=True, heat_map="markers/heatmaps/00/map.jpg")

    page = desk.get(change_url(marker)).content.decode()

    assert all(str(url) in page for url in (marker.preview_url, marker.heat_map_url))


def test_all_files_can_be_downloaded_and_their_sizes_are_known(desk: Client) -> None:
    marker = MarkerFactory.with_files("mind", "iset", "fset", "fset3")
    Marker.objects.update(file_bytes={"mind": 2_097_152, "iset": 10, "fset": 11, "fset3": 12})

    page = desk.get(change_url(marker)).content.decode()

    assert "2.0\xa0MB" in page
    for extension in ("mind", "iset", "fset", "fset3"):
        url = reverse("admin:markers_marker_file", args=[marker.pk, extension])
        assert url in page
        content = b"".join(desk.get(url).streaming_content)  # type: ignore[attr-defined]
        assert str(marker.pk).encode() in content


def test_a_file_that_is_not_there_leads_back_with_a_word(desk: Client) -> None:
    marker = MarkerFactory.create(ready=True)
    url = reverse("admin:markers_marker_file", args=[marker.pk, "fset"])

    response = desk.get(url, follow=True)

    assert response.redirect_chain == [(change_url(marker), 302)]
    assert "messagelist" in response.content.decode()


def test_there_is_no_file_of_another_kind(desk: Client) -> None:
    marker = MarkerFactory.with_files("mind")

    url = reverse("admin:markers_marker_file", args=[marker.pk, "exe"])

    assert desk.get(url).status_code == 404


def test_files_of_others_are_not_there(client: Client, stranger: User) -> None:
    marker = MarkerFactory.with_files("mind")
    stranger.is_staff = True
    stranger.save()
    stranger.user_permissions.add(Permission.objects.get(codename="view_marker"))
    client.force_login(stranger)

    url = reverse("admin:markers_marker_file", args=[marker.pk, "mind"])

    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ({"dpi": 150, "dpi_source": "default", "width_mm": 81.3}, "150 dpi, assumed"),
        ({"dpi": 122, "dpi_source": "physical_width", "width_mm": 100.0}, "122 dpi, from the"),
        ({"failure": "too_few_features", "hint": ""}, "too little in it"),
    ],
)
def test_what_the_nft_files_take_the_print_for_is_said(
    desk: Client, report: dict[str, object], said: str
) -> None:
    marker = MarkerFactory.create(ready=True, nft_report=report)

    assert said in desk.get(change_url(marker)).content.decode()


def test_what_was_chosen_and_how_long_it_took_is_said(desk: Client) -> None:
    options = {"profile": "lean", "enhance": False, "physical_width_mm": 210}
    marker = MarkerFactory.create(ready=True, options=options, compile_seconds=1.25)

    page = desk.get(change_url(marker)).content.decode()

    assert all(text in page for text in ("lean", "<dd>no</dd>", "<dd>210</dd>", "1.25 s"))


@pytest.mark.parametrize("is_first", [True, False])
def test_look_alikes_are_shown_from_both_sides(desk: Client, is_first: bool) -> None:
    pair = LookAlikeFactory.create(likeness=0.37)
    here, there = (pair.marker, pair.other) if is_first else (pair.other, pair.marker)

    page = desk.get(change_url(here)).content.decode()

    assert change_url(there) in page
    assert "37%" in page


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
