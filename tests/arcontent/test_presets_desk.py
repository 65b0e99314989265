"""Presets of compile options, made and chosen in the back office."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Organization, Role, User
from arcontent.models import ARContent
from markers.models import MarkerPreset
from tests.arcontent.desk import permit, upload
from tests.markers.factories import MarkerPresetFactory

pytestmark = pytest.mark.django_db
ADD = "admin:markers_markerpreset_add"
Member = Callable[[Role], User]


def change_url(preset: MarkerPreset) -> str:
    return reverse("admin:markers_markerpreset_change", args=[preset.pk])


def test_a_preset_holds_what_was_chosen_and_nothing_else(
    desk: Client, studio: Organization
) -> None:
    form = {"organization": studio.pk, "name": "Postcards", "physical_width_mm": "148"}

    desk.post(reverse(ADD), form)

    preset = MarkerPreset.objects.get()
    assert (preset.organization, preset.name) == (studio, "Postcards")
    assert preset.options == {"physical_width_mm": 148}
    assert AuditEntry.objects.filter(object_id=str(preset.pk)).exists()


@pytest.mark.parametrize(
    "options",
    [
        {"profile": "lean", "enhance": False, "physical_width_mm": 210.0},
        {"enhance": True},
        {},
    ],
    ids=["all", "one", "none"],
)
def test_a_preset_saved_as_it_was_shown_stays_as_it_was(
    desk: Client, studio: Organization, options: dict[str, object]
) -> None:
    preset = MarkerPresetFactory.create(organization=studio, options=options)
    form = desk.get(change_url(preset)).context["adminform"].form
    shown = {name: form[name].value() for name in form.fields}

    desk.post(change_url(preset), {name: value for name, value in shown.items() if value})

    preset.refresh_from_db()
    assert preset.options == options


@pytest.mark.parametrize("width", ["4", "10001", "wide", "nan"])
def test_a_width_that_no_print_has_is_refused_at_its_field(
    desk: Client, studio: Organization, width: str
) -> None:
    form = {"organization": studio.pk, "name": "Postcards", "physical_width_mm": width}

    response = desk.post(reverse(ADD), form)

    assert "physical_width_mm" in response.context["adminform"].form.errors
    assert not MarkerPreset.objects.exists()


def test_a_name_is_given_once_in_an_organisation(desk: Client, studio: Organization) -> None:
    MarkerPresetFactory.create(organization=studio, name="Postcards")

    page = desk.post(reverse(ADD), {"organization": studio.pk, "name": "Postcards"})

    assert "There is a preset of this name." in page.content.decode()
    assert MarkerPreset.objects.count() == 1


def test_an_upload_is_compiled_with_the_preset_and_the_width_that_were_chosen(
    client: Client, member: Member, picture: bytes, video: bytes
) -> None:
    editor = permit(member(Role.EDITOR))
    client.force_login(editor)
    preset = MarkerPresetFactory.create(
        organization=editor.memberships.get().organization,
        options={"profile": "lean", "physical_width_mm": 100.0},
    )

    upload(client, picture, video, preset=str(preset.pk), physical_width_mm="297")

    options = ARContent.objects.get().marker.options
    assert options == {"profile": "lean", "physical_width_mm": 297.0}


def test_another_organisations_preset_is_none(
    client: Client, member: Member, picture: bytes, video: bytes
) -> None:
    client.force_login(permit(member(Role.EDITOR)))
    theirs = MarkerPresetFactory.create(options={"profile": "lean"})

    page = upload(client, picture, video, preset=str(theirs.pk))

    assert "preset" in page.context["adminform"].form.errors  # type: ignore[attr-defined]
    assert not ARContent.objects.exists()


def test_who_has_no_presets_is_not_asked_for_one(client: Client, member: Member) -> None:
    client.force_login(permit(member(Role.EDITOR)))

    form = client.get(reverse("admin:arcontent_arcontent_add")).context["adminform"].form

    assert form["preset"].is_hidden
    assert not form["physical_width_mm"].is_hidden
