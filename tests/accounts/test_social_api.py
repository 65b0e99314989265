"""Signing in with an account elsewhere, for a client of the API: authorization code with PKCE."""

import base64
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http import HTTPStatus
from threading import Barrier
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import ApiSession, AuditEntry, SocialCode, User
from accounts.otp import enrolment
from accounts.social import providers
from tests import oidc
from tests.accounts.phone import Phone
from tests.accounts.social import knowing_anna, make_anna
from tests.oidc import Provider

pytestmark = pytest.mark.django_db
START, TOKEN = "/api/v1/auth/social/firm/start", "/api/v1/auth/social/token"
BACK = "http://127.0.0.1:49152/back"
VERIFIER = "v" * 43
STATE = "the client's own & only"


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.fixture
def firm(settings: Settings) -> Iterator[Provider]:
    with knowing_anna(settings) as provider:
        yield provider


@pytest.fixture
def anna(db: None) -> User:
    return make_anna()


def start(client: Client, **changes: str) -> Any:
    sent = {
        "redirect_uri": BACK,
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        "state": STATE,
    }
    return client.get(START, sent | changes)


def come_back(firm: Provider, **changes: str) -> dict[str, str]:
    """Go the whole way in a browser, and tell what the client is sent."""
    browser = Client()
    answer = browser.get(firm.visit(start(browser, **changes)["Location"]))
    assert answer.status_code == HTTPStatus.FOUND, answer.content
    uri, _mark, query = answer["Location"].partition("?")
    assert uri == changes.get("redirect_uri", BACK)
    return dict(parse_qsl(query))


def exchange(code: str, *, verifier: str = VERIFIER, **more: str) -> Any:
    return APIClient().post(TOKEN, {"code": code, "code_verifier": verifier, **more}, "json")


def problem(response: Any) -> str:
    return str(response.json()["type"]).rpartition(":")[2]


# --- The way through --------------------------------------------------------------------------


def test_the_code_gives_tokens_that_open_the_api(firm: Provider, anna: User) -> None:
    back = come_back(firm)

    answer = exchange(back["code"])

    assert back["state"] == STATE
    assert answer["Cache-Control"] == "no-store"
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert Client().get("/api/v1/users/me", headers=bearer).json()["username"] == "anna"
    assert AuditEntry.objects.get(action="login", actor=anna).details == {"by": "firm"}


def test_the_browser_is_not_signed_in_to_anything(firm: Provider, anna: User) -> None:
    browser = Client()
    browser.get(firm.visit(start(browser)["Location"]))

    assert "_auth_user_id" not in browser.session


def test_of_the_code_only_a_hash_is_kept(firm: Provider, anna: User) -> None:
    code = come_back(firm)["code"]

    row = SocialCode.objects.get()
    assert code not in str(row.__dict__)


def test_somebody_unknown_gets_an_account_where_everybody_may(
    firm: Provider, settings: Settings
) -> None:
    settings.REGISTRATION_OPEN = True

    answer = exchange(come_back(firm)["code"])

    assert answer.status_code == HTTPStatus.OK
    assert ApiSession.objects.get().user.email == "anna@example.org"


# --- Codes ------------------------------------------------------------------------------------


def test_a_code_is_good_once(firm: Provider, anna: User) -> None:
    code = come_back(firm)["code"]
    exchange(code)

    again = exchange(code)

    assert again.status_code == HTTPStatus.BAD_REQUEST
    assert problem(again) == "social_code_not_valid"
    assert ApiSession.objects.count() == 1


def test_a_code_with_a_wrong_verifier_is_lost(firm: Provider, anna: User) -> None:
    code = come_back(firm)["code"]

    wrong = exchange(code, verifier="w" * 43)

    assert problem(wrong) == "social_code_not_valid"
    assert exchange(code).status_code == HTTPStatus.BAD_REQUEST
    assert not ApiSession.objects.exists()


def test_a_code_is_good_for_a_minute(firm: Provider, anna: User) -> None:
    code = come_back(firm)["code"]
    row = SocialCode.objects.get()
    assert timedelta(seconds=55) < row.expires_at - timezone.now() <= timedelta(seconds=60)
    SocialCode.objects.update(expires_at=timezone.now())

    assert problem(exchange(code)) == "social_code_not_valid"


def test_codes_of_the_past_are_forgotten(firm: Provider, anna: User) -> None:
    come_back(firm)
    SocialCode.objects.update(expires_at=timezone.now())

    come_back(firm)

    assert SocialCode.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": "x"},
        {"code": "x", "code_verifier": "short"},
        {"code": "x", "code_verifier": "v" * 129},
        {"code": "x" * 129, "code_verifier": VERIFIER},
        {"code": "no such code", "code_verifier": VERIFIER},
    ],
)
def test_nonsense_is_refused(firm: Provider, body: dict[str, str]) -> None:
    assert APIClient().post(TOKEN, body, "json").status_code == HTTPStatus.BAD_REQUEST


def test_who_is_deactivated_meanwhile_gets_no_tokens(firm: Provider, anna: User) -> None:
    code = come_back(firm)["code"]
    User.objects.update(is_active=False)

    answer = exchange(code)

    assert (answer.status_code, problem(answer)) == (HTTPStatus.FORBIDDEN, "account_inactive")


