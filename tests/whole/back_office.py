"""Asking every page of the back office, as everybody: what there is, and what it answers."""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, models, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import sessions
from accounts.models import AuditEntry, Membership, Role, User
from backups.models import BackupRun
from tests.accounts.factories import MembershipFactory, UserFactory
from tests.whole.tenants import Tenant, make_tenant
from vertexar.leases import JobStatus

# With the name of a table the word of its rows: qvxjwkzinvitation. Pages carry hundreds of drawn
# tokens, in which a shorter one would turn up by chance.
WORD: Final = "qvxjwkz"
ALL_BUT_A_LETTER: Final = "vxjwkz"  # finds it in a search, whose words every page repeats
# What only those see who manage people, though they may see the content.
OF_PEOPLE: Final = {"user", "membership", "invitation", "apisession", "auditentry"}
ON_THE_DESK: Final = {
    "user", "organization", "invitation", "apisession", "auditentry", "arcontent", "marker",
    "markerpreset",
}  # fmt: skip


class Answer(StrEnum):
    """What a page answers."""

    LOGIN = "login"  # led to where one signs in
    SHOWN = "shown"
    DONE = "done"  # and the database holds something else now
    NOTHING = "nothing"  # led on, with nothing done
    DESK = "desk"  # led to the first page: there is no such row
    FORBIDDEN = "forbidden"
    GONE = "gone"
    BAD = "bad"  # asked for in a way that it can't be asked for


BY_STATUS: Final = {
    200: Answer.SHOWN,
    400: Answer.BAD,
    403: Answer.FORBIDDEN,
    404: Answer.GONE,
    405: Answer.BAD,
}
ASKING: Final = ("superuser", "owner", "viewer", "other", "visitor", "anybody")
Key = tuple[str, str]


