"""What goes wrong on the way to a provider and back, and which providers there are."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from accounts.social import providers
from tests import oidc
from tests.accounts.social import DESK, LEAVE, come_in, is_in, knowing_anna, make_anna, url_on
from tests.oidc import Provider

pytestmark = pytest.mark.django_db
LOGIN = reverse("admin:login")


@pytest.fixture
def firm(settings: Settings) -> Iterator[Provider]:
    with knowing_anna(settings) as provider:
        yield provider


@pytest.fixture
def anna(db: None) -> User:
    return make_anna()


# --- What goes wrong on the way ---------------------------------------------------------------


def test_the_provider_is_asked_with_state_nonce_and_pkce(
    client: Client, firm: Provider, anna: User
) -> None:
    come_in(client, firm)

    assert {"state", "nonce", "code_challenge"} <= set(firm.sent)
    assert firm.sent["redirect_uri"] == "http://testserver/account/social/firm/callback"
    assert {"/token", "/jwks", "/userinfo"} <= set(firm.asked)


def test_with_https_people_come_back_by_it(
    client: Client, firm: Provider, settings: Settings
) -> None:
    settings.ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"

    firm.visit(url_on(client.post(LEAVE)))

    assert firm.sent["redirect_uri"].startswith("https://testserver/")


def test_a_return_with_another_state_is_refused(client: Client, firm: Provider, anna: User) -> None:
    back = firm.visit(url_on(client.post(LEAVE)))

    answer = client.get(re.sub(r"state=\w+", "state=another", back))

    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert not is_in(client)
    assert "/token" not in firm.asked


def test_a_return_in_another_browser_is_refused(firm: Provider, anna: User) -> None:
    back = firm.visit(url_on(Client().post(LEAVE)))
    victim = Client()

    assert victim.get(back).status_code == HTTPStatus.BAD_REQUEST
    assert not is_in(victim)


def test_a_return_is_good_once(client: Client, firm: Provider, anna: User) -> None:
    back = firm.visit(url_on(client.post(LEAVE)))
    client.get(back)
    client.post(reverse("admin:logout"))

    assert client.get(back).status_code == HTTPStatus.BAD_REQUEST
    assert not is_in(client)


@pytest.mark.parametrize(
    ("error", "said"), [("access_denied", "You have not let"), ("server_error", "has not told")]
)
def test_who_turns_back_at_the_provider_finds_a_kind_page(
    client: Client, firm: Provider, error: str, said: str
) -> None:
    firm.error = error

    answer = come_in(client, firm)

    assert answer.status_code in {HTTPStatus.BAD_REQUEST, HTTPStatus.BAD_GATEWAY}
    assert said in answer.content.decode()
    assert DESK in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/token", (500, "oops")),
        ("/token", (200, "[]")),
        ("/token", (200, '{"access_token": "x"}')),
        ("/token", (200, '{"access_token": "x", "id_token": "x.y.z"}')),
        ("/userinfo", (200, "not json")),
        ("/userinfo", (200, '{"sub": "somebody-else", "email": "anna@example.org"}')),
        ("/userinfo", (200, '{"sub": null}')),
        ("/jwks", (200, '{"keys": [{"kid": "k1"}]}')),
        ("/.well-known/openid-configuration", (200, "{}")),
        ("/.well-known/openid-configuration", (503, "away")),
    ],
)
def test_an_answer_that_is_none_ends_in_a_kind_page(
    client: Client, firm: Provider, anna: User, path: str, answer: tuple[int, str]
) -> None:
    back = firm.visit(url_on(client.post(LEAVE)))
    firm.answers[path] = answer

    page = client.get(back)

    assert page.status_code == HTTPStatus.BAD_GATEWAY
    assert "Our Firm" in page.content.decode()
    assert not is_in(client)


@pytest.mark.parametrize("answer", [(503, "away"), (200, "{}"), (200, "<html>"), (200, "[]")])
def test_a_provider_that_does_not_describe_itself_ends_in_a_kind_page(
    client: Client, firm: Provider, answer: tuple[int, str]
) -> None:
    firm.answers["/.well-known/openid-configuration"] = answer

    assert client.post(LEAVE).status_code == HTTPStatus.BAD_GATEWAY


def test_a_provider_that_is_down_ends_in_a_kind_page(client: Client, settings: Settings) -> None:
    with oidc.serving() as gone:
        settings.OPENID_PROVIDERS = [gone.settings()]

    page = client.post(LEAVE)

    assert page.status_code == HTTPStatus.BAD_GATEWAY
    assert "Our Firm does not answer." in page.content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"nonce": "of another signing in"}, {"aud": "another"}, {"iss": "https://x.test"}, {"exp": 1}],
)
def test_an_id_token_that_is_not_for_this_signing_in_is_refused(
    client: Client, firm: Provider, anna: User, wrong: dict[str, Any]
) -> None:
    firm.in_id_token = wrong

    assert come_in(client, firm).status_code == HTTPStatus.BAD_GATEWAY
    assert not is_in(client)


def test_an_id_token_signed_by_another_key_is_refused(
    client: Client, firm: Provider, anna: User
) -> None:
    firm.signs_with = "another"

    assert come_in(client, firm).status_code == HTTPStatus.BAD_GATEWAY
    assert not is_in(client)


# --- Google and GitHub ------------------------------------------------------------------------


@pytest.fixture
def google(firm: Provider, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """Stand in for Google, which tells all in the ID token."""
    settings.GOOGLE_CLIENT_ID, settings.GOOGLE_CLIENT_SECRET = oidc.CLIENT_ID, oidc.SECRET
    monkeypatch.setattr(GoogleOAuth2Adapter, "authorize_url", f"{firm.url}/authorize")
    monkeypatch.setattr(GoogleOAuth2Adapter, "access_token_url", f"{firm.url}/token")
    firm.in_id_token = {"iss": "https://accounts.google.com", **firm.person}
    return firm


@pytest.fixture
def github(firm: Provider, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """Stand in for GitHub, which is no OpenID provider and lists addresses."""
    settings.GITHUB_CLIENT_ID, settings.GITHUB_CLIENT_SECRET = oidc.CLIENT_ID, oidc.SECRET
    for name, path in {
        "authorize_url": "/login/oauth/authorize",
        "access_token_url": "/token",
        "profile_url": "/user",
        "emails_url": "/user/emails",
    }.items():
        monkeypatch.setattr(GitHubOAuth2Adapter, name, firm.url + path)
    mails = [
        {"email": "old@example.org", "primary": False, "verified": True},
        {"email": "anna@example.org", "primary": True, "verified": True},
    ]
    firm.person = {"id": 7, "login": "anna", "name": "Anna B", "email": None, "emails": mails}
    return firm


def test_google_lets_in(client: Client, google: Provider, anna: User) -> None:
    come_in(client, google, leave="/account/social/google/login")

    assert is_in(client)
    assert set(google.sent["scope"].split()) == {"openid", "email", "profile"}
    assert google.sent["redirect_uri"].endswith("/account/social/google/callback")


def test_an_id_token_of_another_signing_in_is_refused_of_google_too(
    client: Client, google: Provider, anna: User
) -> None:
    google.in_id_token["nonce"] = "another"

    come_in(client, google, leave="/account/social/google/login")

    assert not is_in(client)


def test_github_lets_in_by_the_primary_address(
    client: Client, github: Provider, anna: User
) -> None:
    come_in(client, github, leave="/account/social/github/login")

    assert is_in(client)
    assert github.sent["scope"] == "user:email"


@pytest.mark.parametrize("change", [{"primary": False}, {"verified": False}])
def test_no_other_address_of_github_opens_anything(
    client: Client, github: Provider, anna: User, change: dict[str, Any]
) -> None:
    github.person["emails"][1] |= change

    come_in(client, github, leave="/account/social/github/login")

    assert not is_in(client)


def test_an_address_of_github_that_only_looks_the_same_opens_nothing(
    client: Client, github: Provider, anna: User
) -> None:
    User.objects.filter(pk=anna.pk).update(email="mike@example.org")
    github.person["emails"][1]["email"] = "mi\N{KELVIN SIGN}e@example.org"

    come_in(client, github, leave="/account/social/github/login")

    assert not is_in(client)


# --- What is configured -----------------------------------------------------------------------


def test_there_is_a_button_for_each_provider(
    client: Client, firm: Provider, settings: Settings
) -> None:
    settings.GOOGLE_CLIENT_ID = settings.GITHUB_CLIENT_ID = "x"

    page = client.get(f"{LOGIN}?next={DESK}").content.decode()

    buttons = re.findall(r'<form action="(/account/social/\w+/login)" method="post">', page)
    assert buttons == [f"/account/social/{one}/login" for one in ("google", "github", "firm")]
    assert f'<input type="hidden" name="next" value="{DESK}">' in page


def test_without_a_provider_there_is_no_button_and_no_route(client: Client) -> None:
    assert "/account/social/" not in client.get(LOGIN).content.decode()
    for name in ("google", "github", "firm"):
        for page in ("login", "callback"):
            assert client.get(f"/account/social/{name}/{page}").status_code == 404
            assert client.post(f"/account/social/{name}/{page}").status_code == 404


def test_the_way_to_a_provider_begins_with_a_button_and_nothing_else(
    firm: Provider,
) -> None:
    client = Client(enforce_csrf_checks=True)

    assert client.get(LEAVE).status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert client.post(LEAVE).status_code == HTTPStatus.FORBIDDEN


def test_nobody_can_add_a_provider_in_the_back_office(client: Client, anna: User) -> None:
    client.force_login(anna)

    assert client.get("/admin/socialaccount/socialapp/add/").status_code == 404
    assert client.get("/admin/account/emailaddress/").status_code == 404


def test_forms_may_be_sent_nowhere_else_with_a_provider_either(
    client: Client, firm: Provider
) -> None:
    policy = client.get(LOGIN)["Content-Security-Policy"]

    assert "form-action 'self';" in f"{policy};"


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "Firm"},
        {"id": "google"},
        {"id": "../x"},
        {"server_url": "http://id.example.org"},
        {"server_url": "ftp://id.example.org"},
        {"secret": None},
    ],
)
def test_a_provider_that_is_described_wrongly_is_named_and_left_out(
    client: Client, settings: Settings, changes: dict[str, Any]
) -> None:
    settings.OPENID_PROVIDERS = [Provider("https://id.example.org").settings(**changes)]

    [problem] = providers.openid_providers_are_described()

    assert problem.id == "accounts.E001"
    assert oidc.SECRET not in str(problem)
    assert "/account/social/" not in client.get(LOGIN).content.decode()


def test_one_id_for_two_providers_is_an_error(settings: Settings) -> None:
    settings.OPENID_PROVIDERS = [Provider("https://id.example.org").settings()] * 2

    [problem] = providers.openid_providers_are_described()

    assert "twice" in problem.msg
