"""Signing in over the API, and the first administrator."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Capability, Organization, Role, User
from tests.accounts.factories import PASSWORD, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
LOGIN, REFRESH, CONTENTS = "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/contents"


def login(user: User, password: str = PASSWORD) -> Any:
    return APIClient().post(LOGIN, {"username": user.username, "password": password}, "json")


def test_the_right_password_gives_tokens_that_open_the_api(client: Client) -> None:
    tokens = login(MembershipFactory.create().user).json()

    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 1800
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.get(CONTENTS, headers=bearer).status_code == 200


def test_a_refresh_token_gives_a_new_access_token(client: Client) -> None:
    tokens = login(MembershipFactory.create().user).json()

    again = APIClient().post(REFRESH, {"refresh_token": tokens["refresh_token"]}, "json").json()

    bearer = {"Authorization": f"Bearer {again['access_token']}"}
    assert client.get(CONTENTS, headers=bearer).status_code == 200


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_password_and_an_unknown_name_answer_alike(password: str) -> None:
    user = UserFactory.create()

    wrong = login(user, "wrong").json()
    unknown = APIClient().post(LOGIN, {"username": "who", "password": "wrong"}, "json")

    assert unknown.status_code == 401
    assert unknown["Content-Type"] == "application/problem+json"
    assert {k: v for k, v in unknown.json().items() if k != "instance"} == {
        k: v for k, v in wrong.items() if k != "instance"
    }


def test_an_inactive_user_stays_outside() -> None:
    assert login(UserFactory.create(is_active=False)).status_code == 401


def test_a_new_password_ends_the_tokens_of_the_old_one(client: Client) -> None:
    user = MembershipFactory.create().user
    tokens = login(user).json()
    user.set_password("quite another passphrase")
    user.save()

    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    again = APIClient().post(REFRESH, {"refresh_token": tokens["refresh_token"]}, "json")

    assert client.get(CONTENTS, headers=bearer).status_code == 401
    assert again.status_code == 401


def test_the_tokens_of_who_is_gone_are_worth_nothing(client: Client) -> None:
    user = UserFactory.create()
    tokens = login(user).json()
    user.delete()

    again = APIClient().post(REFRESH, {"refresh_token": tokens["refresh_token"]}, "json")

    assert again.status_code == 401


def test_a_forged_refresh_token_is_401() -> None:
    response = APIClient().post(REFRESH, {"refresh_token": "a.b.c"}, "json")

    assert response.status_code == 401
    assert response.json()["type"] == "urn:vertexar:problem:token_not_valid"


def test_a_refresh_token_is_no_access_token(client: Client) -> None:
    tokens = login(UserFactory.create()).json()

    bearer = {"Authorization": f"Bearer {tokens['refresh_token']}"}

    assert client.get(CONTENTS, headers=bearer).status_code == 401


@pytest.mark.parametrize(
    ("role", "may_edit"),
    [(Role.OWNER, True), (Role.MANAGER, True), (Role.EDITOR, True), (Role.VIEWER, False)],
)
def test_a_role_holds_only_in_its_organisation(role: Role, *, may_edit: bool) -> None:
    membership = MembershipFactory.create(role=role)
    other = MembershipFactory.create().organization

    assert membership.user.can(Capability.EDIT_CONTENT, membership.organization) is may_edit
    assert not membership.user.can(Capability.EDIT_CONTENT, other)


def test_create_admin_prints_a_random_password_once(settings: Settings) -> None:
    settings.ADMIN_PASSWORD = ""
    first, second = io.StringIO(), io.StringIO()

    call_command("create_admin", stdout=first)
    call_command("create_admin", stdout=second)

    password = first.getvalue().partition("(shown once): ")[2].split()[0]
    admin = User.objects.get(username="admin")
    assert admin.check_password(password)
    assert admin.is_superuser
    assert password not in second.getvalue()
    assert Organization.objects.visible_to(admin).count() == 1


def test_create_admin_leaves_an_existing_user_as_it_is(settings: Settings) -> None:
    user = UserFactory.create(username="admin")
    settings.ADMIN_PASSWORD = "quite another passphrase"

    call_command("create_admin", stdout=io.StringIO())

    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert not user.is_superuser


def test_create_admin_refuses_a_weak_password(settings: Settings) -> None:
    settings.ADMIN_PASSWORD = "password1"

    with pytest.raises(CommandError, match="too common"):
        call_command("create_admin")

    assert not User.objects.exists()
