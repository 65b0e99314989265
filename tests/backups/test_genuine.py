"""Who can write where backups lie, but not sign: nothing of theirs is run, stored or believed."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import pytest
import zstandard
from django.core.files.base import ContentFile
from pytest_django import Settings

from backups import databases, encryption, filling, indexes, manifest, postgres, recovery
from backups.catalogue import Copy
from backups.destinations.folder import FolderDestination
from backups.genuine import PartDamaged, open_signed
from backups.manifest import MediaEntry
from backups.streams import put
from tests.backups.pages import IDENTITY, NIGHT, Site, dump, encrypted, key_of, sha256
from vertexar.storage import LocalStorage

IDENTITIES = encryption.parse_identities(IDENTITY)
LONG = bytes(range(256)) * (9 << 12)  # 9 MiB


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> None:
    settings.VERTEXAR_HOME = tmp_path / "home"
    settings.BACKUP_SIGNING_KEY = ""
    settings.BACKUP_TRUSTED_SIGNERS = []


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site")


@pytest.fixture
def scratch() -> Iterator[str]:
    url = postgres.url_of(os.environ["DATABASE_URL"], f"genuine_{uuid4().hex[:8]}")
    databases.create(url)
    yield url
    databases.drop(url)


@pytest.mark.django_db
def test_nothing_of_a_dump_is_run_that_was_not_signed(site: Site, scratch: str) -> None:
    run = site.make_run()
    forged = encrypted(zstandard.compress(dump()))  # as anybody can who knows the recipient
    site.file(run.part("database").path).write_bytes(forged)
    with pytest.raises(PartDamaged, match="not the file that was signed"):
        filling.fill(
            Copy(site.destination, run), IDENTITIES, url=scratch, on_bytes=lambda count: None
        )
    assert databases.row_counts(scratch) == {}


def test_nothing_is_stored_that_a_forged_index_names(site: Site, tmp_path: Path) -> None:
    run = site.make_run([b"hers", b"his"])
    (first, *_) = run.index_parts
    evil = forged_entry(site, key_of(b"hers"), b"<script>")
    site.file(first.path).write_bytes(manifest.to_line(evil))
    storage = LocalStorage(location=tmp_path / "restored")
    storage.save(key_of(b"hers"), ContentFile(b"hers"))
    with pytest.raises(PartDamaged, match="not the file that was signed"):
        recovery.recover(
            Copy(site.destination, run), IDENTITIES, storage=storage, on_bytes=lambda count: None
        )
    with storage.open(key_of(b"hers")) as medium:
        assert medium.read() == b"hers"


def test_what_an_unsigned_index_says_is_believed_only_as_far_as_names_prove_it(site: Site) -> None:
    site.make_run()
    honest = site.store_medium(b"hers")
    evil = forged_entry(site, key_of(b"his"), b"<script>")
    nameless = forged_entry(site, "markers/pictures/front.png", b"<script>")
    later = manifest.run_name(NIGHT + timedelta(days=1), uuid4())
    lines = b"".join(manifest.to_line(entry) for entry in (honest, evil, nameless))
    put(site.destination, manifest.index_path(later, 1), lines)
    known = site.known
    assert list(known) == [honest.key]


def test_an_unsigned_index_without_an_end_is_not_read_to_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.make_run()
    honest = site.store_medium(b"hers")
    later = manifest.run_name(NIGHT + timedelta(days=1), uuid4())
    line = manifest.to_line(honest)
    put(site.destination, manifest.index_path(later, 1), line * 5)
    monkeypatch.setattr(indexes, "UNSIGNED_BYTES", 5 * len(line))
    assert list(site.known) == [honest.key]

    put(site.destination, manifest.index_path(later, 1), line * 6)

    assert list(site.known) == []


def test_an_index_that_was_signed_may_be_as_long_as_it_is(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "UNSIGNED_BYTES", 1)

    run = site.make_run([b"hers", b"his"])

    assert len(list(indexes.entries(site.destination, run))) == 2


def forged_entry(site: Site, key: str, content: bytes) -> MediaEntry:
    stored = encrypted(content)
    put(site.destination, manifest.media_path(key), stored)
    return MediaEntry(
        key=key,
        size=len(content),
        sha256=sha256(content),
        path=manifest.media_path(key),
        stored_size=len(stored),
        stored_sha256=sha256(stored),
    )


@pytest.mark.parametrize("content", [b"", b"short", LONG])
def test_what_was_signed_is_read_as_it_is(site: Site, content: bytes) -> None:
    put(site.destination, "file", content)
    with open_signed(site.destination, "file", size=len(content), sha256=sha256(content)) as file:
        assert file.read() == content


@pytest.mark.parametrize("content", [b"short", LONG])
def test_a_file_of_another_length_or_content_is_not_read_at_all(site: Site, content: bytes) -> None:
    for there in (content[:-1], content + b"x", b"x" + content[1:]):
        put(site.destination, "file", there)
        with pytest.raises(PartDamaged, match="not the file"):
            open_signed(site.destination, "file", size=len(content), sha256=sha256(content))
    site.destination.remove("file")
    with pytest.raises(PartDamaged, match="missing"):
        open_signed(site.destination, "file", size=len(content), sha256=sha256(content))


class Swapped(FolderDestination):
    """Gives the right file when it is asked first, and another one then."""

    asked = 0

    def open(self, path: str) -> BinaryIO:
        self.asked += 1
        return super().open(path if self.asked == 1 else f"{path}.forged")


def test_a_file_that_is_changed_between_two_looks_is_read_up_to_there(site: Site) -> None:
    destination = Swapped(site.root)
    put(destination, "file", LONG)
    forged = LONG[: 5 << 20] + b"x" + LONG[(5 << 20) + 1 :]
    put(destination, "file.forged", forged)
    file = open_signed(destination, "file", size=len(LONG), sha256=sha256(LONG))
    with file:
        assert file.read(5 << 20) == LONG[: 5 << 20]
        with pytest.raises(PartDamaged, match="changed while it was read"):
            file.read(1 << 20)
    assert destination.asked == 2


def test_a_medium_is_restored_that_was_sent_again_in_other_bytes(
    site: Site, tmp_path: Path
) -> None:
    run = site.make_run([b"hers"])
    put(site.destination, manifest.media_path(key_of(b"hers")), encrypted(b"hers"))
    storage = LocalStorage(location=tmp_path / "restored")
    found = recovery.recover(
        Copy(site.destination, run), IDENTITIES, storage=storage, on_bytes=lambda count: None
    )
    assert found.failures == {}
    assert storage.exists(key_of(b"hers"))


def test_a_medium_that_swells_is_not_read_to_its_end(site: Site) -> None:
    run = site.make_run([b"hers"])
    put(site.destination, manifest.media_path(key_of(b"hers")), encrypted(bytes(4 << 20)))
    (entry,) = indexes.entries(site.destination, run)
    taken: list[int] = []

    class Sink:
        def write(self, chunk: bytes, /) -> int:
            taken.append(len(chunk))
            return len(chunk)

    with pytest.raises(PartDamaged, match="is not"):
        recovery.read_medium(entry, Copy(site.destination, run), IDENTITIES, Sink())  # type: ignore[arg-type]
    assert sum(taken) <= 2 << 20
    assert replace(entry, size=4) == entry


def test_a_medium_that_was_there_is_as_young_as_one_brought_back(
    site: Site, tmp_path: Path
) -> None:
    run = site.make_run([b"hers"])
    storage = LocalStorage(location=tmp_path / "restored")
    storage.save(key_of(b"hers"), ContentFile(b"hers"))
    there = Path(storage.path(key_of(b"hers")))
    os.utime(there, (1, 1))  # its row was deleted long ago: a sweep would take it before the swap
    recovery.recover(
        Copy(site.destination, run), IDENTITIES, storage=storage, on_bytes=lambda count: None
    )
    assert there.stat().st_mtime > NIGHT.timestamp() / 2
