"""The second factor over the API: setting it up, signing in with it, running out of it."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditEntry, BackupCode, User
from accounts.otp.codes import WrongCode, verify
from tests.accounts.factories import PASSWORD, MembershipFactory
from tests.accounts.phone import Phone

pytestmark = pytest.mark.django_db
LOGIN, CONTENTS, STATE = "/api/v1/auth/login", "/api/v1/contents", "/api/v1/auth/2fa"
TOTP, CONFIRM, BACKUP = f"{STATE}/totp", f"{STATE}/totp/confirm", f"{STATE}/backup-codes"


@pytest.fixture
def user() -> User:
    return MembershipFactory.create().user


def sign_in(user: User, otp: str | None = None, password: str = PASSWORD) -> Any:
    credentials = {"username": user.username, "password": password}
    return APIClient().post(LOGIN, credentials | ({} if otp is None else {"otp": otp}), "json")


def client_of(answer: Any) -> APIClient:
    return APIClient(headers={"Authorization": f"Bearer {answer.json()['access_token']}"})


def enrol(user: User) -> tuple[Phone, list[str]]:
    """Set up an app as its user would."""
    client = client_of(sign_in(user))
    phone = Phone(client.post(TOTP, {"password": PASSWORD}, "json").json()["secret"])
    codes = client.post(CONFIRM, {"code": phone.code()}, "json").json()["backup_codes"]
    return phone, codes


def code_of(problem: Any) -> str:
    return str(problem.json()["type"].rsplit(":", 1)[-1])


# --- Setting it up ----------------------------------------------------------------------------


def test_who_has_no_second_factor_signs_in_with_the_password_alone(user: User) -> None:
    state = client_of(sign_in(user)).get(STATE).json()

    assert state == {"method": "", "is_required": False, "backup_codes_left": 0}


def test_an_app_can_be_set_up_from_what_the_answer_says(user: User) -> None:
    begun = client_of(sign_in(user)).post(TOTP, {"password": PASSWORD}, "json")

    url = urlsplit(begun.json()["otpauth_url"])
    assert (url.scheme, url.netloc) == ("otpauth", "totp")
    assert user.username in url.path
    assert parse_qs(url.query)["secret"] == [begun.json()["secret"]]
    assert parse_qs(url.query)["issuer"] == ["Vertex AR"]
    assert begun.json()["qr"].startswith("data:image/svg+xml;base64,")
    assert begun["Cache-Control"] == "no-store"


def test_an_app_is_asked_for_nothing_until_it_is_confirmed(user: User) -> None:
    client_of(sign_in(user)).post(TOTP, {"password": PASSWORD}, "json")

    assert sign_in(user).status_code == 200


def test_ten_backup_codes_are_shown_once_and_kept_as_hashes(user: User) -> None:
    _phone, codes = enrol(user)

    assert len(set(codes)) == 10
    kept = BackupCode.objects.filter(code_set__user=user).values_list("hashed", flat=True)
    assert len(kept) == 10
    assert not any(code.replace("-", "") in hashed for code in codes for hashed in kept)


def test_a_wrong_first_code_sets_nothing_up(user: User) -> None:
    client = client_of(sign_in(user))
    phone = Phone(client.post(TOTP, {"password": PASSWORD}, "json").json()["secret"])

    answer = client.post(CONFIRM, {"code": phone.wrong_code()}, "json")

    assert (answer.status_code, code_of(answer)) == (400, "otp_wrong")
    assert client.get(STATE).json()["method"] == ""


def test_setting_up_needs_the_password_so_that_a_stolen_token_is_not_enough(user: User) -> None:
    client = client_of(sign_in(user))

    for sent in ({}, {"password": "wrong"}):
        answer = client.post(TOTP, sent, "json")
        assert (answer.status_code, code_of(answer)) == (400, "wrong_password")


def test_a_second_app_cannot_take_the_place_of_the_first(user: User) -> None:
    phone, _codes = enrol(user)

    answer = client_of(sign_in(user, phone.code())).post(TOTP, {"password": PASSWORD}, "json")

    assert (answer.status_code, code_of(answer)) == (409, "otp_enrolled")


def test_confirming_what_was_not_begun_is_a_conflict(user: User) -> None:
    answer = client_of(sign_in(user)).post(CONFIRM, {"code": "123456"}, "json")

    assert (answer.status_code, code_of(answer)) == (409, "otp_not_begun")


def test_other_sessions_that_the_password_alone_had_opened_end(user: User) -> None:
    elsewhere, here = client_of(sign_in(user)), client_of(sign_in(user))
    phone = Phone(here.post(TOTP, {"password": PASSWORD}, "json").json()["secret"])

    here.post(CONFIRM, {"code": phone.code()}, "json")

    assert elsewhere.get(STATE).status_code == 401
    assert here.get(STATE).json() == {
        "method": "totp", "is_required": False, "backup_codes_left": 10,
    }  # fmt: skip


# --- Signing in -------------------------------------------------------------------------------


def test_the_password_alone_is_not_enough_any_more(user: User) -> None:
    enrol(user)

    answer = sign_in(user)

    assert (answer.status_code, code_of(answer)) == (401, "otp_required")


def test_the_password_and_a_code_open_the_api(user: User) -> None:
    phone, _codes = enrol(user)

    assert client_of(sign_in(user, phone.code())).get(CONTENTS).status_code == 200


def test_a_code_is_good_once(user: User) -> None:
    phone, _codes = enrol(user)
    code = phone.code()
    assert sign_in(user, code).status_code == 200

    again = sign_in(user, code)

    assert (again.status_code, code_of(again)) == (401, "otp_wrong")


@pytest.mark.django_db(transaction=True)
def test_a_code_used_twice_at_once_from_two_places_is_good_once(user: User) -> None:
    phone, _codes = enrol(user)
    code = phone.code()

    def elsewhere() -> None:
        try:
            verify(user, code)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            verify(user, code)
            second = pool.submit(elsewhere)
            until_somebody_waits()
        with pytest.raises(WrongCode):
            second.result()


def until_somebody_waits() -> None:
    """Wait until another connection waits for a row that this one has changed."""
    deadline = time.monotonic() + 60
    waiting = 0
    while not waiting:
        assert time.monotonic() < deadline
        with connection.cursor() as cursor:
            cursor.execute(
                # Not pg_stat_activity, which stays as it was when a transaction first looked at it.
                "SELECT count(*) FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            [waiting] = cursor.fetchone()


def test_a_wrong_code_makes_the_next_one_wait(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    phone, _codes = enrol(user)
    moment = timezone.now()  # the second to wait would pass on a machine that has much else to do
    monkeypatch.setattr(timezone, "now", lambda: moment)
    wrong = sign_in(user, phone.wrong_code())

    right = sign_in(user, phone.code())

    assert (wrong.status_code, code_of(wrong)) == (401, "otp_wrong")
    assert (right.status_code, code_of(right)) == (429, "otp_throttled")
    assert int(right["Retry-After"]) == 1


def test_wrong_codes_count_for_the_lock_out_as_wrong_passwords_do(user: User) -> None:
    enrol(user)

    sign_in(user, "nonsense")

    entry = AuditEntry.objects.get(action="login.failed")
    assert entry.object_id == str(user.pk)


def test_who_sends_wrong_codes_only_is_locked_out(user: User) -> None:
    phone, _codes = enrol(user)
    for _try in range(5):
        sign_in(user, "nonsense")

    answer = sign_in(user, phone.code())

    assert (answer.status_code, code_of(answer)) == (429, "locked_out")


@pytest.mark.parametrize("otp", [None, "123456", "nonsense"])
def test_with_a_wrong_password_nobody_learns_of_a_second_factor(
    user: User, otp: str | None
) -> None:
    enrol(user)
    without = MembershipFactory.create().user

    answers = [sign_in(who, otp, password="wrong") for who in (user, without)]

    assert {answer.status_code for answer in answers} == {401}
    assert {code_of(answer) for answer in answers} == {"wrong_credentials"}


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "{1} {2}"])
def test_a_code_may_be_typed_as_the_app_shows_it(user: User, typed: str) -> None:
    phone, _codes = enrol(user)
    code = phone.code()

    assert sign_in(user, typed.format(code, code[:3], code[3:])).status_code == 200


# --- Backup codes -----------------------------------------------------------------------------


def test_a_backup_code_opens_once_and_that_is_written_down(user: User) -> None:
    _phone, codes = enrol(user)

    first, second = sign_in(user, codes[3].upper()), sign_in(user, codes[3])

    assert first.status_code == 200
    assert (second.status_code, code_of(second)) == (401, "otp_wrong")
    entry = AuditEntry.objects.get(action="otp.backup_used")
    assert (entry.actor, entry.details) == (user, {"left": 9})


def test_a_wrong_app_code_does_not_hold_up_backup_codes(user: User) -> None:
    phone, codes = enrol(user)
    sign_in(user, phone.wrong_code())

    assert sign_in(user, codes[0]).status_code == 200


def test_backup_codes_of_one_user_are_nothing_to_another(user: User) -> None:
    other = MembershipFactory.create().user
    _phone, codes = enrol(user)
    enrol(other)

    assert sign_in(other, codes[0]).status_code == 401


@pytest.mark.parametrize("by", ["password", "code"])
def test_new_backup_codes_make_the_old_ones_void(user: User, by: str) -> None:
    phone, old = enrol(user)
    client = client_of(sign_in(user, phone.code()))
    sent = {"password": PASSWORD} if by == "password" else {"code": phone.code()}

    new = client.post(BACKUP, sent, "json").json()["backup_codes"]

    assert sign_in(user, new[0]).status_code == 200
    assert sign_in(user, old[0]).status_code == 401


def test_new_backup_codes_need_more_than_a_token(user: User) -> None:
    phone, _codes = enrol(user)

    answer = client_of(sign_in(user, phone.code())).post(BACKUP, {}, "json")

    assert (answer.status_code, code_of(answer)) == (400, "wrong_password")


def test_there_are_no_backup_codes_without_a_second_factor(user: User) -> None:
    answer = client_of(sign_in(user)).post(BACKUP, {"password": PASSWORD}, "json")

    assert (answer.status_code, code_of(answer)) == (409, "otp_not_enrolled")


# --- Giving it up -----------------------------------------------------------------------------


def test_it_is_given_up_with_password_and_code(user: User) -> None:
    phone, _codes = enrol(user)
    client = client_of(sign_in(user, phone.code()))

    given_up = client.delete(TOTP, {"password": PASSWORD, "code": phone.code()}, "json")

    assert given_up.status_code == 204
    assert sign_in(user).status_code == 200
    assert not BackupCode.objects.exists()


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({"password": PASSWORD}, "required"),
        ({"password": PASSWORD, "code": "nonsense"}, "otp_wrong"),
        ({"password": "wrong", "code": "right"}, "wrong_password"),
        ({"code": "right"}, "wrong_password"),
    ],
)
def test_it_is_not_given_up_with_less(user: User, sent: dict[str, str], problem: str) -> None:
    phone, _codes = enrol(user)
    client = client_of(sign_in(user, phone.code()))
    if sent.get("code") == "right":
        sent = sent | {"code": phone.code()}

    answer = client.delete(TOTP, sent, "json")

    assert (answer.status_code, code_of(answer)) == (400, problem)
    assert sign_in(user).status_code == 401


def test_who_has_no_password_of_ours_gives_it_up_with_a_code_alone(user: User) -> None:
    phone, _codes = enrol(user)
    client = client_of(sign_in(user, phone.code()))
    User.objects.filter(pk=user.pk).update(password=make_password(None))
    client.force_authenticate(User.objects.get(pk=user.pk))

    assert client.delete(TOTP, {"code": "nonsense"}, "json").status_code == 400
    assert client.delete(TOTP, {"code": phone.code()}, "json").status_code == 204


def test_what_is_done_to_a_second_factor_is_written_down_without_secrets(user: User) -> None:
    phone, codes = enrol(user)
    client = client_of(sign_in(user, codes[0]))
    client.post(BACKUP, {"password": PASSWORD}, "json")
    client.delete(TOTP, {"password": PASSWORD, "code": phone.code()}, "json")

    done = AuditEntry.objects.filter(action__startswith="otp.").order_by("at")
    assert [entry.action for entry in done] == [
        "otp.enrolled", "otp.backup_used", "otp.enrolled", "otp.removed",
    ]  # fmt: skip
    assert all((e.actor, e.object_id) == (user, str(user.pk)) for e in done)
    assert codes[0] not in str([entry.details for entry in done])
