"""The second factor in the back office: the second step, setting it up, who is let in before."""

import html
import re
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.admin.sites import site
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse
from pytest_django import Settings

from accounts.models import AuditEntry, User
from accounts.otp import enrolment
from tests.accounts.factories import PASSWORD, MembershipFactory, UserFactory
from tests.accounts.phone import Phone

pytestmark = pytest.mark.django_db
LOGIN, STEP = reverse("admin:login"), reverse("admin:second-step")
PAGE, DESK = reverse("admin:second-factor"), reverse("admin:index")
USERS = reverse("admin:accounts_user_changelist")


@pytest.fixture
def required(settings: Settings) -> None:
    settings.REQUIRE_2FA_FOR_STAFF = True


def give_phone(user: User) -> tuple[Phone, list[str]]:
    phone = Phone(enrolment.begin_totp(user).secret)
    return phone, enrolment.confirm_totp(user, phone.code())


def sign_in(client: Client, user: User, *, to: str = "", password: str = PASSWORD) -> Any:
    form = {"username": user.username, "password": password, "next": to or DESK}
    return client.post(LOGIN, form)


def secret_on(page: Any) -> str:
    secret = re.search(r'<code class="otp-secret">([A-Z2-7 ]+)</code>', page.content.decode())
    assert secret is not None
    return secret[1].replace(" ", "")


def codes_on(page: Any) -> list[str]:
    return re.findall(r"<li><code>([a-z0-9-]+)</code>", page.content.decode())


def opens(client: Client, url: str = DESK) -> bool:
    return client.get(url).status_code == 200


# --- The second step --------------------------------------------------------------------------


def test_who_has_no_second_factor_is_not_asked_for_one(client: Client, superuser: User) -> None:
    assert sign_in(client, superuser)["Location"] == DESK
    assert opens(client)


def test_the_password_leads_to_the_second_step_and_opens_nothing(
    client: Client, superuser: User
) -> None:
    give_phone(superuser)

    answer = sign_in(client, superuser, to=USERS)

    assert answer["Location"].startswith(STEP)
    assert "_auth_user_id" not in client.session
    assert not opens(client)


def test_the_code_leads_to_where_one_was_going(client: Client, superuser: User) -> None:
    phone, _codes = give_phone(superuser)
    step = sign_in(client, superuser, to=USERS)["Location"]

    answer = client.post(step, {"code": phone.code()})

    assert answer["Location"] == USERS
    assert opens(client, USERS)


def test_a_backup_code_opens_as_well(client: Client, superuser: User) -> None:
    _phone, codes = give_phone(superuser)
    sign_in(client, superuser)

    client.post(STEP, {"code": codes[0]})

    assert opens(client)
    assert AuditEntry.objects.filter(action="otp.backup_used", actor=superuser).exists()


def test_a_wrong_code_opens_nothing_and_counts_for_the_lock_out(
    client: Client, superuser: User
) -> None:
    give_phone(superuser)
    sign_in(client, superuser)

    answer = client.post(STEP, {"code": "nonsense"})

    assert "The code is wrong" in answer.content.decode()
    assert not opens(client)
    assert AuditEntry.objects.filter(action="login.failed", object_id=superuser.pk).exists()


def test_who_is_locked_out_is_not_heard_at_the_second_step_either(
    client: Client, superuser: User
) -> None:
    phone, _codes = give_phone(superuser)
    sign_in(client, superuser)
    for _try in range(5):
        client.post(STEP, {"code": "nonsense"})

    answer = client.post(STEP, {"code": phone.code()})

    assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert not opens(client)


def test_a_right_password_between_wrong_codes_does_not_begin_the_count_anew(
    client: Client, superuser: User
) -> None:
    give_phone(superuser)
    for _try in range(5):
        sign_in(client, superuser)
        client.post(STEP, {"code": "nonsense"})

    assert sign_in(client, superuser).status_code == HTTPStatus.TOO_MANY_REQUESTS


def test_nobody_comes_to_the_second_step_without_a_password(client: Client) -> None:
    assert client.get(STEP)["Location"] == LOGIN
    assert client.post(STEP, {"code": "123456"})["Location"] == LOGIN


def test_the_password_is_forgotten_when_it_is_changed_meanwhile(
    client: Client, superuser: User
) -> None:
    phone, _codes = give_phone(superuser)
    sign_in(client, superuser)
    superuser.set_password("another long passphrase")
    superuser.save()

    assert client.post(STEP, {"code": phone.code()})["Location"] == LOGIN
    assert not opens(client)


def test_with_a_wrong_password_the_page_is_the_same_for_both(superuser: User) -> None:
    other = UserFactory.create(is_staff=True, is_superuser=True)
    give_phone(superuser)

    pages = []
    for user in (superuser, other):
        answer = sign_in(Client(), user, password="wrong")
        page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
        pages.append((answer.status_code, page.replace(user.username, "")))

    assert pages[0] == pages[1]


def test_a_session_without_a_code_is_led_to_the_second_step(
    client: Client, superuser: User
) -> None:
    phone, _codes = give_phone(superuser)
    client.force_login(superuser)  # as after signing in elsewhere

    led = client.get(USERS, follow=True)
    client.post(led.redirect_chain[-1][0], {"code": phone.code()})

    assert led.redirect_chain[-1][0].startswith(STEP)
    assert opens(client, USERS)


def test_one_may_sign_in_as_somebody_else_instead(client: Client, superuser: User) -> None:
    phone, _codes = give_phone(superuser)
    sign_in(client, superuser)

    client.post(STEP, {"leave": "1"})

    assert client.post(STEP, {"code": phone.code()})["Location"] == LOGIN


