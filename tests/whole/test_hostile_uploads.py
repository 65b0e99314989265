"""A thousand hostile files through the real upload views.

None is answered with an error of ours. Of what is refused nothing stays, neither a row nor a file.
What is taken is painted or packed anew, so that nothing smuggled in is ever handed out. Nobody is
asked for anything over the network, and no file of this machine is read in place of an upload.

The same files are made each time. `HOSTILE_UPLOADS_SEED=8` makes others, and
`HOSTILE_UPLOADS=20000` more of them.
"""

import os
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import HttpResponseBase
from django.http.multipartparser import MultiPartParserError
from django.test import Client, RequestFactory
from PIL import Image
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from arcontent import services
from arcontent.models import ARContent, Video
from arcontent.preparation import prepare_video
from markers.models import Marker, MarkerBatch
from tests.arcontent import uploads
from tests.fuzz import pictures, videos
from tests.fuzz.pictures import PAYLOAD, SCRIPT
from tests.fuzz.videos import Material
from tests.videos import make_video

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::UserWarning"),  # Pillow's, of broken notes and profiles
]

COUNT: Final = int(os.environ.get("HOSTILE_UPLOADS", "1000"))
SEED: Final = int(os.environ.get("HOSTILE_UPLOADS_SEED", "1"))
BATCH: Final = 50
# Of a thousand. The rest is sent in batches.
TO_CONTENTS, TO_ANALYZE, VIDEOS = 300, 30, 220

NAMES: Final = (
    "photo.jpg", "film.mp4", "page.html", "x.svg", "x.php", "x.jpg.exe", "", ".", "..", ".htaccess",
    "../../../etc/cron.d/x", "..\\..\\windows\\x.dll", "/etc/passwd", "C:\\x.jpg", "//host/share/x",
    "a\0.jpg", "a\0.php.jpg", "gpj.\u202eexe", "\u2066photo\u2069.jpg", "a\ufeffb.png", "a\tb.jpg",
    "x" * 500 + ".jpg", "%2e%2e%2fx.jpg", "<script>alert(1)</script>.png", "';DROP TABLE x;--.jpg",
    "${jndi:ldap://127.0.0.1/x}", "{{7*7}}.jpg", "|touch x", "`id`.jpg", "$(id).png", "-rf", "CON",
    "file:///etc/passwd", "http://127.0.0.1/x.jpg", "фото.jpg", "写真.png", "👾.jpg",
    os.fsdecode(b"\xff.jpg"),
    'a"; filename="b.html', "a\r\nContent-Type: text/html\r\n\r\n<x>", "a\nb.jpg", "a;b=c.jpg",
)  # fmt: skip
LISTS: Final = ("a.m3u8", "a.m3u8", "a.ffconcat", "a.sdp", "a.mpd", "film.mp4")
TYPES: Final = (
    "image/jpeg", "image/png", "video/mp4", "text/html", "image/svg+xml", "x", "", "a/b; charset=q",
    "application/x-httpd-php", "multipart/mixed; boundary=x", "application/vnd.apple.mpegurl",
)  # fmt: skip


@dataclass(frozen=True)
class Upload:
    """One hostile file, and whether it must be refused."""

    label: str
    name: str
    type: str
    data: bytes
    is_to_be_refused: bool


def hostile_pictures(first: int, count: int) -> Iterator[Upload]:
    families = [(family, False) for family in pictures.CLEANED]
    families += [(family, True) for family in pictures.REFUSED]
    for number in range(first, first + count):
        chance = random.Random(f"picture {SEED} {number}")
        family, is_to_be_refused = families[number % len(families)]
        yield _upload(f"{family.__name__} {number}", chance, family(chance), is_to_be_refused)


def hostile_videos(count: int, material: Material) -> Iterator[Upload]:
    families = [(family, False) for family in videos.CLEANED]
    families += [(family, True) for family in videos.REFUSED]
    for number in range(count):
        chance = random.Random(f"video {SEED} {number}")
        family, is_to_be_refused = families[number % len(families)]
        upload = _upload(
            f"{family.__name__} {number}", chance, family(chance, material), is_to_be_refused
        )
        is_list = family is videos.playlist  # readers believe the end of its name
        yield replace(upload, name=chance.choice(LISTS)) if is_list else upload


def _upload(label: str, chance: random.Random, data: bytes, is_to_be_refused: bool) -> Upload:
    return Upload(label, chance.choice(NAMES), chance.choice(TYPES), data, is_to_be_refused)


