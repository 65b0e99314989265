"""Oneself and one's sessions; members and their roles; nobody else's."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import people, sessions
from accounts.models import AuditEntry, Membership, Organization, Role, User
from tests.accounts.factories import PASSWORD, MembershipFactory, OrganizationFactory
from tests.accounts.mailbox import Delivering, path_in
from tests.conftest import signed_in
from vertexar.errors import DomainError

pytestmark = pytest.mark.django_db
ME, SESSIONS = "/api/v1/users/me", "/api/v1/users/me/sessions"
Member = Callable[[Role], User]


def with_session(user: User) -> APIClient:
    pair = sessions.begin_session(user)
    return APIClient(headers={"Authorization": f"Bearer {pair.access}"})


# --- Oneself -------------------------------------------------------------------------------------


def test_one_is_told_who_one_is_and_what_one_may_do(editor: User, studio: Organization) -> None:
    me = signed_in(editor).get(ME).json()

    assert (me["username"], me["email"]) == (editor.username, editor.email)
    assert me["organizations"] == [
        {
            "id": str(studio.pk),
            "name": studio.name,
            "role": "editor",
            "capabilities": ["content.edit", "content.view"],
        }
    ]
    assert "password" not in str(me)


def test_one_s_name_is_one_s_own(editor: User) -> None:
    signed_in(editor).patch(ME, {"first_name": "Vera"}, "json")

    editor.refresh_from_db()
    assert editor.first_name == "Vera"


@pytest.mark.parametrize("field", ["is_staff", "is_superuser", "username", "email_verified_at"])
def test_nobody_makes_themselves_more_than_they_are(editor: User, field: str) -> None:
    before = getattr(editor, field)

    signed_in(editor).patch(ME, {field: "true"}, "json")

    editor.refresh_from_db()
    assert getattr(editor, field) == before


def test_a_new_address_holds_once_its_link_is_followed(
    editor: User, deliver: Delivering, client: Client, settings: Settings
) -> None:
    settings.EMAIL_VERIFICATION = True
    former = editor.email
    with deliver() as mails:
        body = {"email": "New@example.org", "current_password": PASSWORD}
        answer = signed_in(editor).patch(ME, body, "json").json()
    assert (answer["email"], answer["email_to_confirm"]) == (former, "new@example.org")
    assert mails[0].to == ["new@example.org"]

    client.get(path_in(mails[0]))
    editor.refresh_from_db()
    assert editor.email == former
    with deliver() as told:
        client.post(path_in(mails[0]))

    editor.refresh_from_db()
    assert editor.email == "new@example.org"
    assert editor.email_verified_at is not None
    assert told[0].to == [former]
    assert client.post(path_in(mails[0])).status_code == 400


def test_a_new_address_needs_the_password(editor: User) -> None:
    refused = signed_in(editor).patch(ME, {"email": "new@example.org"}, "json")

    assert refused.json()["type"] == "urn:vertexar:problem:wrong_password"


def test_the_link_for_one_address_takes_no_other(
    editor: User, deliver: Delivering, client: Client, settings: Settings
) -> None:
    settings.EMAIL_VERIFICATION = True
    with deliver() as mails:
        body = {"email": "new@example.org", "current_password": PASSWORD}
        signed_in(editor).patch(ME, body, "json")
    parts = path_in(mails[0]).split("/")
    parts[4] = "b3RoZXJAZXhhbXBsZS5vcmc"  # other@example.org

    assert client.post("/".join(parts)).status_code == 400


def test_whether_an_address_is_somebody_else_s_is_not_told(
    editor: User, stranger: User, deliver: Delivering, settings: Settings
) -> None:
    settings.EMAIL_VERIFICATION = True

    with deliver() as mails:
        body = {"email": stranger.email, "current_password": PASSWORD}
        answer = signed_in(editor).patch(ME, body, "json")

    assert answer.status_code == 200
    assert answer.json()["email_to_confirm"] == stranger.email
    assert not mails


def test_without_mail_a_new_address_holds_at_once(editor: User, stranger: User) -> None:
    def change(email: str) -> Any:
        body = {"email": email, "current_password": PASSWORD}
        return signed_in(editor).patch(ME, body, "json")

    assert change("new@example.org").json()["email"] == "new@example.org"
    assert change(stranger.email).status_code == 409


# --- One's sessions ------------------------------------------------------------------------------


def test_one_sees_one_s_sessions_and_ends_one_elsewhere(editor: User, stranger: User) -> None:
    here, elsewhere = with_session(editor), with_session(editor)
    with_session(stranger)

    listed = here.get(SESSIONS).json()["results"]
    [other] = [session["id"] for session in listed if not session["is_current"]]
    assert here.delete(f"{SESSIONS}/{other}").status_code == 204

    assert len(listed) == 2
    assert elsewhere.get(ME).status_code == 401
    assert here.get(ME).status_code == 200


def test_sessions_of_others_are_not_there(editor: User, stranger: User) -> None:
    with_session(stranger)
    theirs = stranger.api_sessions.get().pk

    assert signed_in(editor).delete(f"{SESSIONS}/{theirs}").status_code == 404
    assert stranger.api_sessions.live().exists()


def test_what_an_ended_session_held_is_not_listed(editor: User) -> None:
    with_session(editor)
    sessions.end_all_sessions(editor, actor=editor)

    assert with_session(editor).get(SESSIONS).json()["count"] == 1


# --- Organisations and members -------------------------------------------------------------------


def members_of(studio: Organization, user: User | None = None) -> str:
    return f"/api/v1/organizations/{studio.pk}/members" + (f"/{user.pk}" if user else "")


def change(actor: User, studio: Organization, user: User, **body: Any) -> Any:
    return signed_in(actor).patch(members_of(studio, user), body, "json")


def role_of(user: User, studio: Organization) -> str | None:
    return studio.memberships.filter(user=user).values_list("role", flat=True).first()


def test_one_sees_the_organisations_one_belongs_to(editor: User, stranger: User) -> None:
    names = [
        row["name"] for row in signed_in(editor).get("/api/v1/organizations").json()["results"]
    ]

    assert names == ["Harbour Studio"]


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 200), (Role.MANAGER, 200), (Role.EDITOR, 403), (Role.VIEWER, 403)],
)
def test_who_manages_people_sees_them(
    role: Role, status: int, member: Member, studio: Organization
) -> None:
    assert signed_in(member(role)).get(members_of(studio)).status_code == status


def test_a_list_of_members_costs_no_more_queries_when_it_is_longer(
    member: Member, studio: Organization, django_assert_num_queries: Any
) -> None:
    client = signed_in(member(Role.OWNER))
    with django_assert_num_queries(6, exact=False) as few:
        client.get(members_of(studio))
    for _n in range(4):
        member(Role.VIEWER)

    with django_assert_num_queries(len(few)):
        assert client.get(members_of(studio)).json()["count"] == 5


@pytest.mark.parametrize(
    ("actor", "before", "after", "status"),
    [
        (Role.OWNER, Role.VIEWER, Role.OWNER, 200),
        (Role.OWNER, Role.OWNER, Role.VIEWER, 200),
        (Role.MANAGER, Role.VIEWER, Role.MANAGER, 200),
        (Role.MANAGER, Role.MANAGER, Role.VIEWER, 200),
        (Role.MANAGER, Role.VIEWER, Role.OWNER, 403),
        (Role.MANAGER, Role.OWNER, Role.VIEWER, 403),
        (Role.EDITOR, Role.VIEWER, Role.EDITOR, 403),
        (Role.VIEWER, Role.VIEWER, Role.EDITOR, 403),
    ],
)
def test_who_may_give_and_take_which_role(
    actor: Role, before: Role, after: Role, status: int, member: Member, studio: Organization
) -> None:
    user = member(before)

    assert change(member(actor), studio, user, role=after).status_code == status

    assert role_of(user, studio) == (after if status == 200 else before)
    written = AuditEntry.objects.filter(action="member.role_changed", organization=studio)
    assert written.count() == (status == 200)


def test_nobody_raises_themselves(member: Member, studio: Organization) -> None:
    manager = member(Role.MANAGER)

    assert change(manager, studio, manager, role=Role.OWNER).status_code == 403


def test_the_last_owner_can_be_neither_demoted_nor_removed_nor_leave(
    member: Member, studio: Organization
) -> None:
    owner = member(Role.OWNER)
    MembershipFactory.create(organization=studio, role=Role.OWNER, user__is_active=False)

    demoted = change(owner, studio, owner, role=Role.VIEWER)
    left = signed_in(owner).delete(members_of(studio, owner))

    assert (demoted.status_code, left.status_code) == (409, 409)
    assert left.json()["type"] == "urn:vertexar:problem:last_owner"
    assert role_of(owner, studio) == Role.OWNER


@pytest.mark.parametrize(
    ("actor", "user", "status"),
    [
        (Role.OWNER, Role.OWNER, 204),
        (Role.MANAGER, Role.VIEWER, 204),
        (Role.MANAGER, Role.OWNER, 403),
        (Role.EDITOR, Role.VIEWER, 403),
    ],
)
def test_who_may_take_whom_out(
    actor: Role, user: Role, status: int, member: Member, studio: Organization
) -> None:
    whom = member(user)

    assert signed_in(member(actor)).delete(members_of(studio, whom)).status_code == status

    assert (role_of(whom, studio) is None) is (status == 204)
    assert User.objects.filter(pk=whom.pk, is_active=True).exists()


def test_everybody_may_leave(member: Member, studio: Organization) -> None:
    viewer = member(Role.VIEWER)

    assert signed_in(viewer).delete(members_of(studio, viewer)).status_code == 204
    assert signed_in(viewer).get(members_of(studio)).status_code == 404


def test_organisations_and_members_of_others_are_not_there(
    stranger: User, editor: User, studio: Organization
) -> None:
    theirs = stranger.memberships.get().organization

    assert signed_in(stranger).get(members_of(studio)).status_code == 404
    assert change(stranger, studio, editor, role=Role.VIEWER).status_code == 404
    assert change(stranger, theirs, editor, role=Role.VIEWER).status_code == 404
    assert signed_in(stranger).delete(members_of(studio, editor)).status_code == 404
    assert signed_in(stranger).delete(members_of(theirs, editor)).status_code == 404
    assert role_of(editor, studio) == Role.EDITOR


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_demote_each_other_at_once_leave_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    studio = OrganizationFactory.create()
    pair = [MembershipFactory.create(organization=studio, role=Role.OWNER) for _n in range(2)]
    both_have_looked, looks_for_another = Barrier(2), people._demand_another_owner

    def look_and_wait(organization: Organization, *, besides: User) -> None:
        looks_for_another(organization, besides=besides)
        with suppress(BrokenBarrierError):  # the other one is kept from looking, as it should
            both_have_looked.wait(timeout=1)

    monkeypatch.setattr(people, "_demand_another_owner", look_and_wait)

    def demote(row: Membership, actor: User) -> None:
        with suppress(DomainError):
            people.change_role(row, Role.VIEWER, actor=actor)
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(demote, pair, [pair[1].user, pair[0].user]))

    assert studio.memberships.filter(role=Role.OWNER).count() == 1


# --- Closing accounts ----------------------------------------------------------------------------


def test_a_closed_account_is_out_at_once_and_may_come_back(
    member: Member, editor: User, studio: Organization
) -> None:
    owner, tokens = member(Role.OWNER), with_session(editor)

    closed = change(owner, studio, editor, is_active=False)

    assert closed.json()["is_active"] is False
    assert tokens.get(ME).status_code == 401
    assert change(owner, studio, editor, is_active=True).status_code == 200
    assert tokens.get(ME).status_code == 401
    actions = list(
        AuditEntry.objects.filter(organization=studio)
        .order_by("at")
        .values_list("action", flat=True)
    )
    assert actions == ["user.deactivated", "user.activated"]


def test_an_account_that_belongs_to_others_too_is_not_closed_by_one_of_them(
    member: Member, editor: User, studio: Organization
) -> None:
    MembershipFactory.create(user=editor)

    refused = change(member(Role.OWNER), studio, editor, is_active=False)

    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:vertexar:problem:belongs_to_others"
    assert User.objects.get(pk=editor.pk).is_active


@pytest.mark.parametrize("role", [Role.OWNER, Role.VIEWER])
def test_a_manager_closes_no_owner_and_nobody_a_superuser(
    role: Role, member: Member, studio: Organization
) -> None:
    above = MembershipFactory.create(
        organization=studio, role=role, user__is_superuser=role is Role.VIEWER
    ).user

    assert change(member(Role.MANAGER), studio, above, is_active=False).status_code == 403


def test_nobody_closes_their_own_account_this_way(member: Member, studio: Organization) -> None:
    member(Role.OWNER)
    owner = member(Role.OWNER)

    assert change(owner, studio, owner, is_active=False).status_code == 403


def test_a_refused_half_of_a_change_undoes_the_other(
    member: Member, editor: User, studio: Organization
) -> None:
    MembershipFactory.create(user=editor)

    change(member(Role.OWNER), studio, editor, role=Role.VIEWER, is_active=False)

    assert role_of(editor, studio) == Role.EDITOR


def test_a_superuser_closes_even_a_last_owner(superuser: User) -> None:
    spammer = MembershipFactory.create(role=Role.OWNER).user

    people.deactivate(spammer, actor=superuser)

    assert not User.objects.get(pk=spammer.pk).is_active
