"""Of who is erased nothing is left: not in the history of the back office, nor anywhere else."""

import json
from datetime import timedelta
from typing import Any, Final

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import invitations, personal, retention
from accounts.models import AuditEntry, Invitation, Membership, Organization, Role, User
from accounts.registration import found_organization
from tests.accounts.desk import change_url
from tests.accounts.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
NAME: Final = "ophélia-brand"  # not ASCII: JSON in text columns writes it in another way
FORMER: Final = "ophelia-quist"
EMAIL: Final = "ophelia@brand.example"
INVITED_AS: Final = "o.quist@work.example"
WORDS: Final = (NAME, FORMER, EMAIL, INVITED_AS, "Ophelia", "Brandström")


@pytest.fixture
def desk(superuser: User) -> Client:
    client = Client()
    client.force_login(superuser)
    return client


@pytest.fixture
def person(
    desk: Client,
    superuser: User,
    studio: Organization,
) -> User:
    """Somebody whom much has happened to, above all in the back office."""
    user = UserFactory.create(
        username=FORMER, email=EMAIL, first_name="Ophelia", last_name="Brandström"
    )
    found_organization(user)
    form = {"organization": str(studio.pk), "email": INVITED_AS, "role": Role.EDITOR}
    desk.post(reverse("admin:accounts_invitation_add"), form)
    row = Invitation.objects.get()
    desk.post(reverse("admin:accounts_invitation_delete", args=[row.pk]), {"post": "yes"})
    desk.post(reverse("admin:accounts_invitation_add"), form | {"email": EMAIL})
    row = invitations.invite(studio, email=INVITED_AS, role=Role.EDITOR, actor=superuser)
    invitations.accept(invitations.new_token(row), user=user)
    edit(desk, user, username=NAME)
    user.refresh_from_db()
    change_role(desk, studio, user, Role.MANAGER)
    found_organization(user)
    own = Organization.objects.get(name=NAME)
    desk.post(change_url(own), {"name": NAME, **people_of(own)})
    invitations.invite(own, email="another@example.org", role=Role.VIEWER, actor=user)
    for row in Invitation.objects.filter(organization=own):
        desk.post(reverse("admin:accounts_invitation_delete", args=[row.pk]), {"post": "yes"})
    for password in ("wrong", PASSWORD):
        credentials = {"username": NAME, "password": password}
        APIClient().post("/api/v1/auth/login", credentials, "json")
        Client().post(reverse("admin:login"), credentials)
    return user


def people_of(place: Organization, **changed: str) -> dict[str, str]:
    rows = list(place.memberships.order_by("pk"))
    form = {"memberships-TOTAL_FORMS": str(len(rows)), "memberships-INITIAL_FORMS": str(len(rows))}
    for number, row in enumerate(rows):
        form |= {
            f"memberships-{number}-id": str(row.pk),
            f"memberships-{number}-organization": str(place.pk),
            f"memberships-{number}-user": str(row.user_id),
            f"memberships-{number}-role": changed.get(str(row.user_id), row.role),
        }
    return form


def change_role(desk: Client, place: Organization, user: User, role: Role) -> None:
    form = {"name": place.name, **people_of(place, **{str(user.pk): role})}
    assert desk.post(change_url(place), form).status_code == 302


def edit(desk: Client, user: User, **changed: str) -> None:
    form = {
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0",
    }
    assert desk.post(change_url(user), form | changed).status_code == 302


def traces() -> list[tuple[str, str]]:
    """Every row of every table in which something of the person is written, with what it is."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608  all that is there
            for (row,) in cursor.fetchall():
                forms = {form for word in WORDS for form in (word, json.dumps(word)[1:-1])}
                found += [(table, row) for form in forms if form.lower() in row.lower()]
    return found


def test_before_there_is_much(person: User) -> None:
    tables = {table for table, _row in traces()}

    assert {"django_admin_log", "accounts_auditentry", "accounts_user"} <= tables


def test_no_table_tells_who_is_erased(person: User) -> None:
    personal.erase(person, actor=None)

    assert traces() == []


def test_no_table_tells_who_is_deleted_in_the_back_office(person: User, desk: Client) -> None:
    for place in Organization.objects.filter(memberships__user=person, name__in=WORDS):
        place.delete()
    person.api_sessions.all().delete()  # with them nobody may
    url = reverse("admin:accounts_user_delete", args=[person.pk])

    assert desk.post(url, {"post": "yes"}).status_code == 302

    assert not User.objects.filter(pk=person.pk).exists()
    assert traces() == []


def test_others_stay_in_the_journals_whose_names_are_alike(
    desk: Client, superuser: User, studio: Organization
) -> None:
    """A user name may be a role's, and the beginning of another's; an address the end of one."""
    erased, other = (
        UserFactory.create(username=name, email=f"{address}@example.org")
        for name, address in (("editor", "ada"), ("editor-in-chief", "nevada"))
    )
    for user in (erased, other):
        Membership.objects.create(user=user, organization=studio, role=Role.EDITOR)
    change_role(desk, studio, other, Role.MANAGER)
    invitations.invite(studio, email="canada@example.org", role=Role.EDITOR, actor=superuser)
    edit(desk, other, first_name="Ida")
    before = journals()

    personal.erase(erased, actor=None)

    assert [row for row in before if row not in journals()] == []


def test_who_has_no_address_takes_nobody_s(superuser: User, studio: Organization) -> None:
    user = UserFactory.create(email="")
    invitations.invite(studio, email="new@example.org", role=Role.EDITOR, actor=superuser)
    before = journals()

    personal.erase(user, actor=None)

    assert [row for row in before if row not in journals()] == []


def journals() -> list[Any]:
    history = LogEntry.objects.values_list("pk", "object_repr", "change_message")
    return [*history, *AuditEntry.objects.values_list("pk", "details")]


def test_who_was_invited_by_another_s_address_takes_nothing_of_theirs(
    superuser: User, studio: Organization
) -> None:
    other, user = UserFactory.create(email="ida@example.org"), UserFactory.create()
    row = invitations.invite(studio, email=user.email, role=Role.EDITOR, actor=superuser)
    invitations.accept(invitations.new_token(row), user=other)  # they were handed the link

    personal.erase(other, actor=None)

    assert Invitation.objects.filter(email=user.email).exists()


def test_what_somebody_did_in_the_back_office_is_handed_out_to_them_without_others_names(
    desk: Client, superuser: User, person: User
) -> None:
    theirs, own = personal.export_of(person)["back_office"], personal.export_of(superuser)

    assert {(done["action"], done["object_id"], done["by_them"]) for done in theirs} == {
        ("changed", str(person.pk), False)
    }
    assert ("deleted", "invitation", True) in {
        (done["action"], done["object_type"], done["by_them"]) for done in own["back_office"]
    }
    assert NAME not in json.dumps(own["back_office"], default=str)


def test_the_history_of_the_back_office_is_kept_no_longer_than_the_audit_log(
    desk: Client, person: User, settings: Settings
) -> None:
    settings.AUDIT_DAYS = 365
    young = LogEntry.objects.latest("pk")
    others = LogEntry.objects.exclude(pk=young.pk)
    old = others.update(action_time=timezone.now() - timedelta(days=366))

    gone = retention.forget_what_is_old()

    assert gone["history of the back office"] == old > 0
    assert LogEntry.objects.get() == young
