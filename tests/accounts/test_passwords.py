"""Passwords are changed by who knows the old one, and renewed by who reads the account's mail."""

from typing import Any
from unittest.mock import patch

import pytest
from celery import Task
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from kombu.exceptions import OperationalError
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import links
from accounts.models import AuditEntry, User
from tests.accounts.factories import PASSWORD, MembershipFactory, UserFactory
from tests.accounts.mailbox import Delivering, path_in

pytestmark = pytest.mark.django_db
AUTH = "/api/v1/auth"
CHANGE, RESET, CONFIRM = (
    f"{AUTH}/password/{name}" for name in ("change", "reset", "reset/confirm")
)
NEW = "another long passphrase"


@pytest.fixture
def user() -> User:
    return MembershipFactory.create().user


def sign_in(user: User, password: str = PASSWORD) -> Any:
    return APIClient().post(
        f"{AUTH}/login", {"username": user.username, "password": password}, "json"
    )


def with_tokens(tokens: dict[str, str]) -> APIClient:
    return APIClient(headers={"Authorization": f"Bearer {tokens['access_token']}"})


def opens_the_api(tokens: dict[str, str]) -> bool:
    return with_tokens(tokens).get("/api/v1/users/me").status_code == 200


def change(tokens: dict[str, str], current: str = PASSWORD, new: str = NEW) -> Any:
    body = {"current_password": current, "new_password": new}
    return with_tokens(tokens).post(CHANGE, body, "json")


def codes_of(response: Any) -> set[tuple[str, str]]:
    return {(error["pointer"], error["code"]) for error in response.json()["errors"]}


# --- Changing ------------------------------------------------------------------------------------


def test_a_changed_password_ends_all_sessions_and_gives_a_new_one(user: User) -> None:
    here, elsewhere = sign_in(user).json(), sign_in(user).json()

    fresh = change(here).json()

    assert opens_the_api(fresh)
    assert not opens_the_api(here)
    assert not opens_the_api(elsewhere)
    assert sign_in(user, NEW).status_code == 200
    assert sign_in(user).status_code == 401


def test_a_stolen_token_alone_changes_no_password(user: User) -> None:
    tokens = sign_in(user).json()

    refused = change(tokens, current="a guess")

    assert refused.status_code == 400
    assert refused.json()["type"] == "urn:vertexar:problem:wrong_password"
    assert sign_in(user).status_code == 200


def test_a_change_is_written_down_and_told_by_mail(user: User, deliver: Delivering) -> None:
    with deliver() as mails:
        change(sign_in(user).json())

    assert AuditEntry.objects.filter(action="password.changed", actor=user).count() == 1
    [mail] = mails
    assert mail.to == [user.email]
    assert "was changed" in mail.subject
    assert NEW not in str(mail.message())


