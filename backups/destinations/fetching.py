"""A file's way back from a bucket."""

import io
from typing import TYPE_CHECKING, Any

from backups.destinations.connection import Connection, CutShort

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Fetching(io.RawIOBase):
    """A file in a bucket, read from its beginning; one that is cut short goes on where it was.

    Raises:
        FileNotFoundError: it is not there.
    """

    def __init__(self, connection: Connection, key: str, path: str) -> None:
        self._connection, self._path = connection, path
        self._target: dict[str, Any] = {"Bucket": connection.bucket.name, "Key": key}
        self._position = 0
        self._body: Any = None
        answer = connection.look_up(lambda s3: s3.get_object(**self._target), about=path)
        self._size, self._etag = answer["ContentLength"], answer["ETag"]
        self._body = answer["Body"]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Read on; the same version of the file, or the destination fails."""
        if self._position == self._size:
            return 0
        chunk = self._connection.ask(lambda s3: self._read(s3, len(buffer)), about=self._path)
        buffer[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)

    def close(self) -> None:
        """Hang up."""
        if self._body is not None:
            self._body.close()
        super().close()

    def _read(self, s3: "S3Client", size: int) -> bytes:
        if self._body is None:
            answer = s3.get_object(
                **self._target, Range=f"bytes={self._position}-", IfMatch=self._etag
            )
            self._body = answer["Body"]
        body, self._body = self._body, None  # asked for again, unless this goes well
        chunk: bytes = body.read(min(size, self._size - self._position))
        if not chunk:
            raise CutShort(f"it ended after {self._position} of {self._size} bytes")
        self._body = body
        return chunk
