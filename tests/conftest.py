"""What every test may ask for: people, a client that is signed in, files on a disk of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from django.utils import translation
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Organization, Role, User
from tests.accounts.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.pictures import encode_png, poster
from tests.videos import make_video

# The same examples each time, however slow the machine; --hypothesis-profile=search tries others.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.load_profile("steady")


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> Path:
    """Keep each test's files to itself."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return Path(settings.MEDIA_ROOT)


@pytest.fixture(autouse=True)
def default_language(settings: Settings) -> Iterator[None]:
    """Begin each test in the same language: a request leaves the one that it was answered in."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture
def studio(db: None) -> Organization:
    return OrganizationFactory.create(name="Harbour Studio")


@pytest.fixture
def member(studio: Organization) -> Callable[[Role], User]:
    """Make somebody of the studio, in a role."""

    def make(role: Role) -> User:
        return MembershipFactory.create(organization=studio, role=role).user

    return make


@pytest.fixture
def editor(member: Callable[[Role], User]) -> User:
    return member(Role.EDITOR)


@pytest.fixture
def stranger(db: None) -> User:
    """Somebody of another organisation."""
    return MembershipFactory.create(role=Role.OWNER).user


@pytest.fixture
def superuser(studio: Organization) -> User:
    user = UserFactory.create(is_staff=True, is_superuser=True)
    MembershipFactory.create(user=user, organization=studio, role=Role.OWNER)
    return user


@pytest.fixture
def api(editor: User) -> APIClient:
    """An API client signed in as the editor."""
    return signed_in(editor)


def signed_in(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture(scope="session")
def picture() -> bytes:
    """A picture a phone recognises, as PNG."""
    return encode_png(poster(seed=7, width_px=480, height_px=360))


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A second of video with sound."""
    folder = tmp_path_factory.mktemp("video")
    path = make_video(folder / "clip.mp4", seconds=1, size=(320, 240), fps=15, audio=True)
    return path.read_bytes()
