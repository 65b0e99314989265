"""Who comes in with an account elsewhere, as whom, and who does not."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from threading import Barrier
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEntry, Membership, Organization, Role, User
from accounts.otp import enrolment
from accounts.registration import unconfirmed
from tests.accounts.factories import PASSWORD, UserFactory
from tests.accounts.phone import Phone
from tests.accounts.social import DESK, LEAVE, come_in, is_in, knowing_anna, make_anna, url_on
from tests.oidc import Provider

pytestmark = pytest.mark.django_db
LOGIN, STEP = reverse("admin:login"), reverse("admin:second-step")


@pytest.fixture
def firm(settings: Settings) -> Iterator[Provider]:
    with knowing_anna(settings) as provider:
        yield provider


@pytest.fixture
def anna(db: None) -> User:
    return make_anna()


def failures(reason: str) -> int:
    return AuditEntry.objects.filter(action="login.failed", details__reason=reason).count()


# --- Coming in --------------------------------------------------------------------------------


def test_a_verified_address_opens_the_account_that_has_it(
    client: Client, firm: Provider, anna: User
) -> None:
    answer = come_in(client, firm)

    assert answer["Location"] == DESK
    assert is_in(client)
    assert client.session["_auth_user_id"] == str(anna.pk)


def test_who_came_once_is_known_whatever_the_address_is_now(
    client: Client, firm: Provider, anna: User
) -> None:
    come_in(Client(), firm)
    firm.person |= {"email": "else@example.org", "email_verified": False}

    come_in(client, firm)

    assert is_in(client)
    assert SocialAccount.objects.filter(user=anna).count() == 1


def test_nothing_is_kept_of_what_the_provider_tells_but_who_it_is(
    client: Client, firm: Provider, anna: User
) -> None:
    for _time in range(2):
        come_in(Client(), firm)

    account = SocialAccount.objects.get(user=anna)
    assert (account.provider, account.uid, account.extra_data) == ("firm", "a-1", {})


def test_it_is_written_down_by_whom_they_came_in(
    client: Client, firm: Provider, anna: User
) -> None:
    come_in(client, firm)

    entry = AuditEntry.objects.get(action="login", actor=anna, details__by="firm")
    assert entry.object_id == str(anna.pk)
    assert AuditEntry.objects.filter(action="changed", details__joined="firm").exists()


def test_one_comes_to_where_one_was_going(client: Client, firm: Provider, anna: User) -> None:
    users = reverse("admin:accounts_user_changelist")

    assert come_in(client, firm, to=users)["Location"] == users


@pytest.mark.parametrize("to", ["https://evil.test/", "//evil.test", "javascript:alert(1)"])
def test_nobody_is_led_to_another_site(client: Client, firm: Provider, anna: User, to: str) -> None:
    assert come_in(client, firm, to=to)["Location"] == DESK


def test_who_has_a_second_factor_must_show_it_as_well(
    client: Client, firm: Provider, anna: User
) -> None:
    phone = Phone(enrolment.begin_totp(anna).secret)
    enrolment.confirm_totp(anna, phone.code())

    step = come_in(client, firm)["Location"]

    assert step.startswith(STEP)
    assert "_auth_user_id" not in client.session
    assert not is_in(client)
    client.post(step, {"code": phone.code()})
    assert is_in(client)


def test_who_must_have_a_second_factor_is_led_to_it(
    client: Client, firm: Provider, anna: User, settings: Settings
) -> None:
    settings.REQUIRE_2FA_FOR_STAFF = True

    come_in(client, firm)

    assert not is_in(client)
    assert (
        client.get(DESK, follow=True)
        .redirect_chain[-1][0]
        .startswith(reverse("admin:second-factor"))
    )


def test_wrong_codes_count_however_often_one_comes_back(
    client: Client, firm: Provider, anna: User
) -> None:
    phone = Phone(enrolment.begin_totp(anna).secret)
    enrolment.confirm_totp(anna, phone.code())
    for _try in range(5):
        client.post(come_in(client, firm)["Location"], {"code": "nonsense"})

    assert come_in(client, firm).status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert not is_in(client)


# --- Who stays outside ------------------------------------------------------------------------


@pytest.mark.parametrize("verified", [False, None, "false", "no", 0])
def test_an_address_that_the_provider_does_not_vouch_for_opens_nothing(
    client: Client, firm: Provider, anna: User, verified: Any
) -> None:
    firm.person["email_verified"] = verified

    answer = come_in(client, firm)

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert not is_in(client)
    assert not SocialAccount.objects.exists()
    assert failures("email_not_verified") == 1


def test_a_provider_that_says_it_in_a_text_is_understood(
    client: Client, firm: Provider, anna: User
) -> None:
    firm.person["email_verified"] = "true"

    come_in(client, firm)

    assert is_in(client)


def test_an_account_that_somebody_made_with_my_address_is_not_given_me(
    client: Client, firm: Provider, settings: Settings
) -> None:
    settings.REGISTRATION_OPEN = True
    squatter = UserFactory.create(email="anna@example.org")

    answer = come_in(client, firm)

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "Choose a new password by mail" in answer.content.decode()
    assert not SocialAccount.objects.filter(user=squatter).exists()
    assert failures("address_not_confirmed") == 1


def test_an_account_that_was_never_confirmed_is_nobodys(
    client: Client, firm: Provider, settings: Settings
) -> None:
    settings.REGISTRATION_OPEN = True
    UserFactory.create(username="squatter", email="anna@example.org", is_active=False)
    assert unconfirmed().exists()

    come_in(client, firm)

    user = User.objects.get(email="anna@example.org")
    assert user.username == "anna"
    assert not user.check_password(PASSWORD)


def test_not_even_staff_come_in_by_an_address_that_nobody_has_confirmed(
    client: Client, firm: Provider, anna: User
) -> None:
    User.objects.filter(pk=anna.pk).update(email_verified_at=None)

    come_in(client, firm)

    assert not is_in(client)
    assert failures("address_not_confirmed") == 1


def test_an_address_that_has_passed_to_somebody_else_opens_nothing(
    client: Client, firm: Provider, anna: User
) -> None:
    come_in(Client(), firm)
    firm.person["sub"] = "b-2"

    answer = come_in(client, firm)

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert not is_in(client)
    assert failures("other_identity") == 1


def test_an_address_that_only_looks_the_same_opens_nothing(
    client: Client, firm: Provider, settings: Settings
) -> None:
    mike = UserFactory.create(email="mike@example.org", email_verified_at=timezone.now())
    firm.person["email"] = "mi\N{KELVIN SIGN}e@example.org"

    answer = come_in(client, firm)

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert not SocialAccount.objects.filter(user=mike).exists()


@pytest.mark.parametrize("known", [True, False])
def test_who_is_deactivated_stays_outside(
    client: Client, firm: Provider, anna: User, known: bool
) -> None:
    if known:
        come_in(Client(), firm)
    User.objects.filter(pk=anna.pk).update(is_active=False)

    answer = come_in(client, firm)

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert not is_in(client)
    assert SocialAccount.objects.filter(user=anna).exists() is known
    assert failures("account_inactive") == 1


def test_who_is_locked_out_here_is_not_heard(client: Client, firm: Provider, anna: User) -> None:
    for _try in range(5):
        client.post(LOGIN, {"username": "anna", "password": "wrong"})

    answer = come_in(client, firm)

    assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert int(answer["Retry-After"]) > 0
    assert not is_in(client)


def test_somebody_unknown_is_told_kindly_that_nobody_can_register(
    client: Client, firm: Provider
) -> None:
    answer = come_in(client, firm)

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "Ask an owner of an organisation to invite you." in answer.content.decode()
    assert not User.objects.exists()
    assert failures("registration_closed") == 1


def test_somebody_unknown_gets_an_account_where_everybody_may(
    client: Client, firm: Provider, settings: Settings
) -> None:
    settings.REGISTRATION_OPEN = True
    UserFactory.create(username="ANNA", email="other@example.org")

    page = come_in(client, firm).content.decode()

    user = User.objects.get(email="anna@example.org")
    assert (user.username, user.first_name) == ("anna2", "Anna")
    assert "anna2" in page
    assert user.email_verified_at is not None
    assert not user.has_usable_password()
    assert not user.is_staff
    assert not user.is_superuser
    assert Membership.objects.get(user=user).role == Role.OWNER
    assert AuditEntry.objects.filter(action="user.registered", details__by="firm").exists()


@pytest.mark.django_db(transaction=True)
def test_somebody_new_who_comes_many_times_at_once_gets_one_account(
    firm: Provider, settings: Settings
) -> None:
    settings.REGISTRATION_OPEN = True
    browsers = [Client() for _browser in range(4)]
    returns = [firm.visit(url_on(browser.post(LEAVE))) for browser in browsers]
    gate = Barrier(len(browsers))

    def come_back(browser: Client, back: str) -> int:
        gate.wait()
        try:
            return browser.get(back).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(browsers)) as pool:
        answers = set(pool.map(come_back, browsers, returns))

    assert HTTPStatus.OK in answers
    assert max(answers) < HTTPStatus.INTERNAL_SERVER_ERROR
    assert (
        User.objects.count() == SocialAccount.objects.count() == Organization.objects.count() == 1
    )


def test_who_does_not_work_in_the_back_office_is_told_so(
    client: Client, firm: Provider, anna: User
) -> None:
    User.objects.filter(pk=anna.pk).update(is_staff=False, is_superuser=False)

    answer = come_in(client, firm)

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "_auth_user_id" not in client.session
