"""Media from the disk, asked for as browsers ask."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test import Client
from django.utils.functional import empty

pytestmark = pytest.mark.django_db  # closing a response closes connections
BODY = bytes(range(256)) * 8


@pytest.fixture
def url() -> str:
    key = default_storage.save("arcontent/videos/ab/abcdef.mp4", ContentFile(BODY))
    return default_storage.url(key)


def body_of(response: HttpResponseBase) -> bytes:
    if isinstance(response, StreamingHttpResponse):
        return response.getvalue()
    return bytes(response.content)  # type: ignore[attr-defined]


def test_a_file_is_whole_typed_and_cached_for_ever(client: Client, url: str) -> None:
    response = client.get(url)

    assert response.status_code == 200
    assert body_of(response) == BODY
    assert response["Content-Type"] == "video/mp4"
    assert response["Content-Length"] == str(len(BODY))
    assert response["Accept-Ranges"] == "bytes"
    assert "immutable" in response["Cache-Control"]
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-1", 0, 1),  # what Safari asks first
        ("bytes=0-0", 0, 0),
        ("bytes=100-", 100, 2047),
        ("bytes=-16", 2032, 2047),
        ("bytes=2000-9999", 2000, 2047),
        ("bytes=-9999", 0, 2047),
    ],
)
def test_a_range_is_answered_with_206(
    client: Client, url: str, header: str, first: int, last: int
) -> None:
    response = client.get(url, headers={"Range": header})

    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{last}/2048"
    assert response["Content-Length"] == str(last - first + 1)
    assert body_of(response) == BODY[first : last + 1]


@pytest.mark.parametrize("header", ["bytes=2048-", "bytes=9999-10000", "bytes=-0"])
def test_a_range_past_the_end_is_416(client: Client, url: str, header: str) -> None:
    response = client.get(url, headers={"Range": header})

    assert response.status_code == 416
    assert response["Content-Range"] == "bytes */2048"


@pytest.mark.parametrize(
    "header", [f"bytes={'9' * 5000}-", "bytes=", "bytes=5-2", "lines=1-2", "bytes=0-1,4-5", "x"]
)
def test_a_range_that_makes_no_sense_is_ignored(client: Client, url: str, header: str) -> None:
    response = client.get(url, headers={"Range": header})

    assert response.status_code == 200
    assert body_of(response) == BODY


def test_a_known_etag_is_304(client: Client, url: str) -> None:
    first = client.get(url)
    first.close()
    etag = first["ETag"]

    response = client.get(url, headers={"If-None-Match": etag})

    assert response.status_code == 304
    assert body_of(response) == b""


def test_the_first_request_of_a_process_is_answered_like_any_other(
    client: Client, url: str
) -> None:
    default_storage._wrapped = empty  # type: ignore[attr-defined]  # as in a process just started

    response = client.get(url)

    assert response.status_code == 200
    response.close()


def test_head_has_the_length_and_no_body(client: Client, url: str) -> None:
    response = client.head(url)

    assert response.status_code == 200
    assert response["Content-Length"] == str(len(BODY))


@pytest.mark.parametrize(
    "path",
    [
        "/media/nothing.mp4",
        "/media/../manage.py",
        "/media/../../etc/passwd",
        "/media/a%00b",
        "/media/arcontent",
        "/media//etc/passwd",
        "/media/" + 300 * "a",
        "/media/a%0db",
    ],
)
def test_what_is_not_a_stored_file_is_404(client: Client, url: str, path: str) -> None:
    assert client.get(path).status_code == 404


def test_what_is_not_there_is_not_unchanged_either(client: Client) -> None:
    response = client.get("/media/nothing.mp4", headers={"If-None-Match": "*"})

    assert response.status_code == 404


def test_what_we_do_not_store_is_never_shown_as_a_page(client: Client) -> None:
    key = default_storage.save("arcontent/originals/ab/evil.html", ContentFile(b"<script>"))

    response = client.get(default_storage.url(key))

    assert response["Content-Type"] == "application/octet-stream"
    response.close()
