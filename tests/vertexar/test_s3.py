"""The file store over a real S3 protocol: moto's server on loopback, real HTTP and signatures."""

import io
import re
from collections.abc import Iterator
from urllib.request import urlopen

import boto3
import pytest
from django.core.files.storage import default_storage, storages
from django.test import Client
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from tests.arcontent.factories import ready_content
from vertexar.storage import store

BUCKET = "vertexar-test"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def bucket(endpoint: str, settings: Settings) -> Iterator[str]:
    """Set the store up as base.py does with AWS_STORAGE_BUCKET_NAME given."""
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket=BUCKET)
    settings.STORAGES = {
        "default": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": BUCKET,
                "access_key": "test",
                "secret_key": "test",
                "region_name": "us-east-1",
                "endpoint_url": endpoint,
                "querystring_auth": True,
                "file_overwrite": True,
                "signature_version": "s3v4",
                "object_parameters": {"CacheControl": "public, max-age=31536000, immutable"},
            },
        },
        "staticfiles": storages.backends["staticfiles"],
    }
    yield BUCKET
    for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=item["Key"])
    client.close()


def test_a_file_is_stored_once_and_read_back() -> None:
    keys = {store(io.BytesIO(b"once"), folder="a/b", extension=".bin") for _n in range(2)}

    (key,) = keys
    with default_storage.open(key) as file:
        assert file.read() == b"once"


def test_its_url_is_signed_and_can_be_fetched_in_ranges() -> None:
    key = store(io.BytesIO(bytes(range(100))), folder="arcontent/videos", extension=".mp4")

    url = default_storage.url(key)

    assert "X-Amz-Signature=" in url
    with urlopen(url) as response:
        assert response.read() == bytes(range(100))
        assert "immutable" in response.headers["Cache-Control"]


@pytest.mark.django_db
def test_the_manifest_leads_to_the_store(client: Client, endpoint: str) -> None:
    content = ready_content()

    body = client.get(f"/ar/{content.code}/manifest").json()

    assert re.match(f"{endpoint}/{BUCKET}/markers/targets/", body["target"]["url"])


def test_our_own_media_path_serves_nothing_of_it(client: Client) -> None:
    key = store(io.BytesIO(b"x"), folder="a/b", extension=".bin")

    assert client.get(f"/media/{key}").status_code == 404
