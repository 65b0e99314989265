"""Invitations, sessions and the audit log in the back office."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts import audit, sessions
from accounts.models import ApiSession, Invitation, Organization, Role, User
from tests.accounts.desk import AtDesk, act, change_url, invitation_to, page_of
from tests.accounts.factories import PASSWORD, OrganizationFactory, UserFactory
from tests.accounts.mailbox import Delivering

pytestmark = pytest.mark.django_db
INVITATIONS = reverse("admin:accounts_invitation_changelist")
SESSIONS = reverse("admin:accounts_apisession_changelist")
AUDIT = reverse("admin:accounts_auditentry_changelist")


@pytest.fixture
def desk(client: Client, superuser: User) -> Client:
    client.force_login(superuser)
    return client


# --- Invitations ---------------------------------------------------------------------------------


def test_somebody_is_invited_from_the_organisation_s_page(
    at_desk: AtDesk, studio: Organization, deliver: Delivering
) -> None:
    owner = at_desk(Role.OWNER)
    add = reverse("admin:accounts_invitation_add")
    assert f"{add}?organization={studio.pk}" in page_of(owner, change_url(studio))

    with deliver() as mails:
        form = {"organization": str(studio.pk), "email": "vera@example.org", "role": Role.EDITOR}
        page = owner.post(add, form, follow=True).content.decode()

    assert "vera@example.org" in page
    assert [mail.to for mail in mails] == [["vera@example.org"]]
    assert Invitation.objects.get().organization == studio


def test_nobody_invites_into_what_is_not_theirs_or_above_themselves(
    at_desk: AtDesk, studio: Organization
) -> None:
    manager, other = at_desk(Role.MANAGER), OrganizationFactory.create()
    add = reverse("admin:accounts_invitation_add")
    form = {"organization": str(other.pk), "email": "vera@example.org", "role": Role.VIEWER}

    manager.post(add, form)
    above = form | {"organization": str(studio.pk), "role": Role.OWNER}
    page = manager.post(add, above, follow=True).content.decode()

    assert "Your role does not allow this." in page
    assert not Invitation.objects.exists()


def test_an_invitation_is_sent_again_and_taken_back(
    at_desk: AtDesk, studio: Organization, deliver: Delivering
) -> None:
    owner, row = at_desk(Role.OWNER), invitation_to(studio, "vera@example.org")
    invitation_to(OrganizationFactory.create(), "stranger@example.org")

    with deliver() as mails:
        act(owner, INVITATIONS, "send_again", row)
    assert [mail.to for mail in mails] == [["vera@example.org"]]
    assert "stranger@example.org" not in page_of(owner, INVITATIONS)
    owner.post(reverse("admin:accounts_invitation_delete", args=[row.pk]), {"post": "yes"})

    assert not studio.invitations.exists()


# --- Sessions and the audit log ------------------------------------------------------------------


def test_sessions_are_seen_and_ended_of_one_s_own_people_alone(
    at_desk: AtDesk, editor: User, stranger: User
) -> None:
    owner = at_desk(Role.OWNER)
    sessions.begin_session(editor)
    sessions.begin_session(stranger, user_agent="Stranger/1.0")

    page = page_of(owner, SESSIONS)
    act(owner, SESSIONS, "end", *ApiSession.objects.all())

    assert editor.username in page
    assert "Stranger/1.0" not in page
    assert editor.api_sessions.get().end_reason == ApiSession.EndReason.ENDED
    assert stranger.api_sessions.live().exists()


def test_a_session_can_t_be_changed_added_or_deleted(desk: Client, editor: User) -> None:
    sessions.begin_session(editor)
    session = editor.api_sessions.get()

    assert desk.post(change_url(session), {"ip": "1.2.3.4"}).status_code == 403
    assert desk.get(reverse("admin:accounts_apisession_add")).status_code == 403
    assert desk.get(
        reverse("admin:accounts_apisession_delete", args=[session.pk])
    ).status_code == 403  # fmt: skip
    assert editor.username in page_of(desk, change_url(session))


def test_one_reads_what_was_done_in_one_s_own_organisations(
    at_desk: AtDesk, studio: Organization, editor: User, stranger: User
) -> None:
    ours = audit.record(audit.Action.INVITED, actor=editor, organization=studio, email="ours@x.y")
    audit.record(
        audit.Action.INVITED, actor=stranger, organization=stranger.memberships.get().organization
    )
    owner = at_desk(Role.OWNER)

    listed = page_of(owner, AUDIT)

    assert editor.username in listed
    assert stranger.username not in listed
    assert "ours@x.y" in page_of(owner, change_url(ours))


def test_nobody_changes_what_is_written(desk: Client) -> None:
    entry = audit.record(audit.Action.BACKUP, actor=None)

    assert desk.post(change_url(entry), {"action": "login"}).status_code == 403
    assert desk.get(reverse("admin:accounts_auditentry_add")).status_code == 403
    url = reverse("admin:accounts_auditentry_delete", args=[entry.pk])
    assert desk.post(url, {"post": "yes"}).status_code == 403


def test_an_entry_is_found_by_request_actor_and_kind(
    desk: Client, editor: User, settings: Settings
) -> None:
    settings.NUM_PROXIES = 1  # whose id of the request is kept
    sent = Client(headers={"X-Request-ID": "request-4711"})
    form = {"username": editor.username, "password": PASSWORD}
    sent.post("/api/v1/auth/login", form, "application/json")
    audit.record(audit.Action.BACKUP, actor=None, note="another")

    def found(query: str) -> int:
        return int(desk.get(f"{AUDIT}?{query}").context["cl"].result_count)

    assert found("q=request-4711") == 1
    assert found(f"actor={editor.pk}") == 1
    assert found("actor=nonsense") == 0
    assert found("action__exact=backup") == 1


def test_an_entry_of_who_is_gone_can_still_be_read(desk: Client) -> None:
    gone = UserFactory.create()
    entry = audit.record(audit.Action.LOGIN, actor=gone)
    gone.delete()

    assert desk.get(AUDIT).status_code == 200
    assert desk.get(change_url(entry)).status_code == 200
