"""A bucket as a destination, over real HTTP and signatures: moto's server on loopback."""

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from pytest_django import Settings

from backups import streams
from backups.destinations import Destination, DestinationFailed, connection, s3
from backups.destinations.s3 import S3Destination
from backups.destinations.sending import PART_BYTES
from backups.destinations.urls import BadDestination, from_url
from tests.backups.buckets import (
    KEY,
    SECRET,
    Fault,
    Handler,
    client_of,
    destination_at,
    faulty_server,
    s3_server,
    url_of,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LONG = os.urandom(1 << 20) * 33  # two parts and a rest


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture(scope="module")
def client(endpoint: str) -> Iterator["S3Client"]:
    with client_of(endpoint) as client:
        yield client


@pytest.fixture
def name(client: "S3Client") -> str:
    """A new bucket."""
    name = f"bucket-{uuid4()}"
    client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def locking(client: "S3Client") -> str:
    """A new bucket that keeps versions, and locks them if it is told to."""
    name = f"locking-{uuid4()}"
    client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


@pytest.fixture
def bucket(endpoint: str, name: str) -> S3Destination:
    return destination_at(endpoint, name)


def paths(bucket: S3Destination, prefix: str = "") -> list[str]:
    return [found.path for found in bucket.walk(prefix)]


@pytest.mark.parametrize("content", [b"", b"short", LONG[:PART_BYTES], LONG])
def test_what_is_written_can_be_found_and_read(
    bucket: S3Destination, client: "S3Client", content: bytes
) -> None:
    tee = streams.Tee.to([bucket], "runs/a/database.age")
    for start in range(0, len(content), 65_552):
        tee.write(memoryview(content)[start : start + 65_552])
    tee.commit()

    with bucket.open("runs/a/database.age") as file:
        assert file.read() == content
    found = bucket.find("runs/a/database.age")
    assert found is not None
    assert found.size == len(content)
    assert datetime.now(UTC) - found.modified_at < timedelta(minutes=1)  # noqa: TID251
    there = client.head_object(Bucket=bucket.bucket.name, Key="vertexar/runs/a/database.age")
    assert there["ContentLength"] == len(content)


def test_nothing_is_there_before_it_is_whole(bucket: S3Destination) -> None:
    upload = bucket.upload("runs/a/b")
    upload.write(LONG)

    assert paths(bucket) == []
    upload.commit(hashlib.sha256(LONG).hexdigest())
    assert paths(bucket) == ["runs/a/b"]


def test_an_upload_given_up_leaves_nothing(bucket: S3Destination, client: "S3Client") -> None:
    upload = bucket.upload("runs/a/b")
    upload.write(LONG)

    upload.abort()
    upload.abort()

    assert paths(bucket) == []
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket.bucket.name)


