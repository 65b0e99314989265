"""What tests of people may ask for."""

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import Organization, Role
from tests.accounts.factories import MembershipFactory
from tests.accounts.mailbox import Delivering, delivering


@pytest.fixture
def deliver(
    db: None, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> Delivering:
    """Collect what is mailed within a block."""
    return delivering(django_capture_on_commit_callbacks)


@pytest.fixture
def at_desk(studio: Organization) -> Callable[[Role], Client]:
    """Sign in somebody of the studio who works in the back office and is no superuser."""

    def make(role: Role) -> Client:
        user = MembershipFactory.create(organization=studio, role=role, user__is_staff=True).user
        client = Client()
        client.force_login(user)
        return client

    return make
