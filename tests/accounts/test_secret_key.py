"""A new SECRET_KEY signs nobody out while the old one stands among SECRET_KEY_FALLBACKS."""

import pytest
from django.test import Client
from pytest_django import Settings

from tests.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db
NEW = "the-new-one-" + "y" * 40


@pytest.fixture
def signed_in() -> Client:
    client = Client()
    client.force_login(
        UserFactory.create(is_staff=True, is_superuser=True),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    assert client.get("/admin/").status_code == 200
    return client


def test_a_session_outlives_the_key_it_was_begun_with(
    signed_in: Client, settings: Settings
) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = NEW

    assert signed_in.get("/admin/").status_code == 200


def test_a_session_ends_with_the_key_that_nobody_knows_any_more(
    signed_in: Client, settings: Settings
) -> None:
    settings.SECRET_KEY = NEW

    assert signed_in.get("/admin/").status_code == 302


def test_a_session_goes_over_to_the_new_key_when_it_is_used(
    signed_in: Client, settings: Settings
) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = NEW
    signed_in.get("/admin/")

    settings.SECRET_KEY_FALLBACKS = []

    assert signed_in.get("/admin/").status_code == 200
