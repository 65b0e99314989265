"""A bucket's server fails in every way it can: nothing half-good is left, nothing dropped early."""

import io
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from backups import streams
from backups.destinations import DestinationFailed, connection, sending
from backups.destinations.folder import FolderDestination
from backups.destinations.retries import Retries
from backups.destinations.s3 import S3Destination
from tests.backups.buckets import (
    SECRET,
    Fault,
    FaultyServer,
    client_of,
    cut_short,
    destination_at,
    faulty_server,
    flip_a_bit,
    lose_the_answer,
    refuse,
    s3_server,
    say_nothing,
    without_checksums,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES = 100_000
LONG = os.urandom(2 * PART_BYTES + 5)  # two parts and a rest
ALWAYS = 1000


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture(scope="module")
def client(endpoint: str) -> Iterator["S3Client"]:
    with client_of(endpoint) as client:
        yield client


@pytest.fixture
def server(endpoint: str) -> Iterator[FaultyServer]:
    with faulty_server(endpoint) as server:
        yield server


@pytest.fixture
def name(client: "S3Client") -> str:
    name = f"bucket-{uuid4()}"
    client.create_bucket(Bucket=name)
    return name


@pytest.fixture(autouse=True)
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PART_BYTES", PART_BYTES)
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def bucket(server: FaultyServer, name: str, waits: list[float]) -> S3Destination:
    return destination_at(server.url, name, waits=waits)


def never_answer() -> None:
    raise TimeoutError


def store(bucket: S3Destination, content: bytes = LONG) -> None:
    streams.put(bucket, "runs/a", content)


def stored(bucket: S3Destination) -> bytes:
    with bucket.open("runs/a") as file:
        return file.read()


def left_there(client: "S3Client", name: str) -> list[str]:
    """All that a bucket holds, parts of uploads included."""
    files = client.list_objects_v2(Bucket=name).get("Contents", [])
    uploads = client.list_multipart_uploads(Bucket=name).get("Uploads", [])
    return [item["Key"] for item in (*files, *uploads)]


def test_a_part_that_fails_is_sent_again_by_itself(
    bucket: S3Destination, server: FaultyServer, waits: list[float]
) -> None:
    server.faults = [Fault("PUT .*partNumber=2", refuse(500, "InternalError"), times=3)]

    store(bucket)

    assert [server.count(f"PUT .*partNumber={number}") for number in (1, 2, 3)] == [1, 4, 1]
    assert waits == [1, 2, 4]
    assert stored(bucket) == LONG


@pytest.mark.parametrize(
    "request_line", ["PUT", "POST .*uploads", "POST .*uploadId", "HEAD", "PUT .*partNumber=3"]
)
@pytest.mark.parametrize(
    "act", [refuse(503, "SlowDown"), lose_the_answer, refuse(400, "RequestTimeout")]
)
def test_whatever_fails_once_is_tried_again(
    bucket: S3Destination, server: FaultyServer, request_line: str, act: object
) -> None:
    server.faults = [Fault(request_line, act)]  # type: ignore[arg-type]

    store(bucket)

    assert server.faults[0].times == 0
    assert stored(bucket) == LONG


def test_a_server_that_only_fails_is_given_up_and_nothing_is_left(
    bucket: S3Destination,
    server: FaultyServer,
    client: "S3Client",
    name: str,
    waits: list[float],
) -> None:
    server.faults = [Fault("PUT .*partNumber=2", refuse(500, "InternalError"), times=ALWAYS)]

    with pytest.raises(DestinationFailed) as caught:
        store(bucket)

    assert caught.value.code == "destination_unreachable"
    assert "part 2" in caught.value.message
    assert waits == [1, 2, 4, 8, 16, 30]
    assert left_there(client, name) == []


def test_a_server_that_does_not_answer_is_asked_again(
    bucket: S3Destination, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "READ_S", 1)
    server.faults = [Fault("PUT .*runs/a", say_nothing)]

    store(bucket, b"short")

    assert server.count("PUT .*runs/a") == 2
    assert stored(bucket) == b"short"


def test_where_nobody_listens_that_is_said(name: str, waits: list[float]) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # and does not listen, but keeps others from it
        bucket = destination_at(f"http://127.0.0.1:{deaf.getsockname()[1]}", name, waits=waits)

        with pytest.raises(DestinationFailed) as caught:
            store(bucket)

    assert caught.value.code == "destination_unreachable"
    assert len(waits) >= 6


@pytest.mark.parametrize(
    ("status", "code", "ours"),
    [
        (403, "InvalidAccessKeyId", "destination_refused"),
        (403, "SignatureDoesNotMatch", "destination_refused"),
        (403, "AccessDenied", "destination_refused"),
        (403, "RequestTimeTooSkewed", "destination_clock"),
        (404, "NoSuchBucket", "destination_missing"),
        (404, "NotFound", "destination_missing"),
        (507, "XMinioStorageFull", "destination_full"),
        (403, "QuotaExceeded", "destination_full"),
    ],
)
def test_what_will_not_pass_is_said_at_once_with_what_to_do(
    bucket: S3Destination,
    server: FaultyServer,
    waits: list[float],
    status: int,
    code: str,
    ours: str,
) -> None:
    server.faults = [Fault("runs/a", refuse(status, code), times=ALWAYS)]

    with pytest.raises(DestinationFailed) as caught:
        store(bucket)

    assert caught.value.code == ours
    assert caught.value.hint
    assert bucket.name in caught.value.message
    assert SECRET not in str(caught.value)
    assert waits == []


def test_a_dead_server_is_not_asked_for_long_to_forget(
    bucket: S3Destination, server: FaultyServer, waits: list[float]
) -> None:
    upload = bucket.upload("runs/a")
    upload.write(LONG)
    server.faults = [Fault("", refuse(500, "InternalError"), times=ALWAYS)]

    upload.abort()

    assert server.count("DELETE") == 1
    assert len(waits) <= 2  # of parts that were on their way


def test_waits_are_random_below_a_bound_that_doubles() -> None:
    waits: list[float] = []
    retries = Retries(attempts=8, wait=waits.append, chance=lambda: 0.5)

    with pytest.raises(TimeoutError):
        retries.call(never_answer, may_pass=lambda _: True)

    assert waits == [0.5, 1, 2, 4, 8, 15, 15]


def test_a_server_whose_name_can_not_be_is_said_to_be_so(name: str) -> None:
    with pytest.raises(DestinationFailed):
        store(destination_at("http://under_score.example:1", name))


def test_without_any_credentials_that_is_said(
    endpoint: str, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    known = destination_at(endpoint, name).bucket
    bucket = S3Destination(type(known)(name, endpoint=endpoint))

    with pytest.raises(DestinationFailed) as caught:
        store(bucket)

    assert caught.value.code == "destination_refused"
    assert "AWS_ACCESS_KEY_ID" in caught.value.hint


def test_a_read_cut_short_goes_on_where_it_was(bucket: S3Destination, server: FaultyServer) -> None:
    store(bucket)
    server.faults = [Fault("GET .*runs/a", cut_short, times=3)]

    assert stored(bucket) == LONG

    asked = [headers.get("Range") for line, headers in server.requests if "GET /" in line]
    starts = [0]
    for _ in range(3):
        starts.append(starts[-1] + (len(LONG) - starts[-1]) // 2)
    assert asked[-4:] == [None, *(f"bytes={start}-" for start in starts[1:])]


def test_a_file_replaced_while_it_is_read_is_not_mixed(
    bucket: S3Destination, server: FaultyServer, client: "S3Client", name: str
) -> None:
    store(bucket)
    server.faults = [Fault("GET .*runs/a", cut_short)]

    with bucket.open("runs/a") as file:
        client.put_object(Bucket=name, Key="vertexar/runs/a", Body=LONG[::-1])
        with pytest.raises(DestinationFailed) as caught:
            file.read()

    assert caught.value.code == "destination_damaged"


def test_a_listing_cut_short_is_asked_for_again(
    bucket: S3Destination, server: FaultyServer
) -> None:
    store(bucket, b"short")
    server.faults = [Fault("GET .*list-type", cut_short)]

    assert [found.path for found in bucket.walk("")] == ["runs/a"]


@pytest.mark.parametrize("content", [b"short", LONG])
def test_from_a_server_without_checksums_the_file_is_read_back(
    bucket: S3Destination, server: FaultyServer, content: bytes
) -> None:
    server.faults = [Fault("HEAD", without_checksums, times=ALWAYS)]

    store(bucket, content)

    assert server.count("GET .*runs/a") == 1
    assert stored(bucket) == content


@pytest.mark.parametrize(
    ("content", "damaged"), [(b"short", "PUT .*runs/a"), (LONG, "PUT .*partNumber=2")]
)
def test_what_arrives_changed_is_found_out_and_removed(
    bucket: S3Destination,
    server: FaultyServer,
    client: "S3Client",
    name: str,
    content: bytes,
    damaged: str,
) -> None:
    server.faults = [
        Fault(damaged, flip_a_bit),
        Fault("HEAD|GET|POST", without_checksums, times=ALWAYS),
    ]

    with pytest.raises(DestinationFailed) as caught:
        store(bucket, content)

    assert caught.value.code == "destination_damaged"
    assert left_there(client, name) == []


def test_a_dead_bucket_costs_the_folder_nothing(
    bucket: S3Destination, server: FaultyServer, tmp_path: Path
) -> None:
    folder = FolderDestination(tmp_path / "backups")
    server.faults = [Fault("partNumber", refuse(500, "InternalError"), times=ALWAYS)]
    tee = streams.Tee.to([bucket, folder], "runs/a")

    streams.copy(io.BytesIO(LONG), tee)
    tee.commit()

    assert list(tee.failures) == [bucket.name]
    with folder.open("runs/a") as file:
        assert file.read() == LONG


def test_a_key_that_may_not_ask_for_versions_still_removes(
    bucket: S3Destination, server: FaultyServer
) -> None:
    store(bucket, b"short")
    server.faults = [Fault(r"GET .*\?versioning", refuse(403, "AccessDenied"), times=ALWAYS)]

    assert bucket.remove("runs/a")

    assert bucket.find("runs/a") is None
