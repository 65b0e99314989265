"""Who gets what from views that are none of the API: pages, pictures, files, what machines ask.

No right guards them, so each says here why not, and answers everybody alike. One that is not in the
table fails: nobody can add such a view and forget to say why strangers may see what it shows.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts import sessions
from accounts.models import User
from tests.whole.routes import all_routes
from tests.whole.tenants import Tenant, make_tenant
from tests.whole.test_isolation import METHODS, Body, read

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Open:
    """Why a plain view needs no right, and what it answers, whoever asks.

    Attributes:
        why: what makes it right that strangers see it.
        answers: the status by method; 405 for those that are not named.
        kwargs: the path's arguments, for a tenant.
        shows: of what rows of that tenant it may tell the key.
    """

    why: str
    answers: dict[str, int]
    kwargs: Body = field(default=lambda tenant: {}, kw_only=True)
    shows: frozenset[str] = field(default=frozenset(), kw_only=True)


def code(tenant: Tenant) -> dict[str, Any]:
    return {"code": tenant.content.code}


def no_link(*names: str) -> Body:
    """What nobody was ever mailed."""
    return lambda tenant: dict.fromkeys(names, "made-up")


READ: Final = {"get": 200}
PRINTED: Final = "is printed for strangers: who has the code is meant to see it"
MAILED: Final = "opens only by a link that was mailed, for once"
MACHINES: Final = "tells machines how the installation is, and of nobody's data"
NO_PROVIDER: Final = "begins or ends a sign-in; there is no provider here"

TABLE: Final[dict[str, Open]] = {
    "home": Open("leads to the back office", dict.fromkeys(METHODS, 302)),
    "viewer": Open(PRINTED, READ, kwargs=code, shows=frozenset({"marker"})),
    "manifest": Open(PRINTED, READ, kwargs=code, shows=frozenset({"marker", "captions"})),
    "captions": Open(
        PRINTED,
        READ,
        kwargs=lambda tenant: {**code(tenant), "pk": tenant.captions.pk},
    ),
    "qr-svg": Open(PRINTED, READ, kwargs=code),
    "qr-png": Open(PRINTED, READ, kwargs=code),
    "click": Open(
        "counts, for viewers of the old system, and tells nothing",
        {"post": 204},
        kwargs=lambda tenant: {"reference": tenant.content.code},
    ),
    "media": Open(
        "has names that nobody guesses, and that viewers are told",
        READ,
        kwargs=lambda tenant: {"key": tenant.marker.target},
    ),
    "account-verify": Open(MAILED, {"get": 400, "post": 400}, kwargs=no_link("uid", "token")),
    "account-address": Open(
        MAILED, {"get": 400, "post": 400}, kwargs=no_link("uid", "address", "token")
    ),
    "account-invitation": Open(MAILED, {"get": 400, "post": 400}, kwargs=no_link("token")),
    "admin_password_reset": Open(
        "asks for an address, and answers known and unknown ones alike", {"get": 200, "post": 200}
    ),
    "password_reset_confirm": Open(
        MAILED, dict.fromkeys(METHODS, 400), kwargs=no_link("uidb64", "token")
    ),
    "social-login": Open(
        NO_PROVIDER, dict.fromkeys(METHODS, 404), kwargs=lambda tenant: {"provider_id": "google"}
    ),
    "google_callback": Open(NO_PROVIDER, dict.fromkeys(METHODS, 404)),
    "github_callback": Open(NO_PROVIDER, dict.fromkeys(METHODS, 404)),
    "openid_connect_callback": Open(
        NO_PROVIDER, dict.fromkeys(METHODS, 404), kwargs=lambda tenant: {"provider_id": "firm"}
    ),
    "/admin/password_change/": Open(
        "leads who is no staff to where one signs in", dict.fromkeys(METHODS, 302)
    ),
    "jwks": Open("is the public half of our keys", READ),
    "health": Open(MACHINES, READ),
    "live": Open(MACHINES, READ),
    "ready": Open(MACHINES, READ),
    "version": Open(MACHINES, READ),
    "metrics": Open("asks for METRICS_TOKEN or an address in METRICS_NETWORKS", {"get": 403}),
}


@pytest.fixture
def tenant(tmp_path: Path, settings: Settings) -> Tenant:
    settings.MEDIA_ROOT = tmp_path
    settings.METRICS_NETWORKS = []
    return make_tenant()


def browser_of(user: User | None) -> Client:
    """Signed in by every means there are: with a session's cookie, and with a token."""
    if user is None:
        return Client()
    pair = sessions.begin_session(user)
    client = Client(headers={"Authorization": f"Bearer {pair.access}"})
    client.force_login(user)
    return client


def test_every_plain_view_says_why_strangers_may_see_it() -> None:
    plain = {route.name for route in all_routes() if route.api is None}

    assert plain - set(TABLE) == set()
    assert set(TABLE) - plain == set()
    assert all(row.why for row in TABLE.values())


@pytest.mark.parametrize("name", sorted(TABLE), ids=lambda name: name.strip("/").replace("/", "-"))
def test_each_is_answered_alike_and_reads_no_more_than_is_meant(name: str, tenant: Tenant) -> None:
    row = TABLE[name]
    url = name if name.startswith("/") else reverse(name, kwargs=row.kwargs(tenant))
    rows = {part: str(getattr(tenant, part).pk) for part in tenant.__dataclass_fields__}
    people = {"owner": tenant.owner, "viewer": tenant.viewer, "other": make_tenant().owner}
    for who, user in {**people, "anybody": None}.items():
        browser = browser_of(user)
        for method in METHODS:
            response = getattr(browser, method)(url)

            answered = read(response)
            assert response.status_code == row.answers.get(method, 405), (who, method, answered)
            told = {part for part, key in rows.items() if key.encode() in answered}
            assert told <= row.shows, (who, method)
