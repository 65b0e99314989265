"""Making the bucket of a fresh object store, over a real S3 protocol."""

from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer
from storages.backends.s3 import S3Storage

from docker.make_bucket import make_bucket


@pytest.fixture
def storage() -> Iterator[S3Storage]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield S3Storage(
        bucket_name="vertexar-fresh",
        access_key="test",
        secret_key="test",
        region_name="us-east-1",
        endpoint_url=f"http://{host}:{port}",
    )
    server.stop()


def test_a_missing_bucket_is_made_and_one_that_is_there_is_left(storage: S3Storage) -> None:
    assert make_bucket(storage)
    assert not make_bucket(storage)
