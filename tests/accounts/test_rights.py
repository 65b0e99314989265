"""What somebody has closed, owned or begun, once others or they themselves are gone."""

import importlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from threading import Barrier, BrokenBarrierError, Event
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django_otp import devices_for_user

from accounts import invitations, people, personal
from accounts.models import AuditEntry, ClosedBy, Invitation, Membership, Organization, Role, User
from tests.accounts.desk import act
from tests.accounts.factories import MembershipFactory, OrganizationFactory, UserFactory
from vertexar.errors import DomainError, NotAllowed

pytestmark = pytest.mark.django_db
Member = Callable[[Role], User]


# --- Who may open again --------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER])
def test_what_an_administrator_closed_no_tenant_opens(
    role: Role, member: Member, editor: User, superuser: User
) -> None:
    people.deactivate(editor, actor=superuser)

    with pytest.raises(NotAllowed):
        people.activate(editor, actor=member(role))

    assert not User.objects.get(pk=editor.pk).is_active
    people.activate(editor, actor=superuser)
    assert User.objects.get(pk=editor.pk).is_active


def test_what_an_owner_closed_no_manager_opens(member: Member, editor: User) -> None:
    owner, manager = member(Role.OWNER), member(Role.MANAGER)
    people.deactivate(editor, actor=owner)

    with pytest.raises(NotAllowed):
        people.activate(editor, actor=manager)

    people.activate(editor, actor=owner)
    assert User.objects.get(pk=editor.pk).is_active


def test_what_a_manager_closed_another_manager_opens(member: Member, editor: User) -> None:
    people.deactivate(editor, actor=member(Role.MANAGER))

    people.activate(editor, actor=member(Role.MANAGER))

    assert User.objects.get(pk=editor.pk).is_active


def test_an_administrator_closes_also_what_is_closed_already(
    member: Member, editor: User, superuser: User
) -> None:
    manager = member(Role.MANAGER)
    people.deactivate(editor, actor=manager)
    people.deactivate(editor, actor=superuser)
    people.deactivate(editor, actor=manager)  # takes nothing back

    with pytest.raises(NotAllowed):
        people.activate(editor, actor=manager)

    assert AuditEntry.objects.filter(action="user.deactivated").count() == 2


def test_opened_again_an_account_is_as_if_it_had_never_been_closed(
    member: Member, editor: User, superuser: User
) -> None:
    manager = member(Role.MANAGER)
    people.deactivate(editor, actor=superuser)
    people.activate(editor, actor=superuser)
    people.deactivate(editor, actor=manager)

    people.activate(editor, actor=manager)

    assert User.objects.get(pk=editor.pk).is_active


def test_of_accounts_closed_before_the_audit_log_tells_by_whom(
    member: Member, editor: User, superuser: User
) -> None:
    closed = {
        "manager": editor,
        "administrator": member(Role.VIEWER),
        "reopened": member(Role.VIEWER),
    }
    manager = member(Role.MANAGER)
    people.deactivate(closed["manager"], actor=superuser)
    people.activate(closed["manager"], actor=superuser)
    people.deactivate(closed["manager"], actor=manager)
    people.deactivate(closed["administrator"], actor=superuser)
    people.deactivate(closed["reopened"], actor=superuser)
    people.activate(closed["reopened"], actor=superuser)
    User.objects.update(closed_by=ClosedBy.NOBODY)

    importlib.import_module("accounts.migrations.0006_user_closed_by").read_the_log(apps, None)

    levels = {name: User.objects.get(pk=user.pk).closed_by for name, user in closed.items()}
    assert levels == {"manager": 0, "administrator": ClosedBy.ADMINISTRATOR, "reopened": 0}


# --- The last owner ------------------------------------------------------------------------------


def test_a_closed_owner_is_not_another_owner(studio: Organization, member: Member) -> None:
    owner = member(Role.OWNER)
    member(Role.EDITOR)
    MembershipFactory.create(organization=studio, role=Role.OWNER, user__is_active=False)

    with pytest.raises(people.LastOwner):
        personal.erase(owner, actor=None)

    assert studio.memberships.filter(user=owner).exists()


def test_closed_members_need_no_owner(studio: Organization, member: Member) -> None:
    owner = member(Role.OWNER)
    MembershipFactory.create(organization=studio, user__is_active=False)

    personal.erase(owner, actor=None)

    assert not studio.memberships.filter(user=owner).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("second", ["erase", "leave", "close"])
def test_two_owners_who_go_at_once_leave_one(monkeypatch: pytest.MonkeyPatch, second: str) -> None:
    studio = OrganizationFactory.create()
    MembershipFactory.create(organization=studio, role=Role.EDITOR)
    anna, boris, vera = (
        MembershipFactory.create(organization=studio, role=Role.OWNER).user for _n in range(3)
    )
    people.deactivate(vera, actor=anna)
    both_have_looked = Barrier(2)

    def wait_for_the_other() -> None:
        with suppress(BrokenBarrierError):  # the other one is kept from looking, as it should
            both_have_looked.wait(timeout=1)

    looks_for_another = people._demand_another_owner

    def look_and_wait(*args: Any, **kwargs: Any) -> None:
        looks_for_another(*args, **kwargs)
        wait_for_the_other()

    def read_and_wait(*args: Any, **kwargs: Any) -> Any:
        wait_for_the_other()
        return devices_for_user(*args, **kwargs)

    monkeypatch.setattr(people, "_demand_another_owner", look_and_wait)
    monkeypatch.setattr("accounts.personal.devices_for_user", read_and_wait)
    row = Membership.objects.get(user=boris)
    goes: dict[str, Callable[[], None]] = {
        "erase": lambda: personal.erase(boris, actor=None),
        "leave": lambda: people.remove_member(row, actor=boris),
        "close": lambda: people.deactivate(boris, actor=anna),
    }

    def go(how: Callable[[], None]) -> bool:
        try:
            how()
        except DomainError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        gone = list(pool.map(go, [lambda: personal.erase(anna, actor=None), goes[second]]))

    assert sorted(gone) == [False, True]
    assert studio.memberships.filter(role=Role.OWNER, user__is_active=True).count() == 1


