"""People are asked to join an organisation by those who may, and join it once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditEntry, Invitation, Organization, Role, User
from tests.accounts.factories import PASSWORD, MembershipFactory, UserFactory
from tests.accounts.mailbox import Delivering, path_in
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db
ACCEPT = "/api/v1/auth/invitations/accept"
Member = Callable[[Role], User]


@pytest.fixture
def owner(member: Member) -> User:
    return member(Role.OWNER)


def invite(actor: User, studio: Organization, email: str, role: Role = Role.EDITOR) -> Any:
    path = f"/api/v1/organizations/{studio.pk}/invitations"
    return signed_in(actor).post(path, {"email": email, "role": role}, "json")


@pytest.fixture
def mailed(owner: User, studio: Organization, deliver: Delivering) -> str:
    """The path of an invitation to vera@example.org."""
    with deliver() as mails:
        invite(owner, studio, "Vera@example.org")
    return path_in(mails[0])


def token_of(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def accept(path: str, client: APIClient | None = None, /, **body: str) -> Any:
    return (client or APIClient()).post(ACCEPT, {"token": token_of(path), **body}, "json")


NEW = {"username": "vera", "password": PASSWORD}


# --- Inviting ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actor", "role", "status"),
    [
        (Role.OWNER, Role.OWNER, 201),
        (Role.MANAGER, Role.MANAGER, 201),
        (Role.MANAGER, Role.OWNER, 403),
        (Role.EDITOR, Role.VIEWER, 403),
        (Role.VIEWER, Role.VIEWER, 403),
    ],
)
def test_who_may_invite_as_what(
    actor: Role, role: Role, status: int, member: Member, studio: Organization
) -> None:
    assert invite(member(actor), studio, "vera@example.org", role).status_code == status
    assert Invitation.objects.exists() is (status == 201)


def test_the_mail_says_who_invites_where_and_as_what(
    owner: User, studio: Organization, deliver: Delivering
) -> None:
    with deliver() as mails:
        invite(owner, studio, "vera@example.org")

    [mail] = mails
    assert mail.to == ["vera@example.org"]
    assert studio.name in mail.subject
    assert {owner.username, "editor"} <= set(str(mail.body).replace(".", " ").split())
    assert AuditEntry.objects.filter(action="member.invited", organization=studio).count() == 1


def test_of_the_token_only_the_hash_is_kept(mailed: str, owner: User) -> None:
    row = Invitation.objects.get()

    assert len(token_of(mailed)) >= 43  # 32 bytes
    assert token_of(mailed) not in str(vars(row))
    assert "token" not in str(AuditEntry.objects.values_list("details", flat=True))


def test_the_same_address_again_renews_the_invitation(
    mailed: str, owner: User, studio: Organization, deliver: Delivering
) -> None:
    with deliver() as mails:
        invite(owner, studio, "vera@example.org", Role.VIEWER)

    assert Invitation.objects.get().role == Role.VIEWER
    assert accept(mailed, **NEW).status_code == 400
    assert accept(path_in(mails[0]), **NEW).status_code == 201


def test_a_member_is_not_invited_again(owner: User, studio: Organization, editor: User) -> None:
    refused = invite(owner, studio, editor.email.upper())

    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:vertexar:problem:already_member"


def test_an_invitation_can_be_taken_back(mailed: str, owner: User, studio: Organization) -> None:
    path = f"/api/v1/organizations/{studio.pk}/invitations"
    [listed] = signed_in(owner).get(path).json()["results"]

    assert listed["email"] == "vera@example.org"
    assert signed_in(owner).delete(f"{path}/{listed['id']}").status_code == 204
    assert accept(mailed, **NEW).status_code == 400


def test_a_manager_can_t_take_back_an_owner_s_invitation(
    owner: User, member: Member, studio: Organization
) -> None:
    key = invite(owner, studio, "vera@example.org", Role.OWNER).json()["id"]
    path = f"/api/v1/organizations/{studio.pk}/invitations/{key}"

    assert signed_in(member(Role.MANAGER)).delete(path).status_code == 403


def test_invitations_of_others_are_not_there(
    mailed: str, stranger: User, studio: Organization
) -> None:
    path = f"/api/v1/organizations/{studio.pk}/invitations"
    key = Invitation.objects.get().pk

    assert signed_in(stranger).get(path).status_code == 404
    assert signed_in(stranger).delete(f"{path}/{key}").status_code == 404
    assert invite(stranger, studio, "vera@example.org").status_code == 404
    mine = stranger.memberships.get().organization
    assert signed_in(stranger).delete(
        f"/api/v1/organizations/{mine.pk}/invitations/{key}"
    ).status_code == 404  # fmt: skip


# --- Accepting -----------------------------------------------------------------------------------


def test_somebody_new_joins_with_a_verified_address(mailed: str, studio: Organization) -> None:
    joined = accept(mailed, **NEW)

    assert joined.status_code == 201
    assert joined.json() == {
        "organization": str(studio.pk),
        "name": studio.name,
        "role": "editor",
    }
    user = User.objects.get(username="vera")
    assert (user.email, user.is_staff, user.is_superuser) == ("vera@example.org", False, False)
    assert user.email_verified_at is not None
    assert user.check_password(PASSWORD)
    assert AuditEntry.objects.filter(action="member.joined", actor=user).count() == 1


def test_who_is_signed_in_joins_as_that(mailed: str, stranger: User, studio: Organization) -> None:
    assert accept(mailed, signed_in(stranger)).status_code == 201

    assert stranger.memberships.get(organization=studio).role == Role.EDITOR


def test_an_invitation_is_good_once(mailed: str, stranger: User) -> None:
    accept(mailed, **NEW)

    again = accept(mailed, signed_in(stranger))

    assert again.status_code == 400
    assert again.json()["type"] == "urn:vertexar:problem:invitation_not_valid"


def test_an_invitation_runs_out(mailed: str) -> None:
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert accept(mailed, **NEW).status_code == 400


@pytest.mark.parametrize("token", ["x", "é" * 20, "0" * 64])
def test_a_made_up_token_is_refused(token: str, mailed: str) -> None:
    assert APIClient().post(ACCEPT, {"token": token, **NEW}, "json").status_code == 400


def test_who_has_an_account_is_asked_to_sign_in(mailed: str) -> None:
    UserFactory.create(email="Vera@example.org")

    refused = accept(mailed, **NEW)

    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:vertexar:problem:sign_in_first"


def test_the_name_of_the_organisation_is_a_weak_password_for_who_joins_it(
    mailed: str, studio: Organization
) -> None:
    Organization.objects.filter(pk=studio.pk).update(name="Wolfsburger Nachtzug")

    refused = accept(mailed, username="vera", password="wolfsburger-nachtzug")

    assert refused.status_code == 400
    assert not User.objects.filter(username="vera").exists()
    assert accept(mailed, username="vera", password=PASSWORD).status_code == 201


def test_a_taken_name_and_a_weak_password_do_not_use_the_invitation_up(mailed: str) -> None:
    UserFactory.create(username="VERA", email="another@example.org")

    assert accept(mailed, **NEW).status_code == 409
    assert accept(mailed, username="vera2", password="password1234").status_code == 400
    assert accept(mailed, username="vera2").status_code == 400
    assert accept(mailed, username="vera2", password=PASSWORD).status_code == 201


def test_a_member_can_t_join_twice(mailed: str, owner: User) -> None:
    assert accept(mailed, signed_in(owner)).status_code == 409


def test_who_works_in_the_back_office_invites_into_it(
    studio: Organization, deliver: Delivering
) -> None:
    at_the_desk = MembershipFactory.create(
        organization=studio, role=Role.OWNER, user__is_staff=True
    ).user
    with deliver() as mails:
        invite(at_the_desk, studio, "vera@example.org")

    accept(path_in(mails[0]), **NEW)

    assert User.objects.get(username="vera").is_staff


# --- The page ------------------------------------------------------------------------------------


def test_the_page_makes_an_account(client: Client, mailed: str, studio: Organization) -> None:
    shown = client.get(mailed).content.decode()
    form = {"username": "vera", "password1": PASSWORD, "password2": PASSWORD}

    done = client.post(mailed, form)

    assert studio.name in shown
    assert "You belong to Harbour Studio now." in done.content.decode()
    assert User.objects.get(username="vera").memberships.get().organization == studio


def test_looking_at_the_page_accepts_nothing(client: Client, mailed: str) -> None:
    client.get(mailed)

    assert Invitation.objects.open().exists()


def test_the_page_says_what_is_wrong(client: Client, mailed: str) -> None:
    UserFactory.create(username="VERA", email="another@example.org")

    taken = client.post(mailed, {"username": "vera", "password1": PASSWORD, "password2": PASSWORD})
    weak = client.post(mailed, {"username": "v", "password1": "1234", "password2": "1234"})

    assert "This user name is taken." in taken.content.decode()
    assert "too short" in weak.content.decode()


def test_the_page_asks_who_has_an_account_for_its_password(
    client: Client, mailed: str, studio: Organization
) -> None:
    vera = UserFactory.create(email="vera@example.org")

    wrong = client.post(mailed, {"password": "a guess"})
    right = client.post(mailed, {"password": PASSWORD})

    assert "The password is wrong." in wrong.content.decode()
    assert right.status_code == 200
    assert vera.memberships.get().organization == studio


def test_the_page_lets_who_is_signed_in_join_with_a_button(
    client: Client, mailed: str, stranger: User, studio: Organization
) -> None:
    client.force_login(stranger)

    assert stranger.username in client.get(mailed).content.decode()
    client.post(mailed)

    assert stranger.memberships.filter(organization=studio).exists()


def test_the_page_of_an_invitation_that_is_over_says_so(client: Client, mailed: str) -> None:
    accept(mailed, **NEW)

    assert client.get(mailed).status_code == 400
