"""What is kept of people: handed out, taken away, and not kept for ever."""

import io
import json
from datetime import timedelta

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, transaction
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import audit, people, personal, retention
from accounts.models import ApiSession, AuditEntry, Membership, Role, User
from tests.accounts.factories import PASSWORD, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> APIClient:
    credentials = {"username": user.username, "password": PASSWORD}
    tokens = APIClient().post("/api/v1/auth/login", credentials, "json").json()
    return APIClient(headers={"Authorization": f"Bearer {tokens['access_token']}"})


def test_a_person_is_handed_all_that_is_kept_and_no_secret() -> None:
    membership = MembershipFactory.create(user__first_name="Ada", role=Role.OWNER)
    client = signed_in(membership.user)

    response = client.get("/api/v1/users/me/data")

    data = response.json()
    assert data["user"]["first_name"] == "Ada"
    assert data["memberships"] == [{"organization": membership.organization.name, "role": "owner"}]
    assert len(data["sessions"]) == 1
    assert [entry["action"] for entry in data["audit"]] == ["login"]
    assert membership.user.password not in response.content.decode()
    assert AuditEntry.objects.filter(action="user.exported", actor=membership.user).exists()


def test_erased_nothing_tells_who_it_was_and_no_door_opens() -> None:
    user = MembershipFactory.create(user__first_name="Ada", role=Role.OWNER).user
    TOTPDevice.objects.create(user=user, confirmed=False)
    SocialAccount.objects.create(user=user, provider="google", uid="17")
    client = signed_in(user)
    name, email = user.username, user.email

    assert client.post("/api/v1/users/me/erase", {"password": PASSWORD}, "json").status_code == 204

    user.refresh_from_db()
    assert name not in (user.username, user.first_name, user.last_name)
    assert email != user.email
    assert user.email.endswith(".invalid")
    assert not user.is_active
    assert not user.has_usable_password()
    assert not Membership.objects.filter(user=user).exists()
    assert not ApiSession.objects.filter(user=user).exists()
    assert not TOTPDevice.objects.filter(user=user).exists()
    assert not SocialAccount.objects.filter(user=user).exists()
    assert client.get("/api/v1/users/me/data").status_code == 401
    assert set(AuditEntry.objects.filter(actor=user).values_list("ip", flat=True)) == {None}
    kept = json.dumps(list(AuditEntry.objects.values("details")))
    assert name not in kept
    assert email not in kept


def test_a_wrong_password_erases_nobody() -> None:
    user = MembershipFactory.create().user

    response = signed_in(user).post("/api/v1/users/me/erase", {"password": "no"}, "json")

    assert response.status_code == 400
    assert response.json()["type"] == "urn:vertexar:problem:wrong_password"
    user.refresh_from_db()
    assert user.is_active


def test_the_last_owner_leaves_nobody_behind_without_one() -> None:
    owner = MembershipFactory.create(role=Role.OWNER)
    MembershipFactory.create(organization=owner.organization, role=Role.EDITOR)

    with pytest.raises(people.LastOwner):
        personal.erase(owner.user, actor=None)

    MembershipFactory.create(organization=owner.organization, role=Role.OWNER)
    personal.erase(owner.user, actor=None)


def test_the_commands_hand_out_and_erase() -> None:
    user = UserFactory.create(username="ada")
    printed = io.StringIO()

    call_command("export_user", "ada", stdout=printed)
    call_command("erase_user", "ada", yes=True, stdout=io.StringIO())

    assert json.loads(printed.getvalue())["user"]["id"] == str(user.pk)
    with pytest.raises(CommandError, match="no user ada"):
        call_command("export_user", "ada")


def test_what_is_old_is_forgotten_and_what_is_young_is_kept(settings: Settings) -> None:
    settings.AUDIT_DAYS = 365
    user = UserFactory.create()
    now = timezone.now()
    young, old = (audit.record(audit.Action.LOGIN, actor=user) for _ in range(2))
    with audit.maintenance():
        AuditEntry.objects.filter(pk=old.pk).update(at=now - timedelta(days=366))
    for days in (1, 31):
        ApiSession.objects.create(
            user=user, auth_hash="", refresh_jti="", expires_at=now - timedelta(days=days)
        )

    gone = retention.forget_what_is_old()

    assert (gone["audit entries"], gone["API sessions"]) == (1, 1)
    assert AuditEntry.objects.get() == young


def test_after_maintenance_the_log_is_closed_again() -> None:
    audit.record(audit.Action.LOGIN, actor=None)
    with audit.maintenance():
        AuditEntry.objects.update(ip=None)

    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        AuditEntry.objects.all().delete()


def test_the_log_is_exported_in_order_between_two_moments(
    capsys: pytest.CaptureFixture[str],
) -> None:
    entries = [audit.record(audit.Action.LOGIN, actor=None, number=n) for n in range(3)]
    with audit.maintenance():
        for day, entry in enumerate(entries, start=1):
            moment = timezone.now().replace(year=2026, month=3, day=day)
            AuditEntry.objects.filter(pk=entry.pk).update(at=moment)

    call_command("audit_export", since="2026-03-02", until="2026-03-03")

    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["details"] == {"number": 1}


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01", "2026-11-21Tx"])
def test_a_moment_that_is_none_is_said_to_be_so(moment: str) -> None:
    with pytest.raises(CommandError, match=moment):
        call_command("audit_export", since=moment)
