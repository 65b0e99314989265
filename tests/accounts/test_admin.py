"""People and organisations in the back office: who sees whom, and may do what."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts import sessions
from accounts.admin_scope import ScopedAdmin
from accounts.models import AuditEntry, Organization, Role, User
from tests.accounts.desk import AtDesk, act, change_url, invitation_to, page_of
from tests.accounts.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.accounts.mailbox import Delivering
from tests.arcontent.factories import ready_content

pytestmark = pytest.mark.django_db
USERS, ADD_USER = reverse("admin:accounts_user_changelist"), reverse("admin:accounts_user_add")
ORGANIZATIONS = reverse("admin:accounts_organization_changelist")
INVITATIONS = reverse("admin:accounts_invitation_changelist")
SESSIONS = reverse("admin:accounts_apisession_changelist")
AUDIT = reverse("admin:accounts_auditentry_changelist")
CONTENTS = reverse("admin:arcontent_arcontent_changelist")
STUDIO = {"ARContent", "Marker", "MarkerPreset"}
PEOPLE = {"User", "Organization", "Invitation", "ApiSession", "AuditEntry"}
ADD_CONTENT = reverse("admin:arcontent_arcontent_add")


@pytest.fixture
def desk(client: Client, superuser: User) -> Client:
    client.force_login(superuser)
    return client


def people_form(studio: Organization, **changed: str) -> dict[str, str]:
    """What the organisation's page sends: its people as they are, but for what is given."""
    rows = list(studio.memberships.order_by("organization", "user"))
    form = {
        "name": studio.name,
        "memberships-TOTAL_FORMS": str(len(rows)),
        "memberships-INITIAL_FORMS": str(len(rows)),
    }
    for number, row in enumerate(rows):
        form |= {
            f"memberships-{number}-id": str(row.pk),
            f"memberships-{number}-organization": str(studio.pk),
            f"memberships-{number}-user": str(row.user_id),
            f"memberships-{number}-role": changed.get(row.user.username, row.role),
        }
    return form


def add_user(desk: Client, studio: Organization, name: str, email: str) -> str:
    form = {
        "username": name,
        "email": email,
        "usable_password": "true",
        "password1": "a long enough passphrase",
        "password2": "a long enough passphrase",
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "0",
        "memberships-0-organization": str(studio.pk),
        "memberships-0-role": Role.EDITOR,
    }
    return desk.post(ADD_USER, form, follow=True).content.decode()


def test_people_are_added_one_after_another_each_with_an_address(
    desk: Client, studio: Organization
) -> None:
    for name in ("anna", "boris"):
        add_user(desk, studio, name, f"{name}@example.org")

    people = User.objects.filter(username__in=["anna", "boris"])
    assert {person.email for person in people} == {"anna@example.org", "boris@example.org"}
    assert all(person.memberships.get().organization == studio for person in people)


def test_an_address_can_be_taken_once(desk: Client, studio: Organization) -> None:
    add_user(desk, studio, "anna", "anna@example.org")

    page = add_user(desk, studio, "boris", "anna@example.org")

    assert "errorlist" in page
    assert not User.objects.filter(username="boris").exists()


def test_the_list_says_who_is_what_where(desk: Client) -> None:
    MembershipFactory.create(organization__name="Quay Studio", role=Role.EDITOR)

    assert "Quay Studio: editor" in desk.get(USERS).content.decode()


def test_django_s_groups_are_not_offered_for_roles_are_memberships(
    desk: Client, superuser: User
) -> None:
    page = desk.get(reverse("admin:accounts_user_change", args=[superuser.pk])).content.decode()

    assert "field-groups" not in page
    assert "groups" not in desk.get(USERS).content.decode()


def test_an_organisation_shows_and_counts_its_people(desk: Client, studio: Organization) -> None:
    member = MembershipFactory.create(organization=studio).user

    page = desk.get(reverse("admin:accounts_organization_change", args=[studio.pk]))
    listed = desk.get(ORGANIZATIONS).content.decode()

    assert member.username in page.content.decode()
    assert '<td class="field-people">2</td>' in listed


