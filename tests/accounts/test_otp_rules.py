"""Who must have a second factor, and how a lost one is taken away."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import get_resolver, reverse
from pytest_django import Settings
from rest_framework.test import APIClient
from rest_framework.views import APIView

from accounts.checks import second_factor_is_required
from accounts.models import AuditEntry, BackupCodeSet, Organization, Role, User
from accounts.otp import enrolment
from accounts.otp.standing import is_enrolled
from tests.accounts.factories import PASSWORD, MembershipFactory, UserFactory
from tests.accounts.phone import Phone
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db
LOGIN, LOGOUT, TOTP = "/api/v1/auth/login", "/api/v1/auth/logout", "/api/v1/auth/2fa/totp"
REQUIRED = "urn:vertexar:problem:otp_enrolment_required"
# Where one must come before a second factor is set up: to set it up, and out again.
OPEN = {
    "2fa", "2fa-totp", "2fa-totp-confirm", "2fa-email", "2fa-email-confirm", "2fa-backup-codes",
    "logout",
}  # fmt: skip


def token_of(user: User, otp: str = "") -> dict[str, str]:
    sent = {"username": user.username, "password": PASSWORD, "otp": otp}
    token = APIClient().post(LOGIN, sent, "json").json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def give_phone(user: User) -> Phone:
    phone = Phone(enrolment.begin_totp(user).secret)
    enrolment.confirm_totp(user, phone.code())
    return phone


def take_away(actor: User, user: User, organization: Organization) -> Any:
    path = f"/api/v1/organizations/{organization.pk}/members/{user.pk}/2fa"
    return signed_in(actor).delete(path)


# --- Who must have one ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "is_staff", "must"),
    [
        (Role.OWNER, False, True),
        (Role.MANAGER, False, False),
        (Role.EDITOR, False, False),
        (Role.VIEWER, True, True),
    ],
)
def test_staff_and_owners_must_have_one_where_it_is_required(
    settings: Settings, role: Role, is_staff: bool, must: bool
) -> None:
    user = MembershipFactory.create(role=role, user__is_staff=is_staff).user
    client = APIClient(headers=token_of(user))

    for is_on in (False, True):
        settings.REQUIRE_2FA_FOR_STAFF = is_on
        answer = client.get("/api/v1/contents")
        assert (answer.status_code, answer.json().get("type")) == (
            (403, REQUIRED) if must and is_on else (200, None)
        )


def test_after_setting_it_up_the_same_session_goes_on(settings: Settings) -> None:
    settings.REQUIRE_2FA_FOR_STAFF = True
    client = APIClient(headers=token_of(MembershipFactory.create(role=Role.OWNER).user))
    begun = client.post(TOTP, {"password": PASSWORD}, "json").json()

    client.post(f"{TOTP}/confirm", {"code": Phone(begun["secret"]).code()}, "json")

    assert client.get("/api/v1/contents").status_code == 200


def test_every_endpoint_of_the_api_is_closed_before_but_what_is_named_here(
    settings: Settings,
) -> None:
    settings.REQUIRE_2FA_FOR_STAFF = True
    headers = token_of(MembershipFactory.create(role=Role.OWNER).user)
    routes: list[Any] = list(get_resolver().url_patterns)
    api = next(route for route in routes if getattr(route, "namespace", "") == "api")
    looked_at = 0

    for route in api.url_patterns:
        view = getattr(route.callback, "cls", None) or route.callback.view_class
        assert issubclass(view, APIView)
        if not view.authentication_classes:
            continue  # asks nobody who they are
        names = route.pattern.converters
        key = "00000000-0000-4000-8000-000000000000"
        url = reverse(f"api:{route.name}", kwargs=dict.fromkeys(names, key))
        for method in ("get", "post", "put", "patch", "delete"):
            answer = getattr(Client(), method)(url, headers=headers)
            says = answer.content.decode()
            is_closed = answer.status_code == 403 and (REQUIRED in says or route.name == "docs")
            assert is_closed == (route.name not in OPEN), (method, url, answer.status_code)
            looked_at += 1
            if route.name == "logout" and method == "post":
                headers = token_of(User.objects.get())

    assert looked_at > 50


def test_a_deploy_check_warns_where_passwords_alone_open_the_back_office(
    settings: Settings,
) -> None:
    for is_https, is_on, warns in [(True, False, 1), (True, True, 0), (False, False, 0)]:
        settings.IS_HTTPS, settings.REQUIRE_2FA_FOR_STAFF = is_https, is_on
        assert len(second_factor_is_required()) == warns


# --- Taking a lost one away -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actor", "whose", "status"),
    [
        (Role.OWNER, Role.EDITOR, 204),
        (Role.OWNER, Role.OWNER, 204),
        (Role.MANAGER, Role.VIEWER, 204),
        (Role.MANAGER, Role.OWNER, 403),
        (Role.EDITOR, Role.VIEWER, 403),
        (Role.VIEWER, Role.EDITOR, 403),
    ],
)
def test_who_manages_people_takes_away_what_they_lost(
    studio: Organization, actor: Role, whose: Role, status: int
) -> None:
    user = MembershipFactory.create(organization=studio, role=whose).user
    manager = MembershipFactory.create(organization=studio, role=actor).user
    give_phone(user)

    answer = take_away(manager, user, studio)

    assert answer.status_code == status
    assert is_enrolled(user) == (status != 204)
    assert BackupCodeSet.objects.filter(user=user).exists() == (status != 204)


def test_it_ends_all_sessions_and_is_written_down(studio: Organization) -> None:
    user = MembershipFactory.create(organization=studio).user
    owner = MembershipFactory.create(organization=studio, role=Role.OWNER).user
    headers = token_of(user, give_phone(user).code())

    take_away(owner, user, studio)

    assert Client().get("/api/v1/contents", headers=headers).status_code == 401
    entry = AuditEntry.objects.get(action="otp.recovered")
    assert (entry.actor, entry.object_id, entry.organization) == (owner, str(user.pk), studio)


def test_nobody_takes_away_their_own_without_a_code(studio: Organization) -> None:
    owner = MembershipFactory.create(organization=studio, role=Role.OWNER).user
    give_phone(owner)

    assert take_away(owner, owner, studio).status_code == 403
    assert is_enrolled(owner)


def test_an_owner_of_something_else_as_well_is_not_theirs_to_open(studio: Organization) -> None:
    owner = MembershipFactory.create(organization=studio, role=Role.OWNER).user
    guest = MembershipFactory.create(organization=studio, role=Role.VIEWER).user
    MembershipFactory.create(user=guest, role=Role.OWNER)
    give_phone(guest)

    assert take_away(owner, guest, studio).status_code == 403


def test_a_superuser_s_is_taken_away_by_another_superuser_only(
    studio: Organization, superuser: User
) -> None:
    owner = MembershipFactory.create(organization=studio, role=Role.OWNER).user
    other = UserFactory.create(is_staff=True, is_superuser=True)
    give_phone(superuser)

    assert take_away(owner, superuser, studio).status_code == 403
    assert take_away(other, superuser, studio).status_code == 204


def test_members_of_others_are_not_there(studio: Organization, stranger: User) -> None:
    user = MembershipFactory.create(organization=studio).user
    give_phone(user)
    theirs = stranger.memberships.get().organization

    assert take_away(stranger, user, studio).status_code == 404
    assert take_away(stranger, user, theirs).status_code == 404


def test_what_is_not_there_cannot_be_lost(studio: Organization) -> None:
    user = MembershipFactory.create(organization=studio).user
    owner = MembershipFactory.create(organization=studio, role=Role.OWNER).user

    answer = take_away(owner, user, studio)

    assert (answer.status_code, answer.json()["type"]) == (
        409, "urn:vertexar:problem:otp_not_enrolled",
    )  # fmt: skip


def test_the_back_office_has_an_action_for_it(client: Client, superuser: User) -> None:
    users = MembershipFactory.create_batch(2)
    give_phone(users[0].user)
    client.force_login(superuser)
    form = {"action": "take_away_second_factor", "_selected_action": [u.user.pk for u in users]}

    page = client.post(reverse("admin:accounts_user_changelist"), form, follow=True)

    assert "Second factors taken away: 1." in page.content.decode()
    assert not is_enrolled(users[0].user)


def test_an_operator_takes_it_away_by_a_command() -> None:
    user = MembershipFactory.create().user
    give_phone(user)
    out = io.StringIO()

    call_command("remove_2fa", user.username, stdout=out)

    assert user.username in out.getvalue()
    assert token_of(user)
    assert AuditEntry.objects.get(action="otp.recovered").actor is None


@pytest.mark.parametrize("name", ["nobody", "without"])
def test_the_command_says_what_is_wrong(name: str) -> None:
    UserFactory.create(username="without")

    with pytest.raises(CommandError, match=name):
        call_command("remove_2fa", name)
