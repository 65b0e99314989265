"""What tests of people may ask for."""

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from tests.accounts.mailbox import Delivering, delivering


@pytest.fixture
def deliver(
    db: None, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> Delivering:
    """Collect what is mailed within a block."""
    return delivering(django_capture_on_commit_callbacks)