@pytest.mark.parametrize("url", [USERS, ORGANIZATIONS, INVITATIONS, SESSIONS, AUDIT])
def test_a_longer_list_costs_no_more_queries(
    desk: Client,
    url: str,
    django_assert_num_queries: DjangoAssertNumQueries,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_max_num_queries(30) as few:
        desk.get(url)
    for _n in range(5):
        user = MembershipFactory.create().user
        sessions.begin_session(user)
        invitation_to(OrganizationFactory.create(), "x@example.org")

    with django_assert_num_queries(len(few)):
        desk.get(url)


# --- By role, not by single permissions ----------------------------------------------------------


def test_every_list_of_what_belongs_to_an_organisation_is_scoped() -> None:
    unscoped = {
        model._meta.label
        for model, model_admin in admin.site._registry.items()
        if any(field.name == "organization" for field in model._meta.get_fields())
        and not isinstance(model_admin, ScopedAdmin)
    }

    assert not unscoped


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.OWNER, STUDIO | PEOPLE),
        (Role.MANAGER, STUDIO | PEOPLE),
        (Role.EDITOR, STUDIO),
        (Role.VIEWER, STUDIO),
    ],
)  # fmt: skip
def test_what_is_on_the_desk_is_up_to_the_role(role: Role, seen: set[str], at_desk: AtDesk) -> None:
    apps = at_desk(role).get(reverse("admin:index")).context["app_list"]

    assert {model["object_name"] for app in apps for model in app["models"]} == seen


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 200), (Role.MANAGER, 200), (Role.EDITOR, 200), (Role.VIEWER, 403)],
)
def test_who_edits_content_may_upload_without_any_permission_of_django(
    role: Role, status: int, at_desk: AtDesk
) -> None:
    assert at_desk(role).get(ADD_CONTENT).status_code == status


def test_who_edits_in_one_organisation_only_looks_in_another(studio: Organization) -> None:
    user = MembershipFactory.create(role=Role.EDITOR, user__is_staff=True).user
    MembershipFactory.create(user=user, organization=studio, role=Role.VIEWER)
    content = ready_content(organization=studio)
    client = Client()
    client.force_login(user)

    page = act(client, CONTENTS, "compile_again", content)

    assert content.title in page_of(client, CONTENTS)
    assert "0 of 0 queued." in page
    content.marker.refresh_from_db()
    assert content.marker.status == "ready"


def test_nobody_gets_in_by_a_role_alone_or_by_being_staff_alone(
    client: Client, member: Callable[[Role], User]
) -> None:
    client.force_login(member(Role.OWNER))
    assert client.get(USERS).status_code == 302

    client.force_login(UserFactory.create(is_staff=True))
    assert client.get(USERS).status_code == 403


# --- Users ---------------------------------------------------------------------------------------


def test_one_sees_the_people_of_one_s_own_organisations_and_nothing_of_others(
    at_desk: AtDesk, studio: Organization, stranger: User
) -> None:
    shared = MembershipFactory.create(organization=studio).user
    MembershipFactory.create(user=shared, organization__name="Quay Studio")
    owner = at_desk(Role.OWNER)

    listed, shown = page_of(owner, USERS), page_of(owner, change_url(shared))

    assert shared.username in listed
    assert stranger.username not in listed
    assert "Quay Studio" not in listed + shown
    assert "memberships__role" not in listed
    assert owner.get(change_url(stranger)).status_code == 302


def test_who_is_no_superuser_changes_nobody_s_account(at_desk: AtDesk, editor: User) -> None:
    owner = at_desk(Role.OWNER)
    form = {"username": editor.username, "email": editor.email, "is_superuser": "on"}

    assert owner.post(change_url(editor), form).status_code == 403
    assert owner.get(ADD_USER).status_code == 403
    url = reverse("admin:auth_user_password_change", args=[editor.pk])
    assert owner.get(url).status_code == 403
    assert editor.password not in page_of(owner, change_url(editor))


def test_accounts_are_closed_and_opened_and_sessions_ended(at_desk: AtDesk, editor: User) -> None:
    owner = at_desk(Role.OWNER)
    sessions.begin_session(editor)

    assert "Done for 1 of 1." in act(owner, USERS, "deactivate", editor)
    assert not User.objects.get(pk=editor.pk).is_active
    assert not editor.api_sessions.live().exists()
    act(owner, USERS, "activate", editor)
    sessions.begin_session(editor)
    act(owner, USERS, "end_sessions", editor)

    editor.refresh_from_db()
    assert editor.is_active
    assert not editor.api_sessions.live().exists()


