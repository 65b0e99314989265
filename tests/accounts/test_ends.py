"""Every session ends one day, however busy it is."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import sessions
from accounts.models import ApiSession, User
from tests.accounts.clock import Move, movable
from tests.accounts.factories import MembershipFactory
from vertexar.errors import NotSignedIn

pytestmark = pytest.mark.django_db
ME, DESK = "/api/v1/users/me", "/admin/"
MINUTES_20, DAYS_10 = timedelta(minutes=20), timedelta(days=10)


@pytest.fixture
def move(monkeypatch: pytest.MonkeyPatch) -> Move:
    return movable(monkeypatch)


@pytest.fixture
def desk(superuser: User) -> Client:
    client = Client()
    client.force_login(superuser)
    return client


def is_open(desk: Client) -> bool:
    return desk.get(DESK).status_code == 200


def opens_the_api(pair: sessions.TokenPair) -> bool:
    client = APIClient(headers={"Authorization": f"Bearer {pair.access}"})
    return client.get(ME).status_code == 200


# --- Of the API ----------------------------------------------------------------------------------


def test_a_session_of_the_api_ends_however_often_it_is_refreshed(
    move: Move, settings: Settings
) -> None:
    settings.SESSION_MAX = timedelta(days=25)
    pair = sessions.begin_session(MembershipFactory.create().user)
    for _tens in range(2):
        move(DAYS_10)
        pair = sessions.refresh_session(pair.refresh)
    assert opens_the_api(pair)

    move(timedelta(days=5, seconds=-60))
    assert opens_the_api(pair)
    move(timedelta(seconds=61))

    assert not opens_the_api(pair)
    with pytest.raises(NotSignedIn):
        sessions.refresh_session(pair.refresh)


def test_a_session_of_the_api_says_when_it_ends(move: Move, settings: Settings) -> None:
    settings.SESSION_MAX = timedelta(days=12)
    pair = sessions.begin_session(MembershipFactory.create().user)
    move(DAYS_10)

    sessions.refresh_session(pair.refresh)

    session = ApiSession.objects.get()
    assert session.expires_at == session.created_at + settings.SESSION_MAX


def test_a_shorter_life_holds_for_sessions_that_there_are(move: Move, settings: Settings) -> None:
    pair = sessions.begin_session(MembershipFactory.create().user)
    move(timedelta(days=2))

    settings.SESSION_MAX = timedelta(days=1)

    assert not opens_the_api(pair)


# --- Of the back office --------------------------------------------------------------------------


def test_a_session_of_the_back_office_ends_however_busy_it_is(
    desk: Client, move: Move, settings: Settings
) -> None:
    settings.DESK_SESSION_MAX = timedelta(hours=2)

    looks: list[bool] = []
    for _twenties in range(6):
        looks.append(is_open(desk))
        move(MINUTES_20)

    assert looks == [True] * 6
    assert not is_open(desk)
    assert "_auth_user_id" not in desk.session


def test_the_cookie_of_the_back_office_ends_with_its_session(
    desk: Client, move: Move, settings: Settings
) -> None:
    settings.DESK_SESSION_MAX = timedelta(minutes=50)
    is_open(desk)
    move(MINUTES_20)
    is_open(desk)
    move(MINUTES_20)

    answer: Any = desk.get(DESK)

    cookie = answer.cookies["sessionid"]
    assert 0 < int(cookie["max-age"]) <= 600
    row = Session.objects.get(pk=cookie.value)
    assert row.expire_date <= timezone.now() + timedelta(minutes=10)


def test_who_signs_in_anew_has_the_whole_time(
    desk: Client, superuser: User, move: Move, settings: Settings
) -> None:
    settings.DESK_SESSION_MAX = timedelta(minutes=50)
    is_open(desk)
    for _twenties in range(3):
        move(MINUTES_20)
        is_open(desk)
    assert not is_open(desk)

    desk.force_login(superuser)
    move(MINUTES_20)

    assert is_open(desk)


def test_a_quiet_session_of_the_back_office_ends_before(
    desk: Client, move: Move, settings: Settings
) -> None:
    is_open(desk)

    move(timedelta(seconds=settings.SESSION_COOKIE_AGE + 1))

    assert not is_open(desk)


def test_a_session_from_before_it_was_known_when_it_began_ends_too(
    desk: Client, move: Move, settings: Settings
) -> None:
    settings.DESK_SESSION_MAX = timedelta(minutes=50)
    row = Session.objects.get()
    kept = {name: value for name, value in row.get_decoded().items() if name != "began_at"}
    Session.objects.update(session_data=desk.session.encode(kept))
    assert is_open(desk)

    for _twenties in range(3):
        move(MINUTES_20)
        is_open(desk)

    assert not is_open(desk)
