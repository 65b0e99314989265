"""Codes by e-mail, where an installation allows them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.plugins.otp_email.models import EmailDevice
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import letters
from accounts.models import Role, User
from accounts.otp import recovery
from accounts.otp.standing import is_enrolled
from tests.accounts.factories import PASSWORD, MembershipFactory
from tests.accounts.mailbox import Delivering

pytestmark = pytest.mark.django_db
LOGIN, STATE = "/api/v1/auth/login", "/api/v1/auth/2fa"
EMAIL, CONFIRM = f"{STATE}/email", f"{STATE}/email/confirm"
PAGE, STEP = reverse("admin:second-factor"), reverse("admin:second-step")
DESK = reverse("admin:index")


@pytest.fixture(autouse=True)
def allowed(settings: Settings) -> None:
    settings.OTP_EMAIL = True


@pytest.fixture
def user() -> User:
    return MembershipFactory.create().user


def sign_in(user: User, otp: str = "") -> Any:
    sent = {"username": user.username, "password": PASSWORD, "otp": otp}
    return APIClient().post(LOGIN, sent, "json")


def client_of(answer: Any) -> APIClient:
    return APIClient(headers={"Authorization": f"Bearer {answer.json()['access_token']}"})


def code_in(mails: list[EmailMessage]) -> str:
    [mail] = mails
    [code] = re.findall(r"\b[0-9]{6}\b", str(mail.body))
    return str(code)


def enrol(user: User, deliver: Delivering) -> None:
    client = client_of(sign_in(user))
    with deliver() as mails:
        assert client.post(EMAIL, {"password": PASSWORD}, "json").status_code == 202
    answer = client.post(CONFIRM, {"code": code_in(mails)}, "json")
    assert len(answer.json()["backup_codes"]) == 10


def a_minute_later(user: User) -> None:
    EmailDevice.objects.filter(user=user).update(
        last_generated_timestamp=timezone.now() - timedelta(seconds=61)
    )


def test_codes_do_not_come_by_e_mail_unless_that_is_allowed(user: User, settings: Settings) -> None:
    settings.OTP_EMAIL = False

    answer = client_of(sign_in(user)).post(EMAIL, {"password": PASSWORD}, "json")

    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:vertexar:problem:otp_email_off"


def test_the_password_has_a_code_mailed_and_the_code_opens(user: User, deliver: Delivering) -> None:
    enrol(user, deliver)

    with deliver() as mails:
        asked = sign_in(user)

    assert asked.json()["type"] == "urn:vertexar:problem:otp_required"
    assert mails[0].to == [user.email]
    assert client_of(sign_in(user, code_in(mails))).get(STATE).json()["method"] == "email"


def test_a_mailed_code_is_good_once(user: User, deliver: Delivering) -> None:
    enrol(user, deliver)
    with deliver() as mails:
        sign_in(user)
    sign_in(user, code_in(mails))

    assert sign_in(user, code_in(mails)).status_code == 401


def test_a_mailed_code_is_good_for_five_minutes(user: User, deliver: Delivering) -> None:
    enrol(user, deliver)
    with deliver() as mails:
        sign_in(user)
    left = EmailDevice.objects.get(user=user).valid_until - timezone.now()
    EmailDevice.objects.filter(user=user).update(valid_until=timezone.now())

    assert timedelta(minutes=4) < left < timedelta(minutes=5)
    assert sign_in(user, code_in(mails)).status_code == 401


def test_no_more_than_one_mail_a_minute_goes_out(user: User, deliver: Delivering) -> None:
    enrol(user, deliver)
    with deliver() as mails:
        for _try in range(3):
            sign_in(user)
    a_minute_later(user)
    with deliver() as later:
        sign_in(user)

    assert (len(mails), len(later)) == (1, 1)


def test_a_wrong_password_mails_nothing(user: User, deliver: Delivering) -> None:
    enrol(user, deliver)

    with deliver() as mails:
        APIClient().post(LOGIN, {"username": user.username, "password": "wrong"}, "json")

    assert not mails


def test_a_code_that_ran_out_before_the_worker_came_is_not_sent(user: User) -> None:
    EmailDevice.objects.create(user=user, token="123456", valid_until=timezone.now())

    letters.otp_code(str(user.pk), language="en")  # no mail, no error


def test_in_the_back_office_it_is_set_up_and_asked_for(
    client: Client, superuser: User, deliver: Delivering
) -> None:
    client.force_login(superuser)
    with deliver() as mails:
        client.post(PAGE, {"do": "begin_email", "password": PASSWORD})
    assert superuser.email in client.get(PAGE).content.decode()
    client.post(PAGE, {"do": "confirm", "code": code_in(mails)})
    browser, form = Client(), {"username": superuser.username, "password": PASSWORD}

    with deliver() as mails:
        step = browser.post(reverse("admin:login"), form)["Location"]
    shown = browser.get(step).content.decode()
    browser.post(step, {"code": code_in(mails)})

    assert "mailed to you" in shown
    assert browser.get(DESK).status_code == 200


def test_another_mail_can_be_asked_for(
    client: Client, superuser: User, deliver: Delivering
) -> None:
    enrol(superuser, deliver)
    client.force_login(superuser)

    with deliver() as mails:
        client.post(STEP, {"again": "1"})

    assert client.post(STEP, {"code": code_in(mails)})["Location"] == DESK


def test_who_lost_a_second_factor_is_written_to(user: User, deliver: Delivering) -> None:
    enrol(user, deliver)
    organization = user.memberships.get().organization
    owner = MembershipFactory.create(organization=organization, role=Role.OWNER).user

    with deliver() as mails:
        recovery.recover(user, actor=owner, organization=organization)

    assert not is_enrolled(user)
    assert [mail.to for mail in mails] == [[user.email]]
    assert user.username in str(mails[0].body)