@pytest.mark.parametrize("action", ["deactivate", "end_sessions"])
def test_what_belongs_to_others_too_is_theirs_too(
    action: str, at_desk: AtDesk, editor: User
) -> None:
    MembershipFactory.create(user=editor)
    sessions.begin_session(editor)

    page = act(at_desk(Role.OWNER), USERS, action, editor)

    assert "belongs to others too" in page
    assert editor.api_sessions.live().exists()


def test_rights_that_a_superuser_gives_are_written_down(desk: Client, editor: User) -> None:
    form = {"username": editor.username, "email": editor.email, "is_staff": "on"}
    form |= {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}

    desk.post(change_url(editor), form)

    entry = AuditEntry.objects.get(action="member.role_changed", object_id=str(editor.pk))
    assert entry.details == {"is_staff": True}
    assert AuditEntry.objects.filter(action="changed", object_id=str(editor.pk)).exists()


def test_a_password_that_somebody_else_chose_ends_all_sessions_and_is_told(
    desk: Client, editor: User, deliver: Delivering
) -> None:
    sessions.begin_session(editor)
    form = {"password1": "quite another passphrase", "password2": "quite another passphrase"}
    url = reverse("admin:auth_user_password_change", args=[editor.pk])

    with deliver() as mails:
        desk.post(url, form | {"usable_password": "true", "set-password": "x"})

    editor.refresh_from_db()
    assert editor.check_password("quite another passphrase")
    assert not editor.api_sessions.live().exists()
    assert [mail.to for mail in mails] == [[editor.email]]
    assert AuditEntry.objects.filter(action="password.changed").count() == 1


# --- Organisations -------------------------------------------------------------------------------


def test_roles_are_changed_at_the_organisation_through_the_service(
    at_desk: AtDesk, studio: Organization, editor: User
) -> None:
    owner = at_desk(Role.OWNER)

    owner.post(change_url(studio), people_form(studio, **{editor.username: Role.MANAGER}))

    assert studio.memberships.get(user=editor).role == Role.MANAGER
    assert AuditEntry.objects.filter(action="member.role_changed", organization=studio).exists()


def test_a_rule_that_forbids_a_change_is_said_and_nothing_kept(
    at_desk: AtDesk, studio: Organization, editor: User
) -> None:
    manager = at_desk(Role.MANAGER)
    form = people_form(studio, **{editor.username: Role.OWNER})

    page = manager.post(change_url(studio), form, follow=True).content.decode()

    assert "Your role does not allow this." in page
    assert studio.memberships.get(user=editor).role == Role.EDITOR


def test_the_last_owner_stays_one(at_desk: AtDesk, studio: Organization) -> None:
    owner = at_desk(Role.OWNER)
    form = people_form(studio) | {"memberships-0-DELETE": "on"}

    page = owner.post(change_url(studio), form, follow=True).content.decode()

    assert "An organisation needs an owner." in page
    assert studio.memberships.get().role == Role.OWNER


def test_a_name_is_the_owners_to_choose_and_tenants_the_operator_s(
    at_desk: AtDesk, studio: Organization
) -> None:
    owner, manager = at_desk(Role.OWNER), at_desk(Role.MANAGER)
    form = people_form(studio) | {"name": "Quay Studio"}

    manager.post(change_url(studio), form)
    studio.refresh_from_db()
    assert studio.name == "Harbour Studio"
    owner.post(change_url(studio), form)
    studio.refresh_from_db()

    assert studio.name == "Quay Studio"
    assert owner.get(reverse("admin:accounts_organization_add")).status_code == 403


def test_an_organisation_of_others_is_not_there(at_desk: AtDesk) -> None:
    other = OrganizationFactory.create(name="Quay Studio")
    owner = at_desk(Role.OWNER)

    assert "Quay Studio" not in page_of(owner, ORGANIZATIONS)
    assert owner.get(change_url(other)).status_code == 302
