"""Files named for their content, on a disk and in a real S3 protocol."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage

from vertexar.storage import LocalStorage, sha256_of, store


def test_the_same_bytes_are_one_file(media: Path) -> None:
    keys = {
        store(io.BytesIO(b"the same"), folder="markers/pictures", extension=".png")
        for _n in range(2)
    }

    assert len(keys) == 1
    assert [path.read_bytes() for path in media.rglob("*.png")] == [b"the same"]


def test_a_key_is_the_hash_of_the_content_and_never_a_users_name() -> None:
    key = store(io.BytesIO(b"abc"), folder="markers/pictures", extension=".png")

    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1
    assert key == f"markers/pictures/ba/{digest}.png"


def test_hashing_reads_from_the_beginning_and_goes_back_there() -> None:
    file = io.BytesIO(b"abc")
    file.read()

    digest = sha256_of(file)

    assert digest.startswith("ba7816bf")
    assert file.tell() == 0


class BrokenOff(ContentFile[bytes]):
    """A file whose source dies after the first chunk."""

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError


def test_a_write_that_breaks_off_leaves_nothing(media: Path) -> None:
    storage = LocalStorage()

    with pytest.raises(ConnectionResetError):
        storage.save("markers/pictures/aa.png", BrokenOff(b""))

    assert not [path for path in media.rglob("*") if path.is_file()]


def test_a_stored_file_reads_back() -> None:
    key = default_storage.save("a/b.bin", File(io.BytesIO(b"content")))

    with default_storage.open(key) as file:
        assert file.read() == b"content"
