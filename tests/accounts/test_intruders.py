"""What intruders tried, and what stopped them."""

import json
import logging
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import invitations, personal
from accounts.models import AuditEntry, Invitation, Membership, Role, User
from accounts.otp import codes, recovery
from tests.accounts.factories import MembershipFactory, OrganizationFactory, UserFactory
from vertexar import uploads
from vertexar.errors import NotAllowed
from vertexar.request_id import LineFormatter

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/admin/login/", "/account/password", "/ar/x"])
def test_who_is_not_signed_in_puts_no_large_file_on_the_disk(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    handler = uploads.DiskUploadHandler
    monkeypatch.setattr(
        handler, "receive_data_chunk", lambda self, data, start: written.append(len(data))
    )
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "a" * 32

    response = client.post(path, {"file": SimpleUploadedFile("big.bin", b"x" * 1_000_000)})

    assert response.status_code in {400, 403, 405}
    assert written == []


def test_an_owner_elsewhere_takes_away_no_second_factor() -> None:
    victim = MembershipFactory.create(role=Role.MANAGER).user
    intruder = MembershipFactory.create(role=Role.OWNER)
    MembershipFactory.create(user=victim, organization=intruder.organization, role=Role.VIEWER)

    with pytest.raises(NotAllowed):
        recovery.recover(victim, actor=intruder.user, organization=intruder.organization)


def test_an_invitation_ends_with_its_inviter() -> None:
    owner = MembershipFactory.create(role=Role.OWNER)
    row = invitations.invite(
        owner.organization, email="second@example.org", role=Role.OWNER, actor=owner.user
    )
    token = invitations.new_token(row)
    Membership.objects.filter(pk=owner.pk).update(role=Role.VIEWER)

    with pytest.raises(invitations.InvitationNotValid):
        invitations.accept(token, user=UserFactory.create())


def test_a_manager_does_not_void_an_owners_invitation() -> None:
    manager = MembershipFactory.create(role=Role.MANAGER)
    Invitation.objects.create(
        organization=manager.organization,
        email="owner@example.org",
        role=Role.OWNER,
        token_sha256="0" * 64,
        expires_at=timezone.now() + timedelta(days=1),
    )

    with pytest.raises(NotAllowed):
        invitations.invite(
            manager.organization, email="owner@example.org", role=Role.VIEWER, actor=manager.user
        )

    assert Invitation.objects.get().role == Role.OWNER


def test_who_has_no_password_confirms_nothing_with_any_text() -> None:
    user = UserFactory.create()
    user.set_unusable_password()
    user.save()

    with pytest.raises(codes.WrongPassword):
        codes.check_password(None, user, "anything")  # type: ignore[arg-type]  # is not asked


def test_an_invitation_of_an_account_without_a_password_is_joined_signed_in_only() -> None:
    owner = MembershipFactory.create(role=Role.OWNER)
    user: User = UserFactory.create(email="social@example.org")
    user.set_unusable_password()
    user.save()
    row = invitations.invite(
        owner.organization, email=user.email, role=Role.OWNER, actor=owner.user
    )

    Client().post(f"/account/invitation/{invitations.new_token(row)}", {"password": "any"})

    assert not user.memberships.exists()


@pytest.mark.parametrize(
    "path", ["invitation/s3cr3t", "verify/uid/s3cr3t", "password/uid/s3cr3t", "address/u/a/s3cr3t"]
)
def test_links_that_open_accounts_are_not_in_the_log(path: str) -> None:
    record = logging.makeLogRecord(
        {"msg": "%s: %s", "args": ("Too Many Requests", f"/account/{path}")}
    )

    line = LineFormatter("%(message)s").format(record)

    assert line.startswith("Too Many Requests: /account/")
    assert "s3cr3t" not in line


def test_the_log_of_an_installation_is_written_so() -> None:
    written_by = [handler.formatter for handler in logging.getLogger().handlers]

    assert any(isinstance(formatter, LineFormatter) for formatter in written_by)


def test_nobody_names_their_requests_after_those_of_others(settings: Settings) -> None:
    claimed = {"X-Request-ID": "request-of-somebody-else"}

    settings.NUM_PROXIES = 0
    assert Client().get("/version", headers=claimed)["X-Request-ID"] != claimed["X-Request-ID"]

    settings.NUM_PROXIES = 1
    assert Client().get("/version", headers=claimed)["X-Request-ID"] == claimed["X-Request-ID"]


def test_an_export_holds_no_address_of_somebody_else() -> None:
    user, manager = UserFactory.create(), UserFactory.create()
    AuditEntry.objects.create(
        action="user.deactivated", actor=manager, object_id=str(user.pk), ip="192.0.2.7"
    )

    exported = personal.export_of(user)

    assert "192.0.2.7" not in json.dumps(exported, default=str)


def test_an_address_that_was_invited_is_erased_with_its_person() -> None:
    owner = MembershipFactory.create(role=Role.OWNER, organization=OrganizationFactory.create())
    invitations.invite(
        owner.organization, email="ada@example.org", role=Role.VIEWER, actor=owner.user
    )

    personal.erase(UserFactory.create(email="ada@example.org"), actor=None)

    kept = json.dumps(list(AuditEntry.objects.values("details")))
    assert "ada@example.org" not in kept
