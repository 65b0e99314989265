"""Locked out after too many failures: whom, from where, for how long, and how it ends."""

import io
from datetime import timedelta
from typing import Any

import pytest
from axes.middleware import AxesMiddleware
from axes.models import AccessAttempt
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.http import JsonResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import lockout, retention
from accounts.models import AuditEntry, User
from tests.accounts.factories import PASSWORD, MembershipFactory

pytestmark = pytest.mark.django_db
HERE, ELSEWHERE = "203.0.113.7", "203.0.113.8"
WRONG = "not the passphrase"
ADMIN_LOGIN = reverse("admin:login")


@pytest.fixture
def anna(db: None) -> User:
    return MembershipFactory.create(user__username="anna", user__is_staff=True).user


def sign_in(name: str, password: str = WRONG, *, ip: str = HERE, program: str = "a") -> Any:
    client = APIClient(REMOTE_ADDR=ip, HTTP_USER_AGENT=program)
    return client.post("/api/v1/auth/login", {"username": name, "password": password}, "json")


def sign_in_to_admin(name: str, password: str = WRONG, *, language: str = "en") -> Any:
    client = Client(REMOTE_ADDR=HERE, headers={"Accept-Language": language})
    return client.post(ADMIN_LOGIN, {"username": name, "password": password})


def fail(name: str = "anna", *, times: int = 5, **more: Any) -> list[int]:
    return [sign_in(name, **more).status_code for _ in range(times)]


def test_five_failures_are_judged_and_the_sixth_try_is_not(anna: User) -> None:
    assert fail(times=7) == [401] * 5 + [429] * 2

    response = sign_in("anna", PASSWORD)

    assert response.status_code == 429
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == "urn:vertexar:problem:locked_out"
    assert "in 15 min," in problem["hint"]
    assert 890 <= int(response["Retry-After"]) <= 900


def test_from_elsewhere_the_same_name_goes_on(anna: User) -> None:
    fail()

    assert sign_in("anna", PASSWORD, ip=ELSEWHERE).status_code == 200


def test_another_name_goes_on_from_the_same_address(anna: User) -> None:
    fail("boris")

    assert sign_in("anna", PASSWORD).status_code == 200


def test_another_address_of_the_same_ipv6_customer_is_no_other(anna: User) -> None:
    fail(ip="2001:db8:1:2::7")

    assert sign_in("anna", PASSWORD, ip="2001:db8:1:2:ffff::9").status_code == 429
    assert sign_in("anna", PASSWORD, ip="2001:db8:1:3::7").status_code == 200


def test_another_program_is_no_other_client(anna: User) -> None:
    answers = [sign_in("anna", program=f"browser {n}").status_code for n in range(6)]

    assert answers == [401] * 5 + [429]


def test_a_name_that_nobody_has_is_locked_out_alike(anna: User) -> None:
    known, unknown = fail("anna", times=6), fail("nobody", times=6)

    assert known == unknown


def test_signing_in_begins_to_count_anew(anna: User) -> None:
    fail(times=4)
    assert sign_in("anna", PASSWORD).status_code == 200

    assert fail(times=5) == [401] * 5


def test_it_ends_by_itself(anna: User) -> None:
    fail()
    past = timezone.now() - timedelta(minutes=15, seconds=1)
    AccessAttempt.objects.update(attempt_time=past)

    assert sign_in("anna", PASSWORD).status_code == 200


def test_after_its_end_one_counts_from_zero(anna: User) -> None:
    fail()
    fail("boris", times=3)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))

    assert fail(times=6) == [401] * 5 + [429]
    assert AccessAttempt.objects.count() == 1


def test_trying_on_while_locked_out_does_not_prolong_it(anna: User) -> None:
    fail()
    before = timezone.now() - timedelta(minutes=14)
    AccessAttempt.objects.update(attempt_time=before)

    response = sign_in("anna")

    assert response.status_code == 429
    assert int(response["Retry-After"]) <= 60
    assert "in 1 min," in response.json()["hint"]
    assert AccessAttempt.objects.get().attempt_time == before


def test_what_is_past_is_forgotten_nightly_though_nobody_fails_again(anna: User) -> None:
    fail()
    fail(ip=ELSEWHERE)
    past = timezone.now() - timedelta(minutes=16)
    AccessAttempt.objects.filter(ip_address=HERE).update(attempt_time=past)

    gone = retention.forget_what_is_old()

    assert gone["failures to sign in"] == 1
    assert AccessAttempt.objects.get().ip_address == ELSEWHERE


