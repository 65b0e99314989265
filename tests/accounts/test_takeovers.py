"""Nobody comes into an account by an address that somebody else only claimed."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import people, sessions
from accounts.models import ApiSession, AuditEntry, User
from accounts.otp import enrolment
from tests.accounts.desk import change_url
from tests.accounts.factories import PASSWORD, UserFactory
from tests.accounts.mailbox import Delivering, path_in
from tests.accounts.phone import Phone
from tests.accounts.social import come_in, is_in, knowing_anna, make_anna
from tests.oidc import Provider

pytestmark = pytest.mark.django_db
THEIRS = "what the squatter knows"


@pytest.fixture
def firm(settings: Settings) -> Iterator[Provider]:
    with knowing_anna(settings) as provider:
        yield provider


@pytest.fixture
def anna(db: None) -> User:
    return make_anna()


@pytest.fixture
def is_open(settings: Settings) -> None:
    settings.REGISTRATION_OPEN = settings.EMAIL_VERIFICATION = True


def register(username: str, password: str = PASSWORD) -> None:
    form = {"username": username, "email": "anna@example.org", "password": password}
    assert APIClient().post("/api/v1/auth/register", form, "json").status_code == 202


# --- By registering ------------------------------------------------------------------------------


@pytest.mark.usefixtures("is_open")
def test_who_follows_the_mail_opens_no_account_with_a_password_of_somebody_else(
    client: Client, deliver: Delivering
) -> None:
    register("anna")
    with deliver() as mails:
        register("squatter", THEIRS)

    answer = client.post(path_in(mails[0]), {"password": PASSWORD})

    assert "The password is wrong." in answer.content.decode()
    assert not User.objects.filter(is_active=True).exists()
    assert not AuditEntry.objects.filter(action="user.email_verified").exists()


@pytest.mark.usefixtures("is_open")
@pytest.mark.parametrize("body", [{}, {"password": ""}, {"password": "x" * 1001}])
def test_following_the_mail_alone_opens_nothing(
    body: dict[str, str], client: Client, deliver: Delivering
) -> None:
    with deliver() as mails:
        register("anna")

    client.post(path_in(mails[0]), body)

    assert not User.objects.filter(is_active=True).exists()


@pytest.mark.usefixtures("is_open")
def test_after_a_wrong_password_the_right_one_still_opens(
    client: Client, deliver: Delivering
) -> None:
    with deliver() as mails:
        register("anna")
    client.post(path_in(mails[0]), {"password": THEIRS})

    client.post(path_in(mails[0]), {"password": PASSWORD})

    assert User.objects.get().is_active


# --- By an account elsewhere ---------------------------------------------------------------------


def test_joined_by_its_address_an_account_loses_its_password_and_its_sessions(
    client: Client, firm: Provider, anna: User, deliver: Delivering
) -> None:
    sessions.begin_session(anna)
    elsewhere = Client()
    elsewhere.force_login(anna)

    with deliver() as mails:
        come_in(client, firm)

    anna.refresh_from_db()
    assert not anna.has_usable_password()
    assert not ApiSession.objects.live().exists()
    assert not is_in(elsewhere)
    assert is_in(client)
    assert [(mail.to, "elsewhere" in str(mail.body)) for mail in mails] == [([anna.email], True)]


def test_who_is_signed_in_while_joining_keeps_password_and_sessions(
    client: Client, firm: Provider, anna: User
) -> None:
    sessions.begin_session(anna)
    client.force_login(anna)

    come_in(client, firm)

    anna.refresh_from_db()
    assert anna.check_password(PASSWORD)
    assert ApiSession.objects.live().count() == 1
    assert SocialAccount.objects.filter(user=anna).exists()


def test_who_is_signed_in_as_somebody_else_saves_no_password_of_the_one_that_is_joined(
    client: Client, firm: Provider, anna: User
) -> None:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))

    come_in(client, firm)

    anna.refresh_from_db()
    assert not anna.has_usable_password()


def test_a_password_chosen_after_joining_holds(client: Client, firm: Provider, anna: User) -> None:
    come_in(Client(), firm)
    anna.refresh_from_db()
    anna.set_password(PASSWORD)
    anna.save()

    come_in(client, firm)

    anna.refresh_from_db()
    assert anna.check_password(PASSWORD)


# --- Whose address is trusted --------------------------------------------------------------------


def test_an_address_that_staff_have_given_themselves_opens_nothing(
    client: Client, firm: Provider, settings: Settings
) -> None:
    settings.EMAIL_VERIFICATION = False
    mallory = UserFactory.create(
        username="mallory", is_staff=True, email_verified_at=timezone.now()
    )
    people.ask_for_address(mallory, "anna@example.org")

    come_in(client, firm)

    mallory.refresh_from_db()
    assert mallory.email == "anna@example.org"
    assert not SocialAccount.objects.exists()
    assert not is_in(client)


def test_the_address_given_to_create_admin_is_trusted(
    client: Client, firm: Provider, settings: Settings
) -> None:
    settings.ADMIN_PASSWORD = PASSWORD

    call_command("create_admin", "--username", "anna", "--email", "anna@example.org")

    come_in(client, firm)
    assert is_in(client)


def test_an_address_that_create_admin_made_up_is_not_trusted(settings: Settings) -> None:
    settings.ADMIN_PASSWORD = PASSWORD

    call_command("create_admin", "--username", "vera", "--email", "")

    assert User.objects.get(username="vera").email_verified_at is None


def user_form(user: User, **changes: str) -> dict[str, Any]:
    rows = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    flags = {name: "on" for name in ("is_staff", "is_superuser") if getattr(user, name)}
    return {"username": user.username, "email": user.email, **flags, **rows, **changes}


def test_an_address_that_an_administrator_gives_somebody_is_trusted(superuser: User) -> None:
    desk = Client()
    desk.force_login(superuser)
    user = UserFactory.create()

    desk.post(change_url(user), user_form(user, first_name="Vera"))
    user.refresh_from_db()
    assert (user.first_name, user.email_verified_at) == ("Vera", None)
    desk.post(change_url(user), user_form(user, email="vera@example.org"))

    user.refresh_from_db()
    assert user.email == "vera@example.org"
    assert user.email_verified_at is not None


def test_an_account_that_an_administrator_makes_has_a_trusted_address(superuser: User) -> None:
    desk = Client()
    desk.force_login(superuser)
    rows = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    form = {"username": "vera", "email": "vera@example.org", "usable_password": "false", **rows}

    desk.post(reverse("admin:accounts_user_add"), form)

    assert User.objects.get(username="vera").email_verified_at is not None


def test_an_address_that_an_administrator_gives_themselves_is_not_trusted(superuser: User) -> None:
    User.objects.filter(pk=superuser.pk).update(email_verified_at=timezone.now())
    desk = Client()
    desk.force_login(superuser)
    form = user_form(superuser, email="anna@example.org")

    desk.post(change_url(superuser), form)

    superuser.refresh_from_db()
    assert (superuser.email, superuser.email_verified_at) == ("anna@example.org", None)


# --- What is written down ------------------------------------------------------------------------


def logins() -> list[tuple[str, str]]:
    rows = AuditEntry.objects.filter(action="login").order_by("at")
    return [(row.object_type, row.details["by"]) for row in rows]


def test_coming_in_by_an_account_elsewhere_is_written_down_once(
    client: Client, firm: Provider, anna: User
) -> None:
    come_in(client, firm)

    assert logins() == [("accounts.User", "firm")]


def test_coming_in_with_a_second_factor_too_is_written_down_once_it_is_shown(
    client: Client, firm: Provider, anna: User
) -> None:
    phone = Phone(enrolment.begin_totp(anna).secret)
    enrolment.confirm_totp(anna, phone.code())

    step = come_in(client, firm)["Location"]
    assert logins() == []
    client.post(step, {"code": phone.code()})

    assert logins() == [("accounts.User", "firm")]