def read_table() -> dict[Key, dict[str, Answer]]:
    """Answers by page, method and who asks."""
    table = {}
    for line in (Path(__file__).parent / "admin_answers.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            page, method, *answers = line.split()
            assert (page, method) not in table
            table[page, method] = dict(zip(ASKING, map(Answer, answers), strict=True))
    return table


TABLE: Final = read_table()


# --- What is there -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Two:
    """A tenant of whose rows all can be recognised, and another one."""

    first: Tenant
    second: Tenant
    rows: dict[str, models.Model]  # of the first, by their tables: those that the admin lists
    own: dict[str, models.Model]  # of the second
    shared: User  # who belongs to both


def make_two() -> Two:
    """Make both, and write the words."""
    first, second = make_tenant(), make_tenant()
    shared = MembershipFactory.create(organization=first.organization).user
    MembershipFactory.create(organization=second.organization, user=shared)
    rows, own = (rows_of(tenant) for tenant in (first, second))
    texts = count(1)
    tenants_rows = (row for label, row in rows.items() if label not in OPERATORS_ALONE)
    for row in (
        *tenants_rows, first.owner, first.batch, *first.content.videos.all(),
        first.captions, *Membership.objects.filter(organization=first.organization),
    ):  # fmt: skip
        mark(row, texts)
    rows["accounts.auditentry"] = written_down(first, f"{WORD}auditentry")
    own["accounts.auditentry"] = written_down(second, "plain")
    for row in rows.values():
        LogEntry.objects.log_actions(
            first.owner.pk,
            type(row)._default_manager.filter(pk=row.pk),
            CHANGE,
            f"{WORD}logentry",
            single_object=True,
        )
    default_storage.save(f"{first.marker.target}", ContentFile(f"{WORD}marker".encode()))
    return Two(first, second, rows, own, shared)


# Lists of what belongs to no tenant, and is nobody's to see but the operators'.
OPERATORS_ALONE: Final = {"backups.backuprun"}


def rows_of(tenant: Tenant) -> dict[str, models.Model]:
    """One row for each list, of a tenant; whoever adds a list adds it here."""
    colleague = MembershipFactory.create(organization=tenant.organization).user
    sessions.begin_session(colleague)
    return {
        "accounts.organization": tenant.organization,
        "accounts.invitation": tenant.invitation,
        "accounts.user": colleague,
        "accounts.apisession": colleague.api_sessions.get(),
        "markers.marker": tenant.marker,
        "markers.markerpreset": tenant.preset,
        "arcontent.arcontent": tenant.content,
        "backups.backuprun": BackupRun.objects.create(status=JobStatus.READY),
    }


def written_down(tenant: Tenant, text: str) -> AuditEntry:
    """Make an entry of the audit log, which nobody can change afterwards."""
    return AuditEntry.objects.create(
        action="changed",
        actor=tenant.owner,
        organization=tenant.organization,
        object_type=text,
        object_id=text,
        details={text: text},
        request_id=text,
    )


def mark(row: models.Model, texts: Iterator[int]) -> None:
    """Put the word of its table into every text of a row."""
    word = f"{WORD}{row._meta.model_name}"
    for field in row._meta.concrete_fields:
        is_text = isinstance(field, models.CharField | models.TextField)
        if is_text and not field.choices and not field.is_relation:
            text = f"{word}{next(texts)}"
            is_address = isinstance(field, models.EmailField)
            setattr(row, field.name, f"{text}@example.org" if is_address else text)
    row.save()


def digest(*, of: list[models.Model] | None = None) -> str:
    """Sum up all that the database holds but sessions of browsers, or some rows."""
    if of is not None:
        read = (type(row)._default_manager.filter(pk=row.pk).values().get() for row in of)
        return repr(list(read))
    with connection.cursor() as cursor:
        cursor.execute(_sums())
        return repr(cursor.fetchall())


@cache
def _sums() -> str:
    tables = sorted(set(connection.introspection.table_names()) - {"django_session"})
    table_sum = "SELECT '{0}', md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {0} t"
    return " UNION ALL ".join(map(table_sum.format, tables))


# --- What can be asked ---------------------------------------------------------------------------


def pages() -> Iterator[tuple[str, str]]:
    """Every route under /admin/: by what the table calls it, and how its path is made."""
    for path, name in _routes(get_resolver(), ""):
        if name == "app_list":
            for app in {model._meta.app_label for model in admin.site._registry}:
                yield f"{name}/{app}", f"/admin/{app}/"
        elif path.startswith("admin/"):
            yield name or path, f"/{path}"


def _routes(resolver: URLResolver, start: str) -> Iterator[tuple[str, str | None]]:
    for pattern in resolver.url_patterns:
        path = start + re.sub(r"^\^|\$$", "", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern, path)
        elif isinstance(pattern, URLPattern):
            yield path, pattern.name


def actions() -> Iterator[tuple[str, str, str]]:
    """Every action: by what the table calls it, with its list and its name."""
    for model, model_admin in admin.site._registry.items():
        for _function, name, _description in model_admin._get_base_actions():  # type: ignore[attr-defined]  # not in the stubs
            label = model._meta.label_lower
            yield f"{label}:{name}", label, name


PAGES: Final = dict(pages())
ACTIONS: Final = {name: (label, action) for name, label, action in actions()}
KEYS: Final = {(name, method) for name in PAGES for method in ("get", "post")} | {
    (name, "post") for name in ACTIONS
}


def list_url(label: str) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_changelist")


def row_of(path: str, rows: dict[str, models.Model]) -> models.Model | None:
    """Find the row that a path is about."""
    label = ".".join(path.split("/")[2:4])
    return rows[label] if label in {m._meta.label_lower for m in admin.site._registry} else None


def url_of(page: str, rows: dict[str, models.Model]) -> str:
    path = PAGES[page]
    row = row_of(path, rows)
    content = rows["arcontent.arcontent"]
    values = {
        "extension": "mind",
        "url": "nothing-is-here",
        "content_type_id": ContentType.objects.get_for_model(content).pk,
        "object_id": (row or content).pk,
        "pk": (row or content).pk,
        "id": (row or content).pk,
    }
    return re.sub(
        r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>.*?\)",
        lambda found: str(values[found[1] or found[2]]),
        path,
    )


