"""Who gets what: every route of the API, with every method, asked by everybody.

The routes are read off the URL conf. One that is not in the table, or not in it with all of its
methods, fails: nobody can add an endpoint and forget to say whom it is for. Views that are none of
the API are asked in `test_plain_isolation.py`, pages of the back office in
`test_admin_isolation.py`.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from rest_framework.test import APIClient
from rest_framework.views import APIView

from accounts import sessions
from accounts.models import ApiSession, Membership, User
from backups.models import BackupRun
from tests.pictures import encode_png, poster
from tests.videos import make_video
from tests.whole.routes import all_routes
from tests.whole.tenants import Tenant, make_tenant
from vertexar.leases import JobStatus

pytestmark = pytest.mark.django_db
METHODS: Final = ("get", "post", "put", "patch", "delete")


Body = Callable[[Tenant], dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """What a route answers to each, asked for what is the first tenant's.

    Attributes:
        owner, viewer: of that tenant.
        other: the owner of another tenant.
        anybody: who is not signed in.
        kwargs: the path's arguments, for the first tenant.
        body: what is sent.
        is_upload: whether it is sent as multipart.
    """

    owner: int
    viewer: int
    other: int
    anybody: int = 401
    kwargs: Body = lambda tenant: {}
    body: Body = lambda tenant: {}
    is_upload: bool = field(default=False, kw_only=True)


def of(name: str) -> Body:
    return lambda tenant: {"pk": getattr(tenant, name).pk}


def within(**more: str) -> Body:
    return lambda tenant: {
        "organization_id": tenant.organization.pk,
        **{key: getattr(tenant, name).pk for key, name in more.items()},
    }


def picture() -> SimpleUploadedFile:
    png = encode_png(poster(seed=3, width_px=240, height_px=180))
    return SimpleUploadedFile("picture.png", png)


@cache
def _film() -> bytes:
    with TemporaryDirectory() as folder:
        path = make_video(Path(folder) / "film.mp4", seconds=1, size=(160, 120), fps=5)
        return path.read_bytes()


def film() -> SimpleUploadedFile:
    return SimpleUploadedFile("film.mp4", _film())


def my_session(tenant: Tenant) -> dict[str, Any]:
    return {"pk": ApiSession.objects.filter(user=tenant.owner).latest("created_at").pk}


def marker_file(tenant: Tenant) -> dict[str, Any]:
    return {"pk": tenant.marker.pk, "extension": "mind"}


def of_video(**more: str) -> Body:
    return lambda tenant: {
        "content_id": tenant.content.pk,
        "video_id": tenant.captions.video_id,
        **more,
    }


def captions() -> SimpleUploadedFile:
    return SimpleUploadedFile("captions.vtt", b"WEBVTT\n\n00:00.000 --> 00:01.000\nListen.\n")


def backup(tenant: Tenant) -> dict[str, Any]:
    return {"pk": BackupRun.objects.create(status=JobStatus.READY).pk}


# Asked with nothing, or with nonsense: what matters is who is let through to be told so.
OWN_AFFAIR: Final = Row(200, 200, 200)
ASKED_BADLY: Final = Row(400, 400, 400)
FOR_ALL: Final = Row(200, 200, 200, 200)
FOR_ALL_BADLY: Final = Row(400, 400, 400, 400)
FOR_OPERATORS: Final = Row(404, 404, 404)

TABLE: Final[dict[tuple[str, str], Row]] = {
    ("api:login", "post"): FOR_ALL_BADLY,
    ("api:refresh", "post"): FOR_ALL_BADLY,
    ("api:register", "post"): FOR_ALL_BADLY,
    ("api:password-reset", "post"): FOR_ALL_BADLY,
    ("api:password-reset-confirm", "post"): FOR_ALL_BADLY,
    ("api:invitation-accept", "post"): FOR_ALL_BADLY,
    ("api:events", "post"): FOR_ALL_BADLY,
    ("api:social-start", "get"): Row(
        404,
        404,
        404,
        404,
        kwargs=lambda tenant: {"provider_id": "google"},  # none is set up
    ),
    ("api:social-token", "post"): Row(404, 404, 404, 404),
    ("api:logout", "post"): Row(204, 204, 204),
    ("api:password-change", "post"): ASKED_BADLY,
    ("api:2fa", "get"): OWN_AFFAIR,
    ("api:2fa-totp", "post"): ASKED_BADLY,
    ("api:2fa-totp", "delete"): ASKED_BADLY,
    ("api:2fa-totp-confirm", "post"): ASKED_BADLY,
    ("api:2fa-email", "post"): ASKED_BADLY,
    ("api:2fa-email-confirm", "post"): ASKED_BADLY,
    ("api:2fa-backup-codes", "post"): ASKED_BADLY,
    ("api:me", "get"): OWN_AFFAIR,
    ("api:me", "patch"): OWN_AFFAIR,
    ("api:my-sessions", "get"): OWN_AFFAIR,
    ("api:my-session", "delete"): Row(204, 404, 404, kwargs=my_session),
    ("api:my-data", "get"): OWN_AFFAIR,
    ("api:erase-me", "post"): ASKED_BADLY,
    ("api:organizations", "get"): OWN_AFFAIR,
    ("api:members", "get"): Row(200, 403, 404, kwargs=within()),
    ("api:member", "patch"): Row(
        200, 403, 404, kwargs=within(pk="viewer"), body=lambda tenant: {"role": "editor"}
    ),
    ("api:member", "delete"): Row(204, 204, 404, kwargs=within(pk="viewer")),  # one may leave
    ("api:member-2fa", "delete"): Row(409, 403, 404, kwargs=within(pk="viewer")),  # has none
    ("api:invitations", "get"): Row(200, 403, 404, kwargs=within()),
    ("api:invitations", "post"): Row(
        201, 403, 404, kwargs=within(), body=lambda tenant: {"email": "new@example.org"}
    ),
    ("api:invitation", "delete"): Row(204, 403, 404, kwargs=within(pk="invitation")),
    ("api:contents", "get"): OWN_AFFAIR,
    ("api:contents", "post"): Row(
        202,
        403,
        202,  # into their own organisation
        body=lambda tenant: {"title": "New", "image": picture(), "video": film()},
        is_upload=True,
    ),
    ("api:content", "get"): Row(200, 200, 404, kwargs=of("content")),
    ("api:content-stats", "get"): Row(200, 200, 404, kwargs=of("content")),
    ("api:captions-list", "get"): Row(200, 200, 404, kwargs=of_video()),
    ("api:captions", "put"): Row(
        201,
        403,
        404,
        kwargs=of_video(language="en"),
        body=lambda tenant: {"file": captions()},
        is_upload=True,
    ),
    ("api:captions", "delete"): Row(204, 403, 404, kwargs=of_video(language="ru")),
    ("api:markers", "get"): OWN_AFFAIR,
    ("api:marker", "get"): Row(200, 200, 404, kwargs=of("marker")),
    ("api:marker-recompile", "post"): Row(202, 403, 404, kwargs=of("marker")),
    ("api:marker-batches", "post"): Row(
        202, 403, 202, body=lambda tenant: {"images": [picture()]}, is_upload=True
    ),
    ("api:marker-analyze", "post"): Row(400, 400, 400, is_upload=True),
    ("api:marker-merge", "post"): Row(
        200, 200, 404, body=lambda tenant: {"markers": [str(tenant.marker.pk)]}
    ),
    ("api:marker-file", "get"): Row(200, 200, 404, kwargs=marker_file),
    ("legacy-login", "post"): FOR_ALL_BADLY,
    ("legacy-register", "post"): FOR_ALL_BADLY,
    ("legacy-contents", "get"): OWN_AFFAIR,
    ("legacy-marker-analyze", "post"): Row(400, 400, 400, is_upload=True),
    ("legacy-marker-generate", "post"): Row(
        202, 403, 202, body=lambda tenant: {"image": picture()}, is_upload=True
    ),
    ("api:batch", "get"): Row(200, 200, 404, kwargs=of("batch")),
    ("api:marker-presets", "get"): OWN_AFFAIR,
    ("api:marker-presets", "post"): Row(
        201, 403, 201, body=lambda tenant: {"name": "mine", "options": {}}
    ),
    ("api:marker-preset", "get"): Row(200, 200, 404, kwargs=of("preset")),
    ("api:marker-preset", "patch"): Row(200, 403, 404, kwargs=of("preset")),
    ("api:marker-preset", "delete"): Row(204, 403, 404, kwargs=of("preset")),
    ("api:backups", "get"): FOR_OPERATORS,
    ("api:backups", "post"): FOR_OPERATORS,
    ("api:backup", "get"): Row(404, 404, 404, kwargs=backup),
    ("api:backup-verify", "post"): Row(404, 404, 404, kwargs=backup),
    ("api:backup-drill", "post"): Row(404, 404, 404, kwargs=backup),
    ("api:schema", "get"): FOR_ALL,
    ("api:docs", "get"): FOR_ALL,
}


@pytest.fixture
def tenant(tmp_path: Path, settings: Any) -> Tenant:
    settings.MEDIA_ROOT = tmp_path
    return make_tenant()


@pytest.fixture
def stranger() -> User:
    """The owner of another organisation, with things of their own."""
    return make_tenant().owner


def client_of(user: User | None) -> APIClient:
    if user is None:
        return APIClient()
    pair = sessions.begin_session(user)
    return APIClient(headers={"Authorization": f"Bearer {pair.access}"})


def ask(
    client: APIClient,
    key: tuple[str, str],
    tenant: Tenant,
    kwargs: dict[str, Any] | None = None,
) -> Any:
    name, method = key
    row = TABLE[key]
    url = reverse(name, kwargs=row.kwargs(tenant) if kwargs is None else kwargs)
    kind = "multipart" if row.is_upload else "json"
    if method == "get":
        return client.get(url)
    return getattr(client, method)(url, row.body(tenant), format=kind)


def read(response: Any) -> bytes:
    """All that was answered; what is streamed is read to its end, which closes its file."""
    answered: bytes = response.getvalue() if response.streaming else response.content
    return answered


def api_routes() -> Iterator[tuple[str, str]]:
    """Every route that is served by Django REST Framework, with each of its methods."""
    for route in all_routes():
        if (view := route.api) is not None:
            handled = getattr(route.view, "actions", None) or _handled(view)
            yield from ((route.name, method) for method in METHODS if method in handled)


def _handled(view: type[APIView]) -> list[str]:
    return [name for name in view.http_method_names if hasattr(view, name)]


def test_every_route_is_in_the_table_with_every_method() -> None:
    routes = set(api_routes())

    assert routes - set(TABLE) == set()
    assert set(TABLE) - routes == set()


@pytest.mark.parametrize("key", sorted(TABLE), ids="-".join)
def test_each_gets_what_is_theirs(key: tuple[str, str], tenant: Tenant, stranger: User) -> None:
    row = TABLE[key]
    asked = {
        "owner": (tenant.owner, row.owner),
        "viewer": (tenant.viewer, row.viewer),
        "other": (stranger, row.other),
        "anybody": (None, row.anybody),
    }
    for who in ("anybody", "other", "viewer", "owner"):  # who may least first: nothing is gone yet
        user, status = asked[who]
        client = client_of(user)
        if key[0] == "api:my-session":
            client_of(tenant.owner)  # the session that it is about
        if key == ("api:member", "delete") and who == "owner":
            Membership.objects.create(user=tenant.viewer, organization=tenant.organization)

        response = ask(client, key, tenant)

        answered = read(response)
        assert response.status_code == status, (who, answered)


@pytest.mark.parametrize(
    "key", sorted(key for key in TABLE if key[1] == "get"), ids=lambda key: key[0]
)
def test_nothing_of_a_tenant_is_in_what_another_reads(
    key: tuple[str, str], tenant: Tenant, stranger: User
) -> None:
    response = ask(client_of(stranger), key, tenant)

    answered = read(response)
    assert [mine for mine in tenant.ids() if mine.encode() in answered] == []


def test_a_tenant_reads_its_own(tenant: Tenant) -> None:
    client = client_of(tenant.owner)
    lists = [key for key in TABLE if key[1] == "get" and TABLE[key].owner == 200]

    answered = b"".join(read(ask(client, key, tenant)) for key in lists)

    assert [mine for mine in tenant.ids() if mine.encode() not in answered] == []


def test_who_is_no_member_any_more_reads_nothing(tenant: Tenant) -> None:
    client = client_of(tenant.viewer)
    about_rows = [key for key in TABLE if key[1] == "get" and TABLE[key].other == 404]
    Membership.objects.filter(user=tenant.viewer).delete()

    statuses = {ask(client, key, tenant).status_code for key in about_rows}

    assert statuses == {404}


def test_ids_that_nobody_has_answer_as_those_of_others_do(tenant: Tenant, stranger: User) -> None:
    client = client_of(stranger)
    client_of(tenant.owner)  # so that they have a session
    for key in (key for key in TABLE if TABLE[key].other == 404):
        theirs = ask(client, key, tenant)
        nobodys = ask(client, key, tenant, _nobodys(TABLE[key].kwargs(tenant)))

        assert nobodys.status_code == theirs.status_code == 404
        assert nobodys.json()["type"] == theirs.json()["type"]


def _nobodys(kwargs: dict[str, Any]) -> dict[str, Any]:
    keys = itertools.repeat("00000000-0000-4000-8000-000000000000")
    return {
        name: value if name in {"extension", "language"} else next(keys)
        for name, value in kwargs.items()
    }
