"""What is done to content and markers is written down, with who did it."""

import pytest
from rest_framework.test import APIClient

from accounts import sessions
from accounts.models import AuditEntry, Membership, Role
from markers.services import recompile_marker
from tests.accounts.factories import MembershipFactory
from tests.markers.factories import MarkerFactory

pytestmark = pytest.mark.django_db
PRESETS = "/api/v1/marker-presets"


@pytest.fixture
def editor() -> Membership:
    return MembershipFactory.create(role=Role.EDITOR)


def client_of(member: Membership) -> APIClient:
    pair = sessions.begin_session(member.user)
    return APIClient(headers={"Authorization": f"Bearer {pair.access}"})


def test_compiling_again_is_written_down(editor: Membership) -> None:
    marker = MarkerFactory.create(organization=editor.organization, ready=True)

    client_of(editor).post(f"/api/v1/markers/{marker.pk}/recompile", {}, "json")
    marker.refresh_from_db()
    recompile_marker(marker=marker, actor=None)

    entries = AuditEntry.objects.filter(action="marker.recompiled", object_id=str(marker.pk))
    assert {entry.actor for entry in entries} == {editor.user, None}
    assert {entry.organization for entry in entries} == {editor.organization}


def test_the_life_of_a_preset_is_written_down(editor: Membership) -> None:
    client = client_of(editor)
    made = client.post(PRESETS, {"name": "A5", "options": {"profile": "lean"}}, "json").json()
    client.patch(f"{PRESETS}/{made['id']}", {"name": "A6"}, "json")
    client.delete(f"{PRESETS}/{made['id']}")

    entries = AuditEntry.objects.filter(object_id=made["id"]).order_by("at")

    assert [(entry.action, entry.details["name"]) for entry in entries] == [
        ("created", "A5"),
        ("changed", "A6"),
        ("deleted", "A6"),
    ]
    assert {entry.actor for entry in entries} == {editor.user}


def test_what_was_refused_is_not_written_down_as_done(editor: Membership) -> None:
    client = client_of(editor)
    for _again in range(2):
        client.post(PRESETS, {"name": "A5", "options": {}}, "json")

    assert AuditEntry.objects.filter(action="created").count() == 1