# --- Erased --------------------------------------------------------------------------------------


def test_an_organisation_of_one_person_does_not_keep_their_name() -> None:
    studio = OrganizationFactory.create(name="Ada Lovelace")
    user = MembershipFactory.create(organization=studio, role=Role.OWNER).user

    personal.erase(user, actor=None)

    studio.refresh_from_db()
    assert "Ada" not in studio.name
    assert studio.name


def test_an_organisation_of_others_too_keeps_its_name(studio: Organization, member: Member) -> None:
    member(Role.OWNER)

    personal.erase(member(Role.OWNER), actor=None)

    studio.refresh_from_db()
    assert studio.name == "Harbour Studio"


# --- Invitations of who may not invite any more --------------------------------------------------


@pytest.fixture
def inviter(member: Member, studio: Organization) -> User:
    member(Role.OWNER)  # so that the inviter is not the last one
    user = member(Role.OWNER)
    for role in (Role.OWNER, Role.VIEWER):
        invitations.invite(studio, email=f"{role}@example.org", role=role, actor=user)
    return user


def roles_waiting() -> set[str]:
    return set(Invitation.objects.values_list("role", flat=True))


def test_demoted_an_inviter_keeps_only_invitations_they_could_still_send(
    inviter: User, superuser: User
) -> None:
    row = inviter.memberships.get()

    people.change_role(row, Role.MANAGER, actor=superuser)
    assert roles_waiting() == {"viewer"}
    people.change_role(row, Role.EDITOR, actor=superuser)

    assert roles_waiting() == set()
    taken_back = AuditEntry.objects.filter(action="deleted", actor=superuser)
    assert taken_back.count() == 2
    assert {entry.details["reason"] for entry in taken_back} == {"inviter_may_not"}


@pytest.mark.parametrize("how", ["removed", "closed", "erased", "left"])
def test_who_is_gone_invites_nobody(how: str, inviter: User, superuser: User) -> None:
    row = inviter.memberships.get()
    {
        "removed": lambda: people.remove_member(row, actor=superuser),
        "closed": lambda: people.deactivate(inviter, actor=superuser),
        "erased": lambda: personal.erase(inviter, actor=None),
        "left": lambda: people.remove_member(row, actor=inviter),
    }[how]()

    assert roles_waiting() == set()


def test_a_refused_demotion_takes_back_no_invitation(studio: Organization, member: Member) -> None:
    owner = member(Role.OWNER)
    invitations.invite(studio, email="a@example.org", role=Role.OWNER, actor=owner)

    with pytest.raises(people.LastOwner):
        people.change_role(owner.memberships.get(), Role.VIEWER, actor=owner)

    assert roles_waiting() == {"owner"}


def test_invitations_of_others_and_accepted_ones_stay(
    inviter: User, studio: Organization, superuser: User
) -> None:
    invitations.invite(studio, email="b@example.org", role=Role.EDITOR, actor=superuser)
    owners = Invitation.objects.get(role=Role.OWNER)
    invitations.accept(invitations.new_token(owners), user=UserFactory.create())

    people.deactivate(inviter, actor=superuser)

    assert roles_waiting() == {"owner", "editor"}


@pytest.mark.parametrize("how", ["form", "delete"])
def test_the_back_office_takes_back_invitations_of_former_administrators(
    how: str, studio: Organization, superuser: User
) -> None:
    former = UserFactory.create(is_staff=True, is_superuser=True)
    invitations.invite(studio, email="b@example.org", role=Role.EDITOR, actor=former)
    desk = Client()
    desk.force_login(superuser)
    base = "/admin/accounts/user/"
    if how == "form":
        rows = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
        form = {"username": former.username, "email": former.email, **rows}
        desk.post(f"{base}{former.pk}/change/", form)
    else:
        act(desk, base, "delete_selected", former)
        desk.post(
            base,
            {"action": "delete_selected", "_selected_action": [str(former.pk)], "post": "yes"},
        )

    assert not User.objects.filter(pk=former.pk, is_superuser=True).exists()
    assert roles_waiting() == set()


@pytest.mark.django_db(transaction=True)
def test_who_accepts_while_the_inviter_is_demoted_comes_first_and_neither_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    studio = OrganizationFactory.create()
    rows = [MembershipFactory.create(organization=studio, role=Role.OWNER) for _n in range(2)]
    first, inviter = (row.user for row in rows)
    sent = invitations.invite(studio, email="b@example.org", role=Role.OWNER, actor=inviter)
    token, guest = invitations.new_token(sent), UserFactory.create()
    is_taken, is_demoted, joins = Event(), Event(), invitations._join

    def join_late(*args: Any) -> Membership:
        is_taken.set()
        is_demoted.wait(timeout=1)  # which waits for us, as it should
        return joins(*args)

    monkeypatch.setattr(invitations, "_join", join_late)

    def accept() -> None:
        with closing(connection):
            invitations.accept(token, user=guest)

    def demote() -> None:
        assert is_taken.wait(timeout=60)
        with closing(connection):
            people.change_role(rows[1], Role.VIEWER, actor=first)
            is_demoted.set()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(accept), pool.submit(demote)]:
            done.result()

    assert studio.memberships.filter(user=guest, role=Role.OWNER).exists()
    assert Invitation.objects.get().accepted_at is not None