@pytest.mark.parametrize(
    ("weak", "code"),
    [
        ("short1!", "password_too_short"),
        ("748159263748", "password_entirely_numeric"),
        ("{username}-2", "password_too_similar"),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(weak: str, code: str) -> None:
    user = MembershipFactory.create(user__username="somebody-at-the-harbour").user

    refused = change(sign_in(user).json(), new=weak.format(username=user.username))

    assert refused.status_code == 400
    assert ("/new_password", code) in codes_of(refused)
    assert sign_in(user).status_code == 200


def test_the_list_of_common_passwords_is_really_looked_into(settings: Settings) -> None:
    for common in ("password1234", "1q2w3e4r5t6y", "Qwertyuiop12"):
        with pytest.raises(ValidationError) as refused:
            validate_password(common)
        assert "password_too_common" in {error.code for error in refused.value.error_list}


# --- Renewing ------------------------------------------------------------------------------------


def ask(email: str) -> Any:
    return APIClient().post(RESET, {"email": email}, "json")


def parts_of(path: str) -> dict[str, str]:
    _root, _account, _password, uid, token = path.split("/")
    return {"uid": uid, "token": token}


@pytest.fixture
def mailed(user: User, deliver: Delivering) -> str:
    """The path of a link to choose a new password."""
    with deliver() as mails:
        ask(user.email)
    return path_in(mails[0])


def confirm(path: str, new: str = NEW) -> Any:
    return APIClient().post(CONFIRM, {**parts_of(path), "new_password": new}, "json")


def test_a_forgotten_password_is_renewed_by_mail(user: User, mailed: str) -> None:
    tokens = sign_in(user).json()
    UserFactory.create()
    user.refresh_from_db()

    # signing in has made the first link void: whoever knows the password needs none
    assert confirm(mailed).status_code == 400
    fresh = links.RESET.make_token(user)
    answer = confirm(f"/account/password/{links.uid_of(user)}/{fresh}")

    assert answer.status_code == 204
    assert not opens_the_api(tokens)
    assert sign_in(user, NEW).status_code == 200


def test_a_link_is_good_once(mailed: str) -> None:
    assert confirm(mailed).status_code == 204

    again = confirm(mailed, "and yet another passphrase")

    assert again.status_code == 400
    assert again.json()["type"] == "urn:vertexar:problem:link_not_valid"


def test_a_weak_password_does_not_use_the_link_up(mailed: str) -> None:
    refused = confirm(mailed, "password1234")

    assert ("/new_password", "password_too_common") in codes_of(refused)
    assert confirm(mailed).status_code == 204


def test_a_link_runs_out(mailed: str, settings: Settings) -> None:
    settings.PASSWORD_RESET_TIMEOUT = -1

    assert confirm(mailed).status_code == 400


def test_the_end_of_all_sessions_makes_a_link_void(user: User, mailed: str) -> None:
    User.objects.filter(pk=user.pk).update(session_version=7)

    assert confirm(mailed).status_code == 400


@pytest.mark.parametrize("uid", ["", "x", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA", "\u20ac"])
def test_a_made_up_link_is_refused(uid: str, mailed: str) -> None:
    body = {**parts_of(mailed), "uid": uid, "new_password": NEW}

    assert APIClient().post(CONFIRM, body, "json").status_code == 400


def test_a_renewed_password_verifies_the_address(user: User, mailed: str) -> None:
    confirm(mailed)

    user.refresh_from_db()
    assert user.email_verified_at is not None


def test_known_unknown_and_closed_addresses_are_answered_alike(deliver: Delivering) -> None:
    known, closed = UserFactory.create(), UserFactory.create(is_active=False)

    with deliver() as mails:
        answers = [ask(email) for email in (known.email, closed.email, "nobody@example.org")]

    assert {(answer.status_code, answer.content) for answer in answers} == {(202, b"")}
    assert [mail.to for mail in mails] == [[known.email]]


def test_known_and_unknown_addresses_cost_the_same_queries_and_messages(
    django_assert_num_queries: Any, django_capture_on_commit_callbacks: Any
) -> None:
    known = UserFactory.create().email
    with django_capture_on_commit_callbacks() as posted, django_assert_num_queries(4) as queries:
        ask(known)
    with (
        django_capture_on_commit_callbacks() as posted_for_nobody,
        django_assert_num_queries(len(queries)),
    ):
        ask("nobody@example.org")

    assert len(posted) == len(posted_for_nobody) == 1


def test_an_address_is_found_however_it_is_capitalised(user: User, deliver: Delivering) -> None:
    with deliver() as mails:
        ask(user.email.upper())

    assert len(mails) == 1


def test_a_mail_speaks_the_language_of_who_asked(user: User, deliver: Delivering) -> None:
    with deliver() as mails:
        APIClient(headers={"Accept-Language": "ru"}).post(RESET, {"email": user.email}, "json")

    assert "Новый пароль" in mails[0].subject


def test_without_the_queue_there_is_no_mail_but_the_same_answer(
    user: User, django_capture_on_commit_callbacks: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        patch.object(Task, "delay", side_effect=OperationalError("away")),
        django_capture_on_commit_callbacks(execute=True),
    ):
        answer = ask(user.email)

    assert answer.status_code == 202
    assert "the mail is not sent" in caplog.text
    assert user.email not in caplog.text


# --- The pages -----------------------------------------------------------------------------------


def test_the_log_in_page_leads_to_a_new_password(
    client: Client, user: User, deliver: Delivering
) -> None:
    asked = reverse("admin_password_reset")
    assert asked in client.get(reverse("admin:login")).content.decode()

    with deliver() as mails:
        assert "Look into your mail" in client.post(asked, {"email": user.email}).content.decode()
    page = client.get(path_in(mails[0]), follow=True)
    form = {"new_password1": NEW, "new_password2": NEW}
    done = client.post(page.request["PATH_INFO"], form)

    assert "was changed" in done.content.decode()
    assert sign_in(user, NEW).status_code == 200


def test_the_token_leaves_the_address_bar_at_once(client: Client, mailed: str) -> None:
    shown = client.get(mailed, follow=True)

    token = parts_of(mailed)["token"]
    assert token not in shown.request["PATH_INFO"]
    assert token not in shown.content.decode()
    assert shown["Referrer-Policy"] == "same-origin"
    assert "no-store" in shown["Cache-Control"]


def test_a_page_of_a_used_link_says_so(client: Client, mailed: str) -> None:
    confirm(mailed)

    page = client.get(mailed)

    assert page.status_code == 400
    assert "used already or has run out" in page.content.decode()


def test_the_page_explains_what_is_wrong_with_a_password(client: Client, mailed: str) -> None:
    path = client.get(mailed, follow=True).request["PATH_INFO"]

    page = client.post(path, {"new_password1": "password1234", "new_password2": "password1234"})

    assert "too common" in page.content.decode()


def test_one_s_own_password_is_changed_in_the_back_office(client: Client, superuser: User) -> None:
    client.force_login(superuser)
    elsewhere = Client()
    elsewhere.force_login(superuser)
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}

    done = client.post(reverse("admin:password_change"), form, follow=True)

    assert done.status_code == 200
    assert done.request["PATH_INFO"] == reverse("admin:password_change_done")
    assert elsewhere.get(reverse("admin:index")).status_code == 302
    assert AuditEntry.objects.filter(action="password.changed", actor=superuser).exists()


def test_a_wrong_old_password_is_counted_as_at_the_door(client: Client, superuser: User) -> None:
    client.force_login(superuser)
    form = {"old_password": "a guess", "new_password1": NEW, "new_password2": NEW}

    page = client.post(reverse("admin:password_change"), form)

    assert "The password is wrong." in page.content.decode()
    assert AuditEntry.objects.filter(action="login.failed", object_id=str(superuser.pk)).exists()
