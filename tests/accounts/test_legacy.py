"""Signing in, registering and listing under the old paths: they work, and say what took over."""

from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from tests.accounts.factories import PASSWORD, MembershipFactory
from tests.arcontent.factories import ready_content
from tests.whole.asked_well import NEWCOMER

pytestmark = pytest.mark.django_db
LOGIN, REGISTER, LIST = "/auth/login", "/auth/register", "/ar/list"


def test_who_signs_in_on_the_old_path_lists_on_the_old_path() -> None:
    member = MembershipFactory.create()
    content, _others = ready_content(organization=member.organization), ready_content()
    client = APIClient()

    signed_in = client.post(LOGIN, {"username": member.user.username, "password": PASSWORD}, "json")
    listed = client.get(
        LIST, headers={"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    )

    assert (signed_in.status_code, listed.status_code) == (200, 200)
    assert [row["id"] for row in listed.json()["results"]] == [str(content.pk)]


def test_who_registers_on_the_old_path_is_no_administrator(settings: Settings) -> None:
    settings.REGISTRATION_OPEN, settings.EMAIL_VERIFICATION = True, False

    response = APIClient().post(REGISTER, NEWCOMER, "json")

    assert response.status_code == 202
    user = User.objects.get(username=NEWCOMER["username"])
    assert (user.is_staff, user.is_superuser) == (False, False)


def test_what_the_old_version_asked_of_who_registers_is_not_enough(settings: Settings) -> None:
    settings.REGISTRATION_OPEN = True

    response = APIClient().post(
        REGISTER, {"username": "backup_test", "password": "test123"}, "json"
    )

    assert response.status_code == 400
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("path", "ask", "successor"),
    [
        (LOGIN, APIClient.post, "/api/v1/auth/login"),
        (REGISTER, APIClient.post, "/api/v1/auth/register"),
        (LIST, APIClient.get, "/api/v1/contents"),
    ],
    ids=["login", "register", "list"],
)
def test_every_answer_names_the_successor(path: str, ask: Any, successor: str) -> None:
    response = ask(APIClient(), path)

    assert response.status_code in {400, 401}
    assert response["Deprecation"].startswith("@")
    assert response["Link"] == f'<{successor}>; rel="successor-version"'


def test_the_old_paths_share_the_limit_of_the_new(settings: Settings) -> None:
    settings.RATE_LIMIT_ENABLED, settings.AUTH_RATE_LIMIT = True, "2/day"
    settings.RATELIMIT_CACHE_PREFIX = uuid4().hex  # from zero
    client = APIClient()

    statuses = [
        client.post(path, {"username": "nobody", "password": "wrong"}, "json").status_code
        for path in (LOGIN, "/api/v1/auth/login", LOGIN)
    ]

    assert statuses == [401, 401, 429]
