"""The media store when it is a bucket: listed page by page, read as streams that resume."""

import io
import time
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, cast

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from django.core.files.storage import Storage
from urllib3.exceptions import HTTPError

BUFFER_BYTES: Final = 1 << 20
TRIES: Final = 5  # in a row without a byte
PAUSE_SECONDS: Final = 0.5  # doubled each time
GONE: Final = {"404", "NoSuchKey", "NotFound"}


def walk(storage: Storage) -> Iterator[tuple[str, int]]:
    """List keys and sizes in order of keys, which is how S3 lists them."""
    prefix = _prefix(storage)
    try:
        for found in _bucket(storage).objects.filter(Prefix=prefix):
            key = found.key.removeprefix(prefix)
            if key and not key.endswith("/"):
                yield key, found.size
    except (ClientError, BotoCoreError) as error:
        raise OSError(f"the media bucket can't be listed: {error}") from error


def open_object(storage: Storage, key: str) -> BinaryIO:
    """Read an object from its beginning.

    Raises:
        FileNotFoundError: it is gone.
        OSError: it can't be read.
    """
    raw = _Object(_bucket(storage), _prefix(storage) + key)
    return cast("BinaryIO", io.BufferedReader(raw, BUFFER_BYTES))


class _Object(io.RawIOBase):
    """An object's bytes; an answer cut short is asked for again from where it broke off."""

    def __init__(self, bucket: Any, key: str) -> None:
        self._object = bucket.Object(key)
        self._position = 0
        self._etag = ""
        self._body = self._ask()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._position >= self._size:
            return 0
        pause_s = PAUSE_SECONDS
        for tries_left in reversed(range(TRIES)):
            try:
                chunk = self._body.read(len(buffer))
                if chunk:
                    break
                failure = "it ended too early"
            except (HTTPError, HTTPClientError, BotoCoreError, OSError) as error:
                failure = str(error)
            if not tries_left:
                raise OSError(f"{self._object.key} can't be read: {failure}")
            time.sleep(pause_s)
            pause_s *= 2
            self._body = self._ask()
        buffer[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)

    def close(self) -> None:
        if not self.closed:
            self._body.close()
        super().close()

    def _ask(self) -> Any:
        """Ask for what is still to come of the same version of the object."""
        ranged = {"Range": f"bytes={self._position}-", "IfMatch": self._etag}
        try:
            answer = self._object.get(**(ranged if self._position else {}))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in GONE:
                raise FileNotFoundError(self._object.key) from error
            raise OSError(f"{self._object.key} can't be read: {error}") from error
        except BotoCoreError as error:
            raise OSError(f"{self._object.key} can't be read: {error}") from error
        if not self._position:
            self._etag, self._size = answer["ETag"], int(answer["ContentLength"])
        return answer["Body"]


def _bucket(storage: Storage) -> Any:
    return storage.bucket  # type: ignore[attr-defined]  # django-storages' S3Storage


def _prefix(storage: Storage) -> str:
    location = str(storage.location).strip("/")  # type: ignore[attr-defined]
    return f"{location}/" if location else ""
