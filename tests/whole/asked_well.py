"""What an operation of the API must be asked, and what must be there first, to be done.

Most are done for whoever names what is there. Those here need something of their own: a mail that
was sent, a second factor, a setting.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from allauth.socialaccount.models import SocialAccount
from django_otp.plugins.otp_email.models import EmailDevice
from pytest_django import Settings

from accounts import invitations, links
from accounts.models import ApiSession, Organization, Role, User
from accounts.otp import enrolment
from accounts.social import codes
from tests.accounts.factories import PASSWORD, MembershipFactory
from tests.accounts.phone import Phone
from vertexar.leases import JobStatus

NEWCOMER: Final = {"username": "newcomer", "email": "newcomer@example.org", "password": PASSWORD}


@dataclass(frozen=True)
class Scene:
    """Who asks, where, and the settings, which last as long as the test."""

    owner: User
    studio: Organization
    session: ApiSession
    settings: Settings
    member: User


def begun(scene: Scene) -> dict[str, Any]:
    """An app is being set up."""
    return {"code": Phone(enrolment.begin_totp(scene.owner).secret).code()}


def enrolled(scene: Scene) -> dict[str, Any]:
    """Who asks has a second factor."""
    return {"password": PASSWORD, "code": enrol(scene.owner, here=scene.session).code()}


def member_enrolled(scene: Scene) -> dict[str, Any]:
    """The member has one."""
    enrol(scene.member)
    return {}


def enrol(user: User, *, here: ApiSession | None = None) -> Phone:
    phone = Phone(enrolment.begin_totp(user).secret)
    enrolment.confirm_totp(user, phone.code(), here=here)
    return phone


def codes_by_mail(scene: Scene) -> dict[str, Any]:
    """They may come by mail."""
    scene.settings.OTP_EMAIL = True
    return {}


def code_mailed(scene: Scene) -> dict[str, Any]:
    """One came by mail."""
    scene.settings.OTP_EMAIL = True
    enrolment.begin_email(scene.owner)
    return {"code": EmailDevice.objects.get(user=scene.owner).token}


def registration_open(scene: Scene) -> dict[str, Any]:
    """Everybody may register."""
    scene.settings.REGISTRATION_OPEN = True
    return NEWCOMER


def invited(scene: Scene) -> dict[str, Any]:
    """Somebody was asked to join another organisation, and got the mail."""
    elsewhere = MembershipFactory.create(role=Role.OWNER)
    row = invitations.invite(
        elsewhere.organization, email=NEWCOMER["email"], role=Role.VIEWER, actor=elsewhere.user
    )
    return {**NEWCOMER, "token": invitations.new_token(row)}


def reset_mailed(scene: Scene) -> dict[str, Any]:
    """Who forgot their password got the mail."""
    return {
        "uid": links.uid_of(scene.owner),
        "token": links.RESET.make_token(scene.owner),
        "new_password": PASSWORD[::-1],
    }


def other_owner(scene: Scene) -> dict[str, Any]:
    """Another owner stays when one goes."""
    MembershipFactory.create(organization=scene.studio, role=Role.OWNER)
    return {"password": PASSWORD}


def provider_known(scene: Scene) -> dict[str, Any]:
    """People can sign in elsewhere. Nothing is asked of the provider on the way out."""
    scene.settings.GITHUB_CLIENT_ID = scene.settings.GITHUB_CLIENT_SECRET = "known"
    return {
        "provider_id": "github",
        "redirect_uri": "http://127.0.0.1:8000/back",
        "code_challenge": challenge_of("v" * 43),
        "code_challenge_method": "S256",
        "state": "mine",
    }


def came_back(scene: Scene) -> dict[str, Any]:
    """Somebody has signed in elsewhere, and their browser brought a code."""
    provider_known(scene)
    account = SocialAccount.objects.create(user=scene.owner, provider="github", uid="1")
    verifier = "v" * 43
    return {
        "code": codes.issue(account, challenge=challenge_of(verifier)),
        "code_verifier": verifier,
        "otp": "",
    }


def operator(scene: Scene) -> dict[str, Any]:
    """Who asks is a superuser."""
    scene.owner.is_superuser = True
    scene.owner.save()
    return {"status": JobStatus.READY.value}


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


ASKED_WELL: Final[dict[str, Callable[[Scene], dict[str, Any]]]] = {
    "POST /api/v1/auth/2fa/backup-codes": enrolled,
    "POST /api/v1/auth/2fa/email": codes_by_mail,
    "POST /api/v1/auth/2fa/email/confirm": code_mailed,
    "POST /api/v1/auth/2fa/totp/confirm": begun,
    "DELETE /api/v1/auth/2fa/totp": enrolled,
    "POST /api/v1/auth/invitations/accept": invited,
    "POST /api/v1/auth/password/reset/confirm": reset_mailed,
    "POST /api/v1/auth/register": registration_open,
    "GET /api/v1/auth/social/{provider_id}/start": provider_known,
    "POST /api/v1/auth/social/token": came_back,
    "GET /api/v1/backups": operator,
    "POST /api/v1/backups": operator,
    "GET /api/v1/backups/{id}": operator,
    "POST /api/v1/backups/{id}/drill": operator,
    "POST /api/v1/backups/{id}/verify": operator,
    "DELETE /api/v1/organizations/{organization_id}/members/{id}/2fa": member_enrolled,
    "POST /api/v1/users/me/erase": other_owner,
    "POST /auth/register": registration_open,
}
