"""The back office, signed in to, for the tests of content."""

import pytest
from django.test import Client

from accounts.models import User


@pytest.fixture
def desk(client: Client, superuser: User) -> Client:
    client.force_login(superuser)
    return client
