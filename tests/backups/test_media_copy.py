"""Reading media to copy them: from a folder and from a bucket whose server fails at times."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.storage import storages
from pytest_django import Settings

from backups import catalogue, indexes, media, media_bucket, services
from backups.destinations import urls
from backups.encryption import parse_identities
from backups.models import BackupRun
from backups.verification import verify
from tests.backups.buckets import (
    KEY,
    SECRET,
    Fault,
    FaultyServer,
    client_of,
    cut_short,
    faulty_server,
    refuse,
    s3_server,
    url_of,
)
from tests.backups.conftest import Site
from vertexar.leases import JobStatus
from vertexar.storage import store


@pytest.fixture(scope="module")
def behind() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture
def server(
    behind: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FaultyServer]:
    """The media store is a bucket that we share, on a server that can be told to fail."""
    name = f"media-{uuid4()}"
    with client_of(behind) as client:
        client.create_bucket(Bucket=name)
        client.put_object(Bucket=name, Key="of-others/file.bin", Body=b"not ours")
    monkeypatch.setattr(media_bucket, "PAUSE_SECONDS", 0)
    with faulty_server(behind) as state:
        settings.STORAGES = settings.STORAGES | {
            "default": {
                "BACKEND": "storages.backends.s3.S3Storage",
                "OPTIONS": {
                    "bucket_name": name,
                    "access_key": KEY,
                    "secret_key": SECRET,
                    "region_name": "us-east-1",
                    "endpoint_url": state.url,
                    "location": "ours",
                },
            }
        }
        yield state
        storages["default"].connection.meta.client.close()  # type: ignore[attr-defined]


def put(content: bytes) -> str:
    return store(io.BytesIO(content), folder="tests/files", extension=".bin")


def test_a_folder_is_listed_in_the_order_of_keys(site: Site) -> None:
    for key in ("a/b.bin", "a-b.bin", "a.bin", "b/a/c.bin", "b/a.bin", "ab/z.bin"):
        path = site.media / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(key.encode())

    found = list(media.walk())

    assert [medium.key for medium in found] == sorted(medium.key for medium in found)
    assert {(medium.key, medium.size) for medium in found} >= {("a/b.bin", 7), ("ab/z.bin", 8)}
    assert len(found) == 6


def test_where_nothing_was_ever_stored_nothing_is_listed(site: Site) -> None:
    assert list(media.walk()) == []


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (f"markers/pictures/ab/ab{'0' * 62}.png", f"ab{'0' * 62}"),
        (f"markers/pictures/cd/ab{'0' * 62}.png", None),
        ("markers/pictures/ab/ab12.png", None),
        ("logo.png", None),
    ],
)
def test_only_a_name_that_is_a_hash_says_what_the_content_is(key: str, says: str | None) -> None:
    assert media.sha256_in(key) == says


def test_a_medium_that_is_another_than_its_name_says_is_named() -> None:
    key = f"markers/pictures/ab/ab{'0' * 62}.png"
    media.check(key, f"ab{'0' * 62}")
    with pytest.raises(media.MediumDamaged, match=key.replace(".", r"\.")):
        media.check(key, f"ab{'1' * 62}")


def test_a_bucket_is_listed_but_for_what_others_have_in_it(server: FaultyServer) -> None:
    stored = {put(b"%d" % number): len(b"%d" % number) for number in range(5)}

    found = [(medium.key, medium.size) for medium in media.walk()]

    assert found == sorted(stored.items())


def test_an_object_is_read_as_a_stream_and_not_put_on_disk(server: FaultyServer) -> None:
    content = os.urandom(3_000_001)
    key = put(content)

    with media.open_medium(key) as file:
        assert file.read(10) == content[:10]
        assert file.read() == content[10:]
        assert file.read() == b""


def test_an_answer_cut_short_is_gone_on_with(server: FaultyServer) -> None:
    content = os.urandom(3_000_001)
    key = put(content)
    server.faults.append(Fault("GET .*files", cut_short, times=2))

    with media.open_medium(key) as file:
        assert file.read() == content
    resumed = [headers for line, headers in server.requests if "Range" in headers]
    assert resumed
    assert all("If-Match" in headers for headers in resumed)


def test_an_object_of_no_bytes_has_none(server: FaultyServer) -> None:
    with media.open_medium(put(b"")) as file:
        assert file.read() == b""


def test_an_object_that_is_gone_is_no_file(server: FaultyServer) -> None:
    with pytest.raises(FileNotFoundError):
        media.open_medium("tests/files/none.bin")


def test_a_bucket_that_refuses_is_an_error_and_no_gone_medium(server: FaultyServer) -> None:
    key = put(b"there")
    server.faults.append(Fault("GET .*files", refuse(403, "AccessDenied"), times=99))

    with pytest.raises(OSError, match="AccessDenied") as failure:
        media.open_medium(key)
    assert not isinstance(failure.value, FileNotFoundError)


@pytest.mark.django_db
def test_a_bucket_is_backed_up_into_a_folder(site: Site, server: FaultyServer) -> None:
    contents = [b"a picture", os.urandom(5_000_000), b""]
    keys = {put(content): content for content in contents}

    row = services.back_up_now(BackupRun.Kind.MANUAL, actor=None)

    assert (row.status, row.failure_code, row.media_count) == (JobStatus.READY, "", 3)
    place = site.places[0]
    for entry in indexes.entries(place, catalogue.runs_at(place)[0]):
        assert site.plain(site.folders[0] / entry.path) == keys[entry.key]


@pytest.mark.django_db
def test_a_bucket_that_can_not_be_listed_fails_the_run(site: Site, server: FaultyServer) -> None:
    server.faults.append(Fault("GET .*list-type|GET .*prefix", refuse(403, "AccessDenied"), 99))

    row = services.back_up_now(BackupRun.Kind.MANUAL, actor=None)

    assert (row.status, row.failure_code) == (JobStatus.FAILED, "media_store_failed")
    assert catalogue.runs_at(site.places[0]) == ()


@pytest.mark.django_db
def test_many_media_that_can_not_be_read_fail_the_run_and_some_do_not(
    site: Site, server: FaultyServer
) -> None:
    stored = [put(b"%d" % number) for number in range(30)]
    fault = Fault("GET .*files/..?/", refuse(403, "AccessDenied"), times=3)
    server.faults.append(fault)

    row = services.back_up_now(BackupRun.Kind.MANUAL, actor=None)

    assert (row.status, row.failure_code) == (JobStatus.READY, "media_damaged")
    assert row.media_count == len(stored) - 3
    fault.times = 99
    put(b"one more")
    for number in range(40, 70):
        put(b"%d" % number)

    row = services.back_up_now(BackupRun.Kind.MANUAL, actor=None)

    assert (row.status, row.failure_code) == (JobStatus.FAILED, "media_store_failed")


def test_the_folder_of_media_may_be_reached_by_a_link(site: Site, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere"
    real.mkdir()
    site.media.symlink_to(real)
    key = site.store(b"a picture")

    assert [medium.key for medium in media.walk()] == [key]


@pytest.mark.django_db
def test_a_backup_goes_into_a_bucket_and_is_added_to(
    site: Site, behind: str, settings: Settings
) -> None:
    name = f"backups-{uuid4()}"
    with client_of(behind) as client:
        client.create_bucket(Bucket=name)
    settings.BACKUP_DESTINATIONS = [url_of(name, behind), *settings.BACKUP_DESTINATIONS]
    old = site.store(os.urandom(5_000_000))
    services.back_up_now(BackupRun.Kind.MANUAL, actor=None)
    new = site.store(b"one more")

    row = services.back_up_now(BackupRun.Kind.MANUAL, actor=None)

    assert (row.status, row.failure_code) == (JobStatus.READY, "")
    assert row.sent_bytes < 1_000_000
    for place in urls.configured():
        newest = catalogue.runs_at(place)[0]
        assert newest.run == row.name
        assert {entry.key for entry in indexes.entries(place, newest)} == {old, new}
        verdict = verify(row.name, place, identities=parse_identities(site.identity), deep=True)
        assert verdict.is_whole, verdict.in_words()


@pytest.mark.django_db
def test_a_bucket_that_is_not_ours_does_not_spoil_the_folder(
    site: Site, behind: str, settings: Settings
) -> None:
    nowhere = url_of(f"nobody-made-{uuid4()}", behind)
    settings.BACKUP_DESTINATIONS = [nowhere, *settings.BACKUP_DESTINATIONS]
    site.store(b"a picture")

    row = services.back_up_now(BackupRun.Kind.MANUAL, actor=None)

    assert (row.status, row.failure_code) == (JobStatus.READY, "destination_left_out")
    assert SECRET not in row.failure_hint
    assert len(catalogue.runs_at(site.places[0])) == 1
