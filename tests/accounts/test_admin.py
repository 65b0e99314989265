"""People and organisations in the back office."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Organization, Role, User
from tests.accounts.factories import MembershipFactory, OrganizationFactory

pytestmark = pytest.mark.django_db
USERS, ADD_USER = reverse("admin:accounts_user_changelist"), reverse("admin:accounts_user_add")
ORGANIZATIONS = reverse("admin:accounts_organization_changelist")


@pytest.fixture
def desk(client: Client, superuser: User) -> Client:
    client.force_login(superuser)
    return client


def add_user(desk: Client, studio: Organization, name: str, email: str) -> str:
    form = {
        "username": name,
        "email": email,
        "usable_password": "true",
        "password1": "a long enough passphrase",
        "password2": "a long enough passphrase",
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "0",
        "memberships-0-organization": str(studio.pk),
        "memberships-0-role": Role.EDITOR,
    }
    return desk.post(ADD_USER, form, follow=True).content.decode()


def test_people_are_added_one_after_another_each_with_an_address(
    desk: Client, studio: Organization
) -> None:
    for name in ("anna", "boris"):
        add_user(desk, studio, name, f"{name}@example.org")

    people = User.objects.filter(username__in=["anna", "boris"])
    assert {person.email for person in people} == {"anna@example.org", "boris@example.org"}
    assert all(person.memberships.get().organization == studio for person in people)


def test_an_address_can_be_taken_once(desk: Client, studio: Organization) -> None:
    add_user(desk, studio, "anna", "anna@example.org")

    page = add_user(desk, studio, "boris", "anna@example.org")

    assert "errorlist" in page
    assert not User.objects.filter(username="boris").exists()


def test_the_list_says_who_is_what_where(desk: Client) -> None:
    MembershipFactory.create(organization__name="Quay Studio", role=Role.EDITOR)

    assert "Quay Studio: editor" in desk.get(USERS).content.decode()


def test_django_s_groups_are_not_offered_for_roles_are_memberships(
    desk: Client, superuser: User
) -> None:
    page = desk.get(reverse("admin:accounts_user_change", args=[superuser.pk])).content.decode()

    assert "field-groups" not in page
    assert "groups" not in desk.get(USERS).content.decode()


def test_an_organisation_shows_and_counts_its_people(desk: Client, studio: Organization) -> None:
    member = MembershipFactory.create(organization=studio).user

    page = desk.get(reverse("admin:accounts_organization_change", args=[studio.pk]))
    listed = desk.get(ORGANIZATIONS).content.decode()

    assert member.username in page.content.decode()
    assert '<td class="field-people">2</td>' in listed


@pytest.mark.parametrize("url", [USERS, ORGANIZATIONS])
def test_a_longer_list_costs_no_more_queries(
    desk: Client,
    url: str,
    django_assert_num_queries: DjangoAssertNumQueries,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_max_num_queries(30) as few:
        desk.get(url)
    for _n in range(5):
        MembershipFactory.create()
        OrganizationFactory.create()

    with django_assert_num_queries(len(few)):
        desk.get(url)
