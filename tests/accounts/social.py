"""Going to a provider and back, as a browser does."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from tests import oidc
from tests.accounts.factories import UserFactory
from tests.oidc import Provider

LEAVE, DESK = "/account/social/firm/login", reverse("admin:index")


@contextmanager
def knowing_anna(settings: Settings) -> Iterator[Provider]:
    """Run a provider that is configured, and whose every visitor is Anna."""
    with oidc.serving() as provider:
        provider.person = {
            "sub": "a-1",
            "email": "anna@example.org",
            "email_verified": True,
            "preferred_username": "anna",
            "given_name": "Anna",
        }
        settings.OPENID_PROVIDERS = [provider.settings()]
        yield provider


def make_anna() -> User:
    """Make one of the staff, whose address is known to be hers."""
    return UserFactory.create(
        username="anna",
        email="Anna@example.org",
        email_verified_at=timezone.now(),
        is_staff=True,
        is_superuser=True,
    )


def url_on(page: Any) -> str:
    """Where a page leads on to by itself."""
    assert page.status_code == HTTPStatus.OK, page.content
    match = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.content.decode())
    assert match is not None
    return html.unescape(match[1])


def come_in(client: Client, provider: Provider, *, to: str = "", leave: str = LEAVE) -> Any:
    """Press the button, be asked by the provider, come back."""
    return client.get(provider.visit(url_on(client.post(leave, {"next": to}))))


def is_in(client: Client) -> bool:
    """Whether the back office opens."""
    return client.get(DESK).status_code == HTTPStatus.OK
