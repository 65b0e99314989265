"""Nobody's mailbox is filled by people who type its address."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from django_otp.plugins.otp_email.models import EmailDevice
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import letters
from accounts.mail import Letter, send
from accounts.models import User
from tests.accounts.factories import PASSWORD, UserFactory
from tests.accounts.mailbox import Delivering

pytestmark = pytest.mark.django_db
RESET, REGISTER = "/api/v1/auth/password/reset", "/api/v1/auth/register"


@pytest.fixture(autouse=True)
def is_limited(settings: Settings) -> None:
    settings.RATE_LIMIT_ENABLED = True
    settings.AUTH_RATE_LIMIT = settings.GLOBAL_RATE_LIMIT = "1000/min"
    settings.REGISTRATION_OPEN = settings.EMAIL_VERIFICATION = True


@pytest.fixture
def address() -> str:
    """One that no other test has counted for."""
    return f"{uuid4().hex}@example.org"


def ask_for_reset(address: str) -> tuple[int, bytes]:
    answer = APIClient().post(RESET, {"email": address}, "json")
    return answer.status_code, answer.content


def notice(address: str, letter: Letter = Letter.KNOWN) -> None:
    letters.notice(letter.value, address=address, username="anna", language="en")


def test_five_mails_for_a_new_password_go_to_an_address_in_an_hour_and_the_asker_can_t_tell(
    address: str, deliver: Delivering
) -> None:
    UserFactory.create(email=address)

    with deliver() as mails:
        answers = {ask_for_reset(address) for _time in range(7)}

    assert len(mails) == 5
    assert len(answers) == 1


def test_confirmations_count_with_it_whoever_is_written_to(
    address: str, deliver: Delivering
) -> None:
    with deliver() as confirmations:
        for number in range(4):
            form = {"username": f"a{number}", "email": address, "password": PASSWORD}
            assert APIClient().post(REGISTER, form, "json").status_code == 202
    User.objects.update(is_active=True)
    with deliver() as resets:
        for _time in range(4):
            ask_for_reset(address.upper())

    assert (len(confirmations), len(resets)) == (4, 1)


def test_an_address_is_the_same_in_capitals(address: str) -> None:
    for _time in range(4):
        notice(address)
        notice(address.upper())

    assert len(mail.outbox) == 5


def test_every_address_is_counted_for_itself(address: str, deliver: Delivering) -> None:
    UserFactory.create(email=address)
    other = UserFactory.create(email=f"other-{address}")

    with deliver() as mails:
        for _time in range(6):
            ask_for_reset(address)
        ask_for_reset(other.email)

    assert [m.to for m in mails].count([other.email]) == 1


def test_codes_to_sign_in_are_limited_and_nobody_else_uses_them_up(address: str) -> None:
    device = EmailDevice.objects.create(user=UserFactory.create(email=address), confirmed=True)
    device.generate_token(valid_secs=300)
    for _time in range(6):
        notice(address)
    mail.outbox.clear()

    for _time in range(7):
        letters.otp_code(str(device.user_id), language="en")

    assert len(mail.outbox) == 5


def test_news_of_what_was_done_always_comes(address: str) -> None:
    for _time in range(7):
        notice(address, Letter.PASSWORD_CHANGED)

    assert len(mail.outbox) == 7


def test_what_could_not_be_sent_is_not_counted(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:

        def refuse(*args: object) -> int:
            raise OSError("the mail server is away")

        broken.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
        for _time in range(7):
            with pytest.raises(OSError, match="away"):
                notice(address)

    notice(address)

    assert len(mail.outbox) == 1


def test_many_processes_together_send_no_more(address: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _time: notice(address), range(12)))

    assert len(mail.outbox) == 5


def test_after_a_while_there_are_mails_again(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.mail_limits.HOUR_S", 1)
    deadline = time.monotonic() + 20

    def goes_out() -> bool:
        assert time.monotonic() < deadline
        before = len(mail.outbox)
        send(Letter.KNOWN, to=address, language="en", username="anna", link="x")
        return len(mail.outbox) > before

    while goes_out():  # on a busy machine more than five, since its first are soon a second old
        pass
    assert len(mail.outbox) >= 5

    while not goes_out():
        pass


def test_without_a_cache_mails_are_sent(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vertexar.cache.cache_breaker._closed_until", float("inf"))

    notice(address)

    assert len(mail.outbox) == 1


def test_where_nothing_is_limited_this_is_not_either(address: str, settings: Settings) -> None:
    settings.RATE_LIMIT_ENABLED = False

    for _time in range(7):
        notice(address)

    assert len(mail.outbox) == 7


def test_the_page_answers_the_same_as_well(client: Client, address: str) -> None:
    UserFactory.create(email=address)
    for _time in range(6):
        notice(address)

    pages = {client.post("/account/password", {"email": a}).status_code for a in (address, "x@y.z")}

    assert pages == {200}