def form(*parts: tuple[str, str | Upload]) -> tuple[bytes, str]:
    """Write a form as a hostile client does, names and types unquoted; it and its content type."""
    boundary = "vertexar-boundary"
    body = b""
    for name, part in parts:
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        if isinstance(part, str):
            body += b"\r\n\r\n" + part.encode() + b"\r\n"
        else:
            head = f'; filename="{part.name}"\r\nContent-Type: {part.type}\r\n\r\n'
            body += head.encode(errors="surrogateescape") + part.data + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


@pytest.fixture
def send(api: APIClient, settings: Settings, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Post a form, and see that it is answered, and that nothing of the request stays behind."""
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "temporary")
    (tmp_path / "temporary").mkdir()

    def send(path: str, *parts: tuple[str, str | Upload]) -> Any:
        body, content_type = form(*parts)
        response: Any = api.generic(
            "POST",
            path,
            body,  # type: ignore[arg-type]  # its stubs know text only
            content_type=content_type,
        )
        label = [part.label for _name, part in parts if isinstance(part, Upload)]
        assert response.status_code < 500, (label, response.content)
        assert response["X-Content-Type-Options"] == "nosniff", label
        assert response["Content-Type"] in {"application/json", "application/problem+json"}, label
        return response

    yield send
    assert not list((tmp_path / "temporary").iterdir())


@pytest.fixture
def elsewhere(tmp_path: Path, clip: bytes) -> Iterator[tuple[str, str]]:
    """URLs of a file with a sound video and of a host, which nobody may ask for anything."""
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(clip)
    asked: list[object] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def listen() -> None:
            while True:
                try:
                    connection, address = listener.accept()
                except OSError:  # it was shut down
                    return
                asked.append(address)
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield secret.as_uri(), f"http://127.0.0.1:{listener.getsockname()[1]}/film.mp4"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
    assert not asked


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The smallest video that is taken."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return make_video(path, seconds=0.2, size=(64, 48), fps=10).read_bytes()


@pytest.fixture
def sound_video(clip: bytes) -> Upload:
    return Upload("sound video", "film.mp4", "video/mp4", clip, is_to_be_refused=False)


@pytest.fixture
def sound_picture() -> Upload:
    data = pictures.good("JPEG")
    return Upload("sound picture", "photo.jpg", "image/jpeg", data, is_to_be_refused=False)


def share(of_a_thousand: int) -> int:
    return max(1, COUNT * of_a_thousand // 1000)


def files(media: Path) -> set[str]:
    return {str(path.relative_to(media)) for path in media.rglob("*") if path.is_file()}


def assert_only_clean_pictures(media: Path, client: Client, keys: set[str]) -> None:
    """See that the store has these pictures and no other file, and that none hides anything."""
    assert files(media) == keys
    for key in keys:
        data = (media / key).read_bytes()
        with Image.open(media / key) as image:
            image.load()
            assert not {"exif", "icc_profile", "comment", "xmp", "Comment"} & set(image.info)
        assert PAYLOAD not in data
        assert data.endswith(b"\xff\xd9" if key.endswith(".jpg") else b"IEND\xaeB`\x82")
        response = client.get(default_storage.url(key))
        assert response["Content-Type"] in {"image/jpeg", "image/png"}
        assert response["X-Content-Type-Options"] == "nosniff"
        assert body_of(response) == data


def test_hostile_pictures_of_contents(
    send: Callable[..., Any], media: Path, client: Client, sound_video: Upload
) -> None:
    taken = 0

    for upload in hostile_pictures(0, share(TO_CONTENTS)):
        before = files(media)
        response = send(
            "/api/v1/contents", ("title", "x"), ("image", upload), ("video", sound_video)
        )
        assert response.status_code in {202, 400}, (upload.label, response.content)
        if response.status_code == 202:
            assert not upload.is_to_be_refused, upload.label
            taken += 1
        else:
            assert files(media) == before, upload.label

    assert taken
    assert ARContent.objects.count() == Marker.objects.count() == Video.objects.count() == taken
    originals = set(Video.objects.values_list("original", flat=True))
    kept = files(media) - originals
    assert kept == set(Marker.objects.values_list("picture", flat=True))
    for original in originals:
        (media / original).unlink()
    assert_only_clean_pictures(media, client, kept)


def test_hostile_pictures_in_batches(send: Callable[..., Any], media: Path, client: Client) -> None:
    first, count = share(TO_CONTENTS), COUNT - share(TO_CONTENTS + TO_ANALYZE + VIDEOS)
    sent = [named(upload) for upload in hostile_pictures(first, count)]

    for start in range(0, len(sent), BATCH):
        uploads = sent[start : start + BATCH]
        response = send("/api/v1/markers/batch", *[("images", upload) for upload in uploads])
        assert response.status_code == 202, response.content
        for upload, item in zip(uploads, response.json()["items"], strict=True):
            assert (item["marker"] is None) != (item["error"] is None)
            assert not (upload.is_to_be_refused and item["marker"]), upload.label
            assert not {"/", "\\", "\0"} & set(item["name"]), upload.label

    keys = set(Marker.objects.values_list("picture", flat=True))
    assert keys
    assert MarkerBatch.objects.count() == -(-len(sent) // BATCH)
    assert_only_clean_pictures(media, client, keys)


def test_hostile_pictures_to_be_rated(send: Callable[..., Any], media: Path) -> None:
    for number, upload in enumerate(hostile_pictures(COUNT, share(TO_ANALYZE))):
        quick = "true" if number % 4 else "false"
        response = send("/api/v1/markers/analyze", ("image", upload), ("quick", quick))
        assert response.status_code in {200, 400}, upload.label
        assert not (upload.is_to_be_refused and response.status_code == 200), upload.label

    assert not Marker.objects.exists()
    assert not files(media)


def test_hostile_videos_of_contents(
    send: Callable[..., Any],
    media: Path,
    client: Client,
    clip: bytes,
    sound_picture: Upload,
    elsewhere: tuple[str, str],
) -> None:
    material = Material(video=clip, elsewhere=elsewhere)
    taken: dict[str, UUID] = {}

    for upload in hostile_videos(share(VIDEOS), material):
        before = files(media)
        response = send(
            "/api/v1/contents", ("title", "x"), ("image", sound_picture), ("video", upload)
        )
        assert response.status_code in {202, 400}, (upload.label, response.content)
        if response.status_code == 202:
            assert not upload.is_to_be_refused, upload.label
            taken[upload.label] = UUID(response.json()["id"])
        else:
            assert files(media) == before, upload.label

    assert ARContent.objects.count() == len(taken)
    by_family = {label.split()[0]: pk for label, pk in taken.items()}
    assert "page_behind" in by_family
    for family, pk in by_family.items():  # one of each: preparing all would take minutes
        video = Video.objects.get(content=pk)
        prepare_video(video.pk)
        video.refresh_from_db()
        assert video.status in {Video.Status.READY, Video.Status.FAILED}, family
        assert client.get(default_storage.url(video.original)).status_code == 404
        for key in filter(None, (video.rendition, video.poster)):
            response = client.get(default_storage.url(key))
            assert PAYLOAD not in body_of(response), family
            assert response["Content-Type"] in {"video/mp4", "image/jpeg"}
            assert response["X-Content-Type-Options"] == "nosniff"


def test_a_video_that_takes_too_long_to_look_into_is_refused(
    api: APIClient, media: Path, monkeypatch: pytest.MonkeyPatch, clip: bytes
) -> None:
    monkeypatch.setattr(services, "PROBE_SECONDS", 0.001)

    response = uploads.post(api, pictures.good("JPEG"), clip)

    uploads.assert_refused(response, "video_unreadable", media)


@pytest.mark.parametrize("extension", [".html", ".svg", ".js", ".xml", ".pdf", ".mind", ""])
def test_of_media_only_pictures_and_films_are_shown(client: Client, extension: str) -> None:
    key = default_storage.save(f"markers/targets/ab/abc{extension}", ContentFile(SCRIPT))

    response = client.get(default_storage.url(key))

    assert body_of(response) == SCRIPT
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == "attachment"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("extension", [".jpg", ".png", ".mp4"])
def test_what_is_shown_is_never_taken_for_a_page(client: Client, extension: str) -> None:
    key = default_storage.save(f"markers/pictures/ab/abc{extension}", ContentFile(SCRIPT))

    response = client.get(default_storage.url(key))

    assert body_of(response) == SCRIPT
    assert response["Content-Type"] in {"image/jpeg", "image/png", "video/mp4"}
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "script-src 'self'" in response["Content-Security-Policy"]


def test_an_upload_as_it_came_is_not_handed_out(client: Client) -> None:
    key = default_storage.save("arcontent/originals/ab/abc.upload", ContentFile(SCRIPT))

    assert client.get(default_storage.url(key)).status_code == 404
    assert client.head(default_storage.url(key)).status_code == 404


def body_of(response: HttpResponseBase) -> bytes:
    """Read an answer to its end, which closes it."""
    return b"".join(cast("Iterator[bytes]", response))


def named(upload: Upload) -> Upload:
    """Give it another name where Django leaves nothing of its own."""
    body, content_type = form(("image", upload))
    request = RequestFactory().generic("POST", "/", body, content_type=content_type)
    request.user = User(is_active=True)  # of others no form with files is read
    with closing(request), suppress(MultiPartParserError):  # or it is no form any more
        if request.FILES:
            return upload
    return replace(upload, name="x.jpg")
