"""Sessions of the API: they go on by fresh tokens, and end when they should, everywhere at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from accounts import sessions
from accounts.models import ApiSession, AuditEntry, User
from tests.accounts.factories import PASSWORD, MembershipFactory

pytestmark = pytest.mark.django_db
LOGIN, REFRESH, LOGOUT = "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/logout"


@pytest.fixture
def user() -> User:
    return MembershipFactory.create().user


def sign_in(user: User) -> dict[str, Any]:
    credentials = {"username": user.username, "password": PASSWORD}
    tokens: dict[str, Any] = APIClient().post(LOGIN, credentials, "json").json()
    return tokens


def refresh(tokens: dict[str, Any]) -> Any:
    return APIClient().post(REFRESH, {"refresh_token": tokens["refresh_token"]}, "json")


def opens_the_api(tokens: dict[str, Any]) -> bool:
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    status = Client().get("/api/v1/contents", headers=bearer).status_code
    assert status in {200, 401}
    return status == 200


def sign_out(tokens: dict[str, Any], **body: Any) -> None:
    client = APIClient(headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert client.post(LOGOUT, body, "json").status_code == 204


def test_a_refresh_token_is_good_for_one_more_pair(user: User) -> None:
    first = sign_in(user)

    second = refresh(first).json()

    assert opens_the_api(second)
    assert second["refresh_token"] != first["refresh_token"]


def test_an_old_refresh_token_used_again_ends_the_session_of_thief_and_owner(user: User) -> None:
    stolen = sign_in(user)
    current = refresh(stolen).json()

    assert refresh(stolen).status_code == 401

    assert not opens_the_api(current)
    assert refresh(current).status_code == 401
    assert AuditEntry.objects.filter(action="token.reused", actor=user).count() == 1


def test_other_sessions_go_on_when_one_is_stolen(user: User) -> None:
    elsewhere, stolen = sign_in(user), sign_in(user)
    refresh(stolen)
    refresh(stolen)

    assert opens_the_api(elsewhere)


def test_signing_out_ends_access_at_once(user: User) -> None:
    here, elsewhere = sign_in(user), sign_in(user)

    sign_out(here)

    assert not opens_the_api(here)
    assert refresh(here).status_code == 401
    assert opens_the_api(elsewhere)


def test_signing_out_everywhere_ends_the_back_office_too(user: User) -> None:
    user.is_staff = user.is_superuser = True
    user.save()
    browser = Client()
    browser.force_login(user)
    here, elsewhere = sign_in(user), sign_in(user)

    sign_out(here, everywhere=True)

    assert not opens_the_api(here)
    assert not opens_the_api(elsewhere)
    assert browser.get("/admin/").status_code == 302


def test_a_new_password_ends_all_sessions(user: User) -> None:
    tokens = sign_in(user)

    user.set_password("another long passphrase")
    user.save()

    assert not opens_the_api(tokens)
    assert refresh(tokens).status_code == 401


def test_who_is_deactivated_is_out_at_once(user: User) -> None:
    tokens = sign_in(user)

    User.objects.filter(pk=user.pk).update(is_active=False)

    assert not opens_the_api(tokens)
    assert refresh(tokens).status_code == 401


def test_a_refresh_token_opens_nothing_and_an_access_token_refreshes_nothing(user: User) -> None:
    tokens = sign_in(user)

    assert not opens_the_api({"access_token": tokens["refresh_token"]})
    assert refresh({"refresh_token": tokens["access_token"]}).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_two_refreshes_at_once_do_not_both_succeed(user: User) -> None:
    tokens = sign_in(user)

    def once(_: int) -> int:
        try:
            return int(refresh(tokens).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(once, range(2)))

    assert statuses == [200, 401]


def test_a_session_remembers_where_it_began(user: User) -> None:
    client = APIClient(headers={"User-Agent": "Studio/1.0 " + "x" * 300})
    client.post(LOGIN, {"username": user.username, "password": PASSWORD}, "json")

    session = ApiSession.objects.get(user=user)
    assert session.ip == "127.0.0.1"
    assert session.user_agent.startswith("Studio/1.0")
    assert len(session.user_agent) == 200


def test_ending_a_session_twice_is_harmless(user: User) -> None:
    sign_in(user)
    session = ApiSession.objects.get(user=user)

    sessions.end_session(session)
    sessions.end_session(session)

    session.refresh_from_db()
    assert session.end_reason == ApiSession.EndReason.SIGNED_OUT
