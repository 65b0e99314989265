"""Pages may load media from our bucket, wherever it is, and from nobody else's beside it."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from storages.backends.s3 import S3Storage

from config.media_source import media_source

PLACES = {
    "Amazon": {},
    "another provider": {"endpoint_url": "https://s3.example.org"},
    "with a slash": {"endpoint_url": "https://s3.example.org/"},
    "below a path": {"endpoint_url": "http://s3.example.org:9000/store/"},
    "a host in front": {"custom_domain": "cdn.example.org"},
    "a path in front": {"custom_domain": "studio.example.org:8443/media"},
    "a path in front, with a slash": {"custom_domain": "studio.example.org/media/"},
}


def allows(source: str, url: str) -> bool:
    """Whether a source of a policy matches an address, as browsers see it (CSP3, 6.7.2.8)."""
    allowed, asked = urlsplit(source), urlsplit(url)
    if allowed[:2] != asked[:2]:
        return False
    if allowed.path.endswith("/"):
        return asked.path.startswith(allowed.path)
    return allowed.path in {"", asked.path}


def link(bucket: str, place: dict[str, str]) -> str:
    """Where browsers are sent for a file of a bucket."""
    storage = S3Storage(
        bucket_name=bucket, access_key="key", secret_key="word", signature_version="s3v4", **place
    )
    return str(storage.url("markers/pictures/aa/picture.png"))


def source_of(place: dict[str, str]) -> str:
    return media_source(bucket="ours", **{"endpoint_url": "", "custom_domain": "", **place})


@pytest.mark.parametrize("place", PLACES.values(), ids=list(PLACES))
def test_our_own_files_may_be_loaded(place: dict[str, str]) -> None:
    assert allows(source_of(place), link("ours", place))


@pytest.mark.parametrize("name", [name for name in PLACES if "in front" not in name])
def test_the_bucket_of_another_customer_of_the_same_host_may_not(name: str) -> None:
    place = PLACES[name]

    assert not allows(source_of(place), link("theirs", place))
    assert not allows(source_of(place), link("ours-too", place))


def test_beside_a_path_in_front_nothing_may_be_loaded() -> None:
    source = source_of({"custom_domain": "studio.example.org/media"})

    assert not allows(source, "https://studio.example.org/media-of-others/picture.png")


def test_the_policy_of_an_installation_names_its_bucket() -> None:
    says = "from config.settings import base; print(base.CONTENT_SECURITY_POLICY['DIRECTIVES'])"
    named = {"AWS_STORAGE_BUCKET_NAME": "ours", "AWS_S3_ENDPOINT_URL": "https://s3.example.org"}
    run = subprocess.run(
        [sys.executable, "-c", says],
        env={**os.environ, "AWS_S3_CUSTOM_DOMAIN": "", **named},
        capture_output=True,
        text=True,
        check=True,
    )

    assert run.stdout.count("'https://s3.example.org/ours/'") == 3  # connect, img and media
    assert run.stdout.count("s3.example.org") == 3