def test_the_back_office_and_the_api_count_together(anna: User) -> None:
    for _ in range(3):
        assert sign_in_to_admin("anna").status_code == 200
    assert fail(times=3) == [401, 401, 429]

    assert sign_in_to_admin("anna", PASSWORD).status_code == 429


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Please wait a little"), ("ru", "Пожалуйста, подождите")]
)
def test_the_back_office_says_so_on_a_page(anna: User, language: str, words: str) -> None:
    fail()

    response = sign_in_to_admin("anna", PASSWORD, language=language)

    assert response.status_code == 429
    assert words in response.content.decode()
    assert int(response["Retry-After"]) > 0
    assert "_auth_user_id" not in response.wsgi_request.session


def test_signing_in_to_the_back_office_begins_to_count_anew(anna: User) -> None:
    fail(times=4)
    assert sign_in_to_admin("anna", PASSWORD).status_code == 302

    assert not AccessAttempt.objects.exists()


def test_failures_and_the_lock_out_are_written_down(anna: User) -> None:
    fail(times=7)

    failures = AuditEntry.objects.filter(action="login.failed")
    assert failures.count() == 5
    assert {(entry.object_id, entry.ip) for entry in failures} == {(str(anna.pk), HERE)}
    assert AuditEntry.objects.get(action="login.locked_out").object_id == str(anna.pk)


def test_a_password_typed_in_place_of_the_name_is_written_down_nowhere(anna: User) -> None:
    sign_in("my secret passphrase", "anna")
    sign_in_to_admin("my secret passphrase", "anna")

    [*attempts] = AccessAttempt.objects.values_list()
    [*entries] = AuditEntry.objects.values_list()
    assert len(attempts) == 1
    assert len(entries) == 2
    assert "secret" not in f"{attempts} {entries}"


def test_sessions_of_the_back_office_are_written_down(anna: User) -> None:
    client = Client(REMOTE_ADDR=HERE)
    client.post(ADMIN_LOGIN, {"username": "anna", "password": PASSWORD})
    client.post(reverse("admin:logout"))

    entries = AuditEntry.objects.filter(details={"by": "pages"}).order_by("at")
    assert [(entry.action, entry.actor) for entry in entries] == [("login", anna), ("logout", anna)]


@pytest.mark.parametrize(
    ("arguments", "is_heard"),
    [
        (["--username", "anna"], True),
        (["--ip", HERE], True),
        (["--username", "anna", "--ip", HERE], True),
        (["--all"], True),
        (["--username", "boris"], False),
        (["--ip", ELSEWHERE], False),
        (["--username", "anna", "--ip", ELSEWHERE], False),
    ],
)
def test_an_operator_unlocks_a_name_an_address_or_everybody(
    anna: User, arguments: list[str], *, is_heard: bool
) -> None:
    fail()
    out = io.StringIO()

    call_command("unlock", *arguments, stdout=out)

    assert out.getvalue() == f"Unlocked: {int(is_heard)}.\n"
    assert sign_in("anna", PASSWORD).status_code == (200 if is_heard else 429)
    assert AuditEntry.objects.filter(action="login.unlocked").count() == 1


@pytest.mark.parametrize("arguments", [[], ["--all", "--ip", HERE], ["--ip", "nonsense"]])
def test_an_operator_must_say_whom(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("unlock", *arguments)


def test_the_back_office_unlocks_a_user(anna: User, superuser: User) -> None:
    fail()
    desk = Client()
    desk.force_login(superuser)

    form = {"action": "unlock_chosen", "_selected_action": [str(anna.pk)]}
    page = desk.post(reverse("admin:accounts_user_changelist"), form, follow=True)

    assert "may try again: 1." in page.content.decode()
    assert sign_in("anna", PASSWORD).status_code == 200
    entry = AuditEntry.objects.get(action="login.unlocked")
    assert (entry.actor, entry.object_id) == (superuser, str(anna.pk))


def test_django_axes_own_tables_are_not_offered(superuser: User) -> None:
    desk = Client()
    desk.force_login(superuser)

    assert "/axes/" not in desk.get(reverse("admin:index")).content.decode()


def test_a_refusal_tells_the_time_left_whoever_asks_the_backend(
    anna: User, rf: RequestFactory
) -> None:
    fail()
    request = rf.post("/admin/second-step/", REMOTE_ADDR=HERE)

    with pytest.raises(PermissionDenied):
        lockout.LockOutBackend().authenticate(request, username="anna")
    answer = AxesMiddleware(lambda _request: JsonResponse({}))(request)

    assert answer.status_code == 429
    assert 890 <= int(answer["Retry-After"]) <= 900
