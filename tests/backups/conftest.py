"""Backups in this process: a key pair, a folder to write to, media, and places that fail."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import pytest
from pytest_django import Settings

from backups import encryption
from backups.destinations import Destination, DestinationFailed, Found, Upload, urls
from backups.destinations.folder import FolderDestination
from tests.backups.installation import Installation, installed


@dataclass
class Site:
    """What a backup needs, made for one test."""

    media: Path
    folders: list[Path]
    identity: str

    @property
    def places(self) -> list[Destination]:
        return [FolderDestination(folder) for folder in self.folders]

    def store(self, content: bytes, *, folder: str = "tests/files", name: str = "") -> str:
        """Store a medium as the product does; `name` in place of the hash of its content."""
        digest = name or sha256(content).hexdigest()
        key = f"{folder}/{digest[:2]}/{digest}.bin"
        path = self.media / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return key

    def plain(self, path: Path) -> bytes:
        with path.open("rb") as file:
            return encryption.decrypt(file, encryption.parse_identities(self.identity)).read()


@pytest.fixture
def site(settings: Settings, tmp_path: Path, media: Path) -> Site:
    """One folder to back up to, and somebody who can read it."""
    identity, recipient = encryption.generate()
    folders = [tmp_path / "backups"]
    settings.VERTEXAR_HOME = tmp_path
    settings.BACKUP_RECIPIENTS = [recipient]
    settings.BACKUP_TRUSTED_SIGNERS = []
    settings.BACKUP_SIGNING_KEY = ""
    settings.BACKUP_DESTINATIONS = [folder.as_uri() for folder in folders]
    return Site(media, folders, identity)


@pytest.fixture
def second(site: Site, settings: Settings, tmp_path: Path) -> Path:
    """Another folder to back up to."""
    folder = tmp_path / "second"
    site.folders.append(folder)
    settings.BACKUP_DESTINATIONS = [*settings.BACKUP_DESTINATIONS, folder.as_uri()]
    return folder


@dataclass
class Faulty:
    """A destination that does what it should until it is told to do something else first.

    Attributes:
        before_commit, before_write: called with the path; what they raise is the failure.
        committed: paths, in order.
    """

    inner: FolderDestination
    before_commit: Callable[[str], object] = lambda path: None
    before_write: Callable[[str], object] = lambda path: None
    before_walk: Callable[[str], object] = lambda prefix: None
    committed: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def held_bytes(self) -> int:
        return self.inner.held_bytes

    def upload(self, path: str) -> Upload:
        return _FaultyUpload(self, path, self.inner.upload(path))

    def open(self, path: str) -> BinaryIO:
        return self.inner.open(path)

    def find(self, path: str) -> Found | None:
        return self.inner.find(path)

    def walk(self, prefix: str) -> Iterator[Found]:
        self.before_walk(prefix)
        return self.inner.walk(prefix)

    def remove(self, path: str) -> bool:
        return self.inner.remove(path)


@dataclass
class _FaultyUpload:
    destination: Faulty
    path: str
    inner: Upload

    def write(self, chunk: bytes | memoryview, /) -> int:
        self.destination.before_write(self.path)
        return self.inner.write(chunk)

    def commit(self, sha256: str) -> None:
        self.destination.before_commit(self.path)
        self.inner.commit(sha256)
        self.destination.committed.append(self.path)

    def abort(self) -> None:
        with suppress(DestinationFailed):
            self.inner.abort()


@pytest.fixture
def faulty(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[Faulty]:
    """The site's destinations, with switches."""
    watched = [Faulty(FolderDestination(folder)) for folder in site.folders]
    monkeypatch.setattr(urls, "configured", lambda: list(watched))
    return watched


def refuse(path: str) -> None:
    """As a place that is down does."""
    raise DestinationFailed("It is down.")


@pytest.fixture(scope="session")
def restorable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with two visitors, two media and one backup of all that, to be copied."""
    with installed(tmp_path_factory.mktemp("restorable") / "home") as made:
        made.ask("CREATE TABLE visitor (name text)")
        made.ask("INSERT INTO visitor VALUES ('Ada'), ('Grace')")
        made.add_media(b"a picture" * 1000, b"a video" * 100_000)
        made.run("backup")
        second = int(time.time())
        while int(time.time()) == second:  # names sort by it: the next backup is to be the newer
            time.sleep(0.02)
        yield made
