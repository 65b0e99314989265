"""Who registers gets an account of their own, and learns nothing of anybody else's."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from rest_framework.test import APIClient

from accounts import people, registration, tasks
from accounts.models import AuditEntry, Organization, Role, User
from tests.accounts.factories import PASSWORD, OrganizationFactory, UserFactory
from tests.accounts.mailbox import Delivering, path_in

pytestmark = pytest.mark.django_db
REGISTER = "/api/v1/auth/register"


@pytest.fixture(autouse=True)
def is_open(settings: Settings) -> None:
    settings.REGISTRATION_OPEN = True
    settings.EMAIL_VERIFICATION = True


def register(username: str = "anna", email: str = "anna@example.org", **body: str) -> Any:
    form = {"username": username, "email": email, "password": PASSWORD, **body}
    return APIClient().post(REGISTER, form, "json")


def may_sign_in(username: str, password: str = PASSWORD) -> bool:
    form = {"username": username, "password": password}
    return APIClient().post("/api/v1/auth/login", form, "json").status_code == 200


# --- Closed, and open to all ---------------------------------------------------------------------


def test_registration_is_closed_unless_opened(settings: Settings) -> None:
    settings.REGISTRATION_OPEN = False

    refused = register()

    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:vertexar:problem:registration_closed"
    assert "invite" in refused.json()["hint"]
    assert not User.objects.exists()


def test_without_mail_an_account_is_open_at_once(settings: Settings) -> None:
    settings.EMAIL_VERIFICATION = False

    answer = register()

    assert (answer.status_code, answer.json()) == (202, {"needs_verification": False})
    assert may_sign_in("anna")


def test_without_mail_a_taken_name_is_told(settings: Settings) -> None:
    settings.EMAIL_VERIFICATION = False
    UserFactory.create(username="Anna")

    refused = register()

    assert refused.status_code == 409
    assert refused.json()["errors"][0] == {
        "pointer": "/username",
        "code": "username_taken",
        "detail": "This user name is taken.",
    }


@pytest.mark.parametrize("claim", ["is_staff", "is_superuser", "is_active", "role"])
def test_nobody_registers_as_more_than_a_user_with_an_organisation_of_their_own(
    claim: str, settings: Settings
) -> None:
    settings.EMAIL_VERIFICATION = False
    OrganizationFactory.create(name="anna")

    register(**{claim: "true"})

    user = User.objects.get(username="anna")
    assert not user.is_staff
    assert not user.is_superuser
    membership = user.memberships.get()
    assert membership.role == Role.OWNER
    assert membership.organization.name == "anna 2"
    assert membership.organization.memberships.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("password", "password1234", "password_too_common"),
        ("password", "anna@example.org", "password_too_similar"),
        ("username", "an na", "invalid"),
        ("email", "anna", "invalid"),
    ],
)
def test_what_can_t_be_used_is_refused_with_its_reason(field: str, value: str, code: str) -> None:
    refused = register(**{field: value})

    assert refused.status_code == 400
    assert (f"/{field}", code) in {(e["pointer"], e["code"]) for e in refused.json()["errors"]}
    assert not User.objects.exists()


# --- Verified first ------------------------------------------------------------------------------


def test_an_account_opens_with_the_link_in_the_mail_and_not_by_looking_at_it(
    client: Client, deliver: Delivering
) -> None:
    with deliver() as mails:
        register()
    [mail] = mails
    assert mail.to == ["anna@example.org"]
    assert not may_sign_in("anna")

    page = client.get(path_in(mail))
    assert "anna@example.org" in page.content.decode()
    assert not may_sign_in("anna")
    client.post(path_in(mail), {"password": PASSWORD})

    assert may_sign_in("anna")
    user = User.objects.get(username="anna")
    assert user.email_verified_at is not None
    assert user.memberships.get().role == Role.OWNER
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {
        "user.registered",
        "user.email_verified",
    }


def test_a_link_opens_an_account_once(client: Client, deliver: Delivering) -> None:
    with deliver() as mails:
        register()
    client.post(path_in(mails[0]), {"password": PASSWORD})
    user = User.objects.get(username="anna")
    people.deactivate(user, actor=UserFactory.create(is_superuser=True))

    again = client.post(path_in(mails[0]), {"password": PASSWORD})

    assert again.status_code == 400
    assert not may_sign_in("anna")


def test_a_known_address_is_answered_like_an_unknown_one(deliver: Delivering) -> None:
    UserFactory.create(email="known@example.org")

    with deliver() as mails:
        answers = [register(email="known@example.org"), register(email="new@example.org")]

    assert {(answer.status_code, answer.content) for answer in answers} == {
        (202, b'{"needs_verification":true}')
    }
    assert [(mail.to, mail.subject) for mail in mails] == [
        (["known@example.org"], "Vertex AR: You have an account already"),
        (["new@example.org"], "Vertex AR: Confirm your address"),
    ]
    assert User.objects.count() == 2
    assert AuditEntry.objects.filter(action="user.registered").count() == 1


def test_a_taken_name_is_told_by_mail_alone(deliver: Delivering) -> None:
    UserFactory.create(username="Anna", email="other@example.org")

    with deliver() as mails:
        answer = register()

    assert answer.status_code == 202
    assert mails[0].subject == "Vertex AR: Choose another user name"
    assert not User.objects.filter(email="anna@example.org").exists()


def test_known_and_unknown_take_the_same_steps(
    django_assert_num_queries: Any,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    UserFactory.create(username="boris", email="known@example.org")
    asked = [("anna", "new@example.org"), ("vera", "known@example.org"), ("boris", "b@example.org")]

    costs = []
    for username, email in asked:
        with (
            django_capture_on_commit_callbacks() as posted,
            django_assert_num_queries(12, exact=False) as queries,
        ):
            register(username, email)
        writes = [query["sql"].split()[0] for query in queries.captured_queries]
        costs.append((len(posted), writes.count("INSERT"), writes.count("SELECT")))

    assert costs[0] == costs[1] == costs[2]


def test_who_registers_again_before_confirming_has_the_last_word(
    client: Client, deliver: Delivering
) -> None:
    with deliver() as first:
        register("squatter", password="what the squatter knows")
    with deliver() as second:
        register("anna")
    assert User.objects.count() == 1

    old = client.post(path_in(first[0]), {"password": "what the squatter knows"})
    assert old.status_code == 400
    client.post(path_in(second[0]), {"password": PASSWORD})

    assert may_sign_in("anna")
    assert not may_sign_in("squatter", "what the squatter knows")


def test_who_was_deactivated_can_t_come_back_by_registering(deliver: Delivering) -> None:
    user = UserFactory.create(email="anna@example.org")
    people.deactivate(user, actor=UserFactory.create(is_superuser=True))

    with deliver() as mails:
        register("again")

    assert mails[0].subject == "Vertex AR: You have an account already"
    user.refresh_from_db()
    assert (user.is_active, user.username == "again") == (False, False)


def test_what_was_never_confirmed_is_forgotten_and_nothing_else() -> None:
    register()
    register("late", "late@example.org")
    kept = UserFactory.create(is_active=False, session_version=1)
    User.objects.exclude(username="anna").update(date_joined=timezone.now() - timedelta(days=2))

    tasks.drop_unconfirmed()

    assert set(User.objects.values_list("username", flat=True)) == {"anna", kept.username}


def test_an_organisation_is_founded_with_the_account_and_not_before() -> None:
    register()

    assert not Organization.objects.exists()
    assert registration.unconfirmed().count() == 1