def test_what_killed_writers_left_is_removed_a_day_later(
    bucket: S3Destination, client: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("vertexar/runs/a", "vertexar-2/runs/b", "another/file"):
        client.create_multipart_upload(Bucket=bucket.bucket.name, Key=key)
    with monkeypatch.context() as patched:  # moto says that all were begun in 2010
        patched.setattr(s3, "BROKEN_OFF", timedelta(days=36_500))
        streams.put(bucket, "runs/today", b"x")
    at_first = client.list_multipart_uploads(Bucket=bucket.bucket.name)["Uploads"]

    streams.put(S3Destination(bucket.bucket), "runs/tomorrow", b"x")

    assert len(at_first) == 3
    left = client.list_multipart_uploads(Bucket=bucket.bucket.name)["Uploads"]
    assert {one["Key"] for one in left} == {"another/file", "vertexar-2/runs/b"}


def test_of_a_thousand_killed_writers_the_last_is_tidied_up_too(endpoint: str, name: str) -> None:
    """Of moto, which lists all at once, this takes the place."""
    page = (
        "<ListMultipartUploadsResult><IsTruncated>{more}</IsTruncated>"
        "<NextKeyMarker>vertexar/a</NextKeyMarker><NextUploadIdMarker>{id}</NextUploadIdMarker>"
        "<Upload><Key>vertexar/a</Key><UploadId>{id}</UploadId>"
        "<Initiated>2026-01-01T00:00:00.000Z</Initiated></Upload></ListMultipartUploadsResult>"
    )

    def listed(handler: Handler) -> None:
        is_second = "upload-id-marker=first" in handler.path
        body = page.format(more=str(not is_second).lower(), id="second" if is_second else "first")
        handler.answer(200, {"Content-Type": "application/xml"}, body.encode())

    with faulty_server(endpoint) as server:
        server.faults = [Fault(r"GET .*\?uploads", listed, times=2)]
        streams.put(destination_at(server.url, name), "runs/a", b"x")

        assert server.count("DELETE .*uploadId=first") == 1
        assert server.count("DELETE .*uploadId=second") == 1


def test_files_are_listed_in_the_order_of_their_paths_over_many_pages(
    bucket: S3Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    names = ["media/a/1", "media/a-b", "media/b", "runs/a", "runs/b"]
    for path in names:
        streams.put(bucket, path, b"x")

    assert paths(bucket) == sorted(names)
    assert paths(bucket, "media/a") == ["media/a-b", "media/a/1"]
    assert paths(bucket, "nothing") == []


def test_files_of_other_prefixes_are_not_ours(bucket: S3Destination, client: "S3Client") -> None:
    for key in ("vertexar2/a", "other/a", "vertexar/", "vertexar/folder/"):
        client.put_object(Bucket=bucket.bucket.name, Key=key, Body=b"x")

    assert paths(bucket) == []


def test_what_is_not_there_is_said_to_be_so(bucket: S3Destination) -> None:
    assert bucket.find("runs/a") is None
    with pytest.raises(FileNotFoundError):
        bucket.open("runs/a")


def test_what_is_removed_is_gone(bucket: S3Destination) -> None:
    streams.put(bucket, "runs/a", b"x")

    assert bucket.remove("runs/a")
    assert bucket.remove("runs/a")

    assert paths(bucket) == []


@pytest.mark.parametrize("path", ["", "/a", "../x", "a//b", "a\nb"])
def test_no_path_leads_out_of_the_prefix(bucket: S3Destination, path: str) -> None:
    for act in (bucket.upload, bucket.open, bucket.find, bucket.remove):
        with pytest.raises(DestinationFailed):
            act(path)


def test_with_versions_a_removed_file_costs_nothing_any_more(
    endpoint: str, locking: str, client: "S3Client"
) -> None:
    bucket = destination_at(endpoint, locking)
    for content in (b"first", b"second"):
        streams.put(bucket, "runs/a", content)
    streams.put(bucket, "runs/a.sig", b"beside")

    assert bucket.remove("runs/a")

    there = client.list_object_versions(Bucket=locking)
    assert [item["Key"] for item in there["Versions"]] == ["vertexar/runs/a.sig"]
    assert "DeleteMarkers" not in there


def test_what_is_locked_stays_and_stays_visible(endpoint: str, locking: str) -> None:
    bucket = destination_at(endpoint, locking, lock_days=30)
    streams.put(bucket, "runs/a", b"x")

    assert not bucket.remove("runs/a")

    assert paths(bucket) == ["runs/a"]


@pytest.mark.parametrize("content", [b"short", LONG])
def test_lock_and_storage_class_are_asked_for(
    endpoint: str, locking: str, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = destination_at(endpoint, locking, lock_days=30, storage_class="STANDARD_IA")
    asked: list[dict[str, Any]] = []
    s3_client = bucket._connection.client
    s3_client.meta.events.register(
        "before-parameter-build.s3", lambda params, model, **_: asked.append(params)
    )

    streams.put(bucket, "runs/a", content)

    (locked,) = [params for params in asked if "ObjectLockMode" in params]
    assert locked["ObjectLockMode"] == "GOVERNANCE"
    assert locked["StorageClass"] == "STANDARD_IA"
    days = (locked["ObjectLockRetainUntilDate"] - datetime.now(UTC)).total_seconds() / 86_400  # noqa: TID251
    assert days == pytest.approx(30, abs=0.01)


def test_a_url_says_all_of_it(endpoint: str) -> None:
    url = url_of("b", endpoint, region="eu-x", storage_class="GLACIER_IR", lock_days="7")

    destination = from_url(url)

    assert isinstance(destination, S3Destination)
    assert (destination.bucket.name, destination.bucket.prefix) == ("b", "vertexar")
    assert destination.bucket.secret_key == SECRET
    assert destination.bucket.region == "eu-x"
    assert destination.bucket.storage_class == "GLACIER_IR"
    assert destination.bucket.lock_days == 7


def test_without_a_key_in_the_url_the_settings_say_who_we_are(
    endpoint: str, name: str, settings: Settings
) -> None:
    settings.BACKUP_S3_ACCESS_KEY, settings.BACKUP_S3_SECRET_KEY = "AKIDOFSETTINGS", "secret"
    settings.BACKUP_S3_SESSION_TOKEN = "the-token"
    settings.BACKUP_S3_REGION = "eu-settings-1"
    with faulty_server(endpoint) as seen:
        ours = from_url(f"s3://{name}/a?endpoint={seen.url}")
        elsewhere = from_url(f"s3://{name}/a?endpoint={seen.url}&region=eu-url-1")
        others = from_url(url_of(name, seen.url))

        def signed(place: Destination) -> dict[str, str]:
            place.find("runs/a")
            return seen.requests[-1][1]

        assert "Credential=AKIDOFSETTINGS/" in signed(ours)["Authorization"]
        assert "/eu-settings-1/s3" in signed(ours)["Authorization"]
        assert signed(ours)["X-Amz-Security-Token"] == "the-token"
        assert "/eu-url-1/s3" in signed(elsewhere)["Authorization"]
        assert f"Credential={KEY}/" in signed(others)["Authorization"]
        assert "eu-settings-1" not in signed(others)["Authorization"]
        assert "X-Amz-Security-Token" not in signed(others)
        assert "secret" not in repr(ours)


def test_where_nobody_is_named_boto3_looks_for_a_profile(
    endpoint: str, name: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profile = tmp_path / "credentials"
    profile.write_text("[default]\naws_access_key_id=AKIDOFPROFILE\naws_secret_access_key=x\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profile))
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(connection, "_session", boto3.session.Session)  # which remembers nobody
    settings.BACKUP_S3_ACCESS_KEY = settings.BACKUP_S3_SECRET_KEY = None
    with faulty_server(endpoint) as seen:
        from_url(f"s3://{name}/a?endpoint={seen.url}").find("runs/a")

        assert "Credential=AKIDOFPROFILE/" in seen.requests[-1][1]["Authorization"]


def test_no_name_and_no_failure_has_the_secret_in_it(endpoint: str) -> None:
    destination = from_url(url_of("no-such-bucket", endpoint))

    with pytest.raises(DestinationFailed) as caught:
        streams.put(destination, "runs/a", b"x")

    assert caught.value.code == "destination_missing"
    for shown in (destination.name, repr(destination), str(caught.value), repr(caught.value)):
        assert "secret" not in shown
    assert destination.name == f"s3://no-such-bucket/vertexar?endpoint={endpoint}"
    assert destination.name in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3:///prefix",
        "s3://KEY@bucket",
        "s3://bucket:9000/x",
        "s3://bucket/a//b",
        "s3://bucket/../b",
        "s3://bucket?endpoint=ftp://x",
        "s3://bucket?endpoint=https:",
        "s3://bucket?endpoint=https://user:secret@host",
        "s3://bucket?colour=red",
        "s3://bucket?lock_days=soon",
        "s3://bucket?lock_days=-1",
        "s3://bucket?lock_days=1&lock_mode=firm",
        "https://bucket.s3.amazonaws.com",
    ],
)
def test_what_is_no_bucket_is_refused(url: str) -> None:
    with pytest.raises(BadDestination):
        from_url(url)