def test_the_way_on_leads_to_no_other_host(client: Client, superuser: User) -> None:
    phone, _codes = give_phone(superuser)
    step = sign_in(client, superuser, to="https://elsewhere.example/")["Location"]

    assert client.post(step, {"code": phone.code()})["Location"] == DESK


# --- Setting it up ----------------------------------------------------------------------------


@pytest.mark.usefixtures("required")
def test_who_must_set_it_up_is_led_there_and_then_on(client: Client, superuser: User) -> None:
    sign_in(client, superuser, to=USERS)

    led = client.get(USERS, follow=True)
    page, _status = led.redirect_chain[-1]
    shown = client.post(page, {"do": "confirm", "code": Phone(secret_on(led)).code()})

    assert page.startswith(PAGE)
    assert len(codes_on(shown)) == 10
    assert f'href="{USERS}"' in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert opens(client, USERS)


def routes(patterns: Any, prefix: str = "/admin/") -> list[str]:
    found: list[str] = []
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and "^" not in route and "(?P" not in route:
            filled = re.sub(r"<path:\w+>", str(UserFactory.build().pk), route)
            found.append(re.sub(r"<int:\w+>", "1", re.sub(r"<\w+:\w+>", "x", filled)))
    return found


@pytest.mark.usefixtures("required")
def test_nothing_else_of_the_back_office_opens_before(client: Client, superuser: User) -> None:
    client.force_login(superuser)
    urls = set(routes(site.get_urls()[:-1])) - {LOGIN, STEP, PAGE}

    assert len(urls) > 30
    for url in urls:
        for method in (client.get, client.post):
            answer = method(url)
            assert answer.status_code == 302, url
            assert answer["Location"].startswith((LOGIN, DESK)), url


@pytest.mark.usefixtures("required")
def test_the_same_secret_is_shown_until_it_is_confirmed_in_this_session_only(
    client: Client, superuser: User
) -> None:
    client.force_login(superuser)
    elsewhere = Client()
    elsewhere.force_login(superuser)

    first, again = secret_on(client.get(PAGE)), secret_on(client.get(PAGE))

    assert first == again
    assert secret_on(elsewhere.get(PAGE)) != first


@pytest.mark.usefixtures("required")
def test_who_must_set_it_up_can_still_leave(client: Client, superuser: User) -> None:
    client.force_login(superuser)

    client.post(PAGE, {"do": "leave"})

    assert "_auth_user_id" not in client.session


@pytest.mark.usefixtures("required")
def test_a_wrong_first_code_is_said_and_the_same_secret_stays(
    client: Client, superuser: User
) -> None:
    client.force_login(superuser)
    secret = secret_on(client.get(PAGE))

    answer = client.post(PAGE, {"do": "confirm", "code": Phone(secret).wrong_code()})

    assert "The code is wrong" in answer.content.decode()
    assert secret_on(answer) == secret
    assert not opens(client)


def test_who_wants_it_sets_it_up_with_the_password(client: Client, superuser: User) -> None:
    client.force_login(superuser)

    refused = client.post(PAGE, {"do": "begin", "password": "wrong"})
    client.post(PAGE, {"do": "begin", "password": PASSWORD})
    phone = Phone(secret_on(client.get(PAGE)))
    shown = client.post(PAGE, {"do": "confirm", "code": phone.code()})

    assert "The password is wrong" in refused.content.decode()
    assert len(codes_on(shown)) == 10
    assert opens(client)


def test_other_sessions_owe_a_code_once_it_is_set_up(client: Client, superuser: User) -> None:
    client.force_login(superuser)
    assert opens(client)

    give_phone(superuser)

    assert not opens(client)


# --- Renewing and giving up -------------------------------------------------------------------


@pytest.fixture
def verified(client: Client, superuser: User) -> Phone:
    phone, _codes = give_phone(superuser)
    sign_in(client, superuser)
    client.post(STEP, {"code": phone.code()})
    return phone


def test_new_backup_codes_are_made_with_the_password(client: Client, verified: Phone) -> None:
    refused = client.post(PAGE, {"do": "renew", "password": "wrong"})
    shown = client.post(PAGE, {"do": "renew", "password": PASSWORD})

    assert not codes_on(refused)
    assert len(codes_on(shown)) == 10


def test_it_is_given_up_with_password_and_code(
    client: Client, verified: Phone, superuser: User
) -> None:
    form = {"do": "remove", "password": PASSWORD}
    refused = client.post(PAGE, form | {"code": "nonsense"})

    client.post(PAGE, form | {"code": verified.code()})

    assert "The code is wrong" in refused.content.decode()
    assert sign_in(Client(), superuser)["Location"] == DESK


def test_the_page_says_how_many_backup_codes_are_left(client: Client, verified: Phone) -> None:
    page = html.unescape(client.get(PAGE).content.decode())

    assert "Codes that were not used yet: 10." in page


def test_secrets_of_others_are_nowhere_in_the_back_office(client: Client, verified: Phone) -> None:
    models = {model._meta.label for model in site._registry}

    assert not {label for label in models if label.startswith(("otp_", "accounts.Backup"))}


@pytest.mark.parametrize("page", [LOGIN, STEP, PAGE])
def test_only_staff_come_to_these_pages(client: Client, page: str) -> None:
    user = MembershipFactory.create().user
    client.force_login(user)

    answer = client.get(page)

    assert answer.status_code == 200 if page == LOGIN else answer["Location"] == LOGIN