# What changes something, where it may be sent; all else is sent without.
NO_PEOPLE: Final = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
PASSWORDS: Final = {"password1": "yet another passphrase", "password2": "yet another passphrase"}
BODIES: Final[dict[str, Callable[[Two], dict[str, Any]]]] = {
    "accounts_organization_add": lambda two: {"name": "New", **NO_PEOPLE},
    "accounts_organization_change": lambda two: {"name": "Taken", **NO_PEOPLE},
    "accounts_invitation_add": lambda two: {
        "organization": two.first.organization.pk,
        "email": "new@example.org",
        "role": "viewer",
    },
    "accounts_user_add": lambda two: {
        "username": "new",
        "email": "new@example.org",
        "usable_password": "true",
        **PASSWORDS,
        **NO_PEOPLE,
    },
    "accounts_user_change": lambda two: {
        "username": "taken",
        "email": "taken@example.org",
        **NO_PEOPLE,
    },
    "auth_user_password_change": lambda two: {"usable_password": "true", **PASSWORDS},
    "arcontent_arcontent_change": lambda two: {
        "title": "Taken",
        "video_fit": "contain",
        "when_lost": "keep",
    },
    "markers_markerpreset_add": lambda two: {
        "organization": two.first.organization.pk,
        "name": "New",
    },
    "markers_markerpreset_change": lambda two: {"name": "Taken"},
    "arcontent_prescore": lambda two: {"image": SimpleUploadedFile("p.png", b"no picture")},
}


# What must be so beforehand, or the action would find nothing to do.
FIRST: Final[dict[str, Callable[[Two], Any]]] = {
    "accounts.user:activate": lambda two: User.objects.filter(
        pk=two.rows["accounts.user"].pk
    ).update(is_active=False),
    "accounts.user:take_away_second_factor": lambda two: TOTPDevice.objects.create(
        user=two.rows["accounts.user"], confirmed=True
    ),
}


def prepare(name: str, two: Two) -> None:
    if name in FIRST:
        FIRST[name](two)


def ask(client: Client, key: Key, two: Two) -> Any:
    name, method = key
    if name in ACTIONS:
        label, action = ACTIONS[name]
        return client.post(list_url(label), choosing(action, two.rows[label]))
    url = url_of(name, two.rows)
    if method == "get":
        return client.get(url)
    sure = {"post": "yes"}  # "Yes, I'm sure"
    return client.post(url, BODIES[name](two) if name in BODIES else sure)


def choosing(action: str, *rows: models.Model) -> dict[str, Any]:
    return {"action": action, "_selected_action": [row.pk for row in rows], "post": "yes"}


def answer_of(response: Any, *, changed: bool) -> Answer:
    if changed:
        return Answer.DONE
    if response.status_code == 302:
        place = response.url.partition("?")[0]
        led_to = {reverse("admin:login"): Answer.LOGIN, reverse("admin:index"): Answer.DESK}
        return led_to.get(place, Answer.NOTHING)
    return BY_STATUS[response.status_code]


def read(response: Any) -> str:
    """All that was answered; what is streamed is read to its end, which closes its file."""
    answered: bytes = response.getvalue() if response.streaming else response.content
    return answered.decode() + str(response.headers) + str(response.cookies)


class Caller:
    """Somebody with a browser. Nothing that they do lasts, so each asks for the same."""

    def __init__(self, user: User | None) -> None:
        self.client = Client()
        if user is not None:
            self.client.force_login(user)
        self._cookies = deepcopy(self.client.cookies)

    def ask(self, two: Two, key: Key) -> tuple[Answer, str]:
        """Ask, read the answer and see what became of the database."""
        with transaction.atomic():
            prepare(key[0], two)
            before = digest()
            response = ask(self.client, key, two)
            said = read(response)
            changed = digest() != before
            transaction.set_rollback(True)
        self.client.cookies = deepcopy(self._cookies)
        return answer_of(response, changed=changed), said


def staff(tenant: Tenant, role: Role) -> User:
    user = {Role.OWNER: tenant.owner, Role.VIEWER: tenant.viewer}[role]
    User.objects.filter(pk=user.pk).update(is_staff=True)
    return User.objects.get(pk=user.pk)


def owner_without_a_desk(tenant: Tenant) -> User:
    return MembershipFactory.create(organization=tenant.organization, role=Role.OWNER).user


def who_asks(who: str, two: Two) -> User | None:
    if who == "superuser":
        return UserFactory.create(is_staff=True, is_superuser=True)
    people: dict[str, Callable[[], User]] = {
        "owner": lambda: staff(two.first, Role.OWNER),
        "viewer": lambda: staff(two.first, Role.VIEWER),
        "other": lambda: staff(two.second, Role.OWNER),
        "visitor": lambda: owner_without_a_desk(two.first),
    }
    return people[who]() if who in people else None