@pytest.mark.django_db(transaction=True)
def test_of_eight_at_once_one_gets_tokens(firm: Provider, anna: User) -> None:
    code, gate = come_back(firm)["code"], Barrier(8)

    def race(_number: int) -> int:
        gate.wait()
        try:
            return int(exchange(code).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(race, range(8)))

    assert answers == [HTTPStatus.OK] + [HTTPStatus.BAD_REQUEST] * 7
    assert ApiSession.objects.count() == 1


# --- The second factor ------------------------------------------------------------------------


def test_a_second_factor_is_asked_for_and_the_code_waits_for_it(firm: Provider, anna: User) -> None:
    phone = Phone(enrolment.begin_totp(anna).secret)
    enrolment.confirm_totp(anna, phone.code())
    code = come_back(firm)["code"]

    first = exchange(code)

    assert (first.status_code, problem(first)) == (HTTPStatus.UNAUTHORIZED, "otp_required")
    assert SocialCode.objects.get().expires_at > timezone.now() + timedelta(minutes=4)
    assert exchange(code, otp=phone.code()).status_code == HTTPStatus.OK
    assert exchange(code, otp=phone.code()).status_code == HTTPStatus.BAD_REQUEST


def test_wrong_codes_of_a_second_factor_lock_out(firm: Provider, anna: User) -> None:
    phone = Phone(enrolment.begin_totp(anna).secret)
    enrolment.confirm_totp(anna, phone.code())
    code = come_back(firm)["code"]
    for _try in range(5):
        assert problem(exchange(code, otp="nonsense")) == "otp_wrong"

    answer = exchange(code, otp=phone.code())

    assert (answer.status_code, problem(answer)) == (HTTPStatus.TOO_MANY_REQUESTS, "locked_out")
    assert come_back(firm)["error_description"] == "locked_out"


# --- Where one is sent back to ----------------------------------------------------------------


@pytest.mark.parametrize(
    "uri",
    [
        "https://studio.example.org/back?tenant=1",
        "com.example.studio:/back",
        "http://127.0.0.1/",
        "http://[::1]:8123/a/b?c=d",
    ],
)
def test_a_listed_address_and_loopback_are_sent_back_to(
    firm: Provider, anna: User, settings: Settings, uri: str
) -> None:
    settings.SOCIAL_REDIRECT_URIS = [
        "https://studio.example.org/back?tenant=1",
        "com.example.studio:/back",
    ]
    browser = Client()

    answer = browser.get(firm.visit(start(browser, redirect_uri=uri)["Location"]))

    assert answer["Location"].startswith(f"{uri}{'&' if '?' in uri else '?'}code=")


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.test/",
        "https://studio.example.org/back/more",
        "https://studio.example.org/back?x=1",
        "https://studio.example.org.evil.test/back",
        "https://127.0.0.1/back",
        "http://127.0.0.1.evil.test/",
        "http://127.0.0.1:80@evil.test/",
        "http://127.0.0.1\\@evil.test/",
        "http://127.0.0.1/#here",
        "http://127.0.0.2/",
        "http://localhost:8000/",
        "http://127.0.0.1:8000/a\r\nX: y",
        "//127.0.0.1/",
        "javascript:alert(1)",
        "",
    ],
)
def test_nobody_is_sent_anywhere_else(
    client: Client, firm: Provider, settings: Settings, uri: str
) -> None:
    settings.SOCIAL_REDIRECT_URIS = ["https://studio.example.org/back"]

    answer = start(client, redirect_uri=uri)

    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert answer["Content-Type"] == "application/problem+json"
    assert not firm.asked


def test_what_is_listed_must_be_whole_addresses(settings: Settings) -> None:
    good = ["https://studio.example.org/back?tenant=1", "com.example.studio:/back"]
    bad = ["http://studio.example.org/", "javascript:alert(1)", "https://x.test/#y", "/back", "*"]
    settings.SOCIAL_REDIRECT_URIS = [*good, *bad]

    problems = providers.redirect_uris_are_whole()

    assert [next(uri for uri in bad if repr(uri) in one.msg) for one in problems] == bad


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": ""},
        {"code_challenge": "x" * 42},
        {"code_challenge_method": "plain"},
        {"state": ""},
    ],
)
def test_without_a_challenge_and_a_state_nobody_leaves(
    client: Client, firm: Provider, changes: dict[str, str]
) -> None:
    assert start(client, **changes).status_code == HTTPStatus.BAD_REQUEST


# --- What went wrong, told to the client ------------------------------------------------------


def test_a_refusal_is_told_to_the_client(firm: Provider) -> None:
    back = come_back(firm)

    assert back == {
        "error": "access_denied",
        "error_description": "registration_closed",
        "state": STATE,
    }
    assert not SocialCode.objects.exists()


def test_who_turns_back_is_told_to_the_client(firm: Provider) -> None:
    firm.error = "access_denied"

    assert come_back(firm)["error_description"] == "social_cancelled"


def test_a_provider_that_breaks_is_told_to_the_client(firm: Provider) -> None:
    firm.answers["/token"] = (500, "oops")

    assert come_back(firm)["error"] == "server_error"


def test_a_provider_that_is_down_is_told_to_the_client(client: Client, settings: Settings) -> None:
    with oidc.serving() as gone:
        settings.OPENID_PROVIDERS = [gone.settings()]

    location = urlsplit(start(client)["Location"])

    assert dict(parse_qsl(location.query))["error"] == "temporarily_unavailable"
    assert location.port == 49152


def test_without_a_provider_there_is_no_route() -> None:
    for answer in (start(Client()), exchange("x")):
        assert answer.status_code == HTTPStatus.NOT_FOUND
        assert problem(answer) == "not_found"
