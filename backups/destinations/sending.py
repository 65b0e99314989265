"""A file's way into a bucket.

It goes whole if it is small, else in parts of 16 MiB, two of them on their way while the next one
fills; each part is tried again by itself. Everything goes with its SHA-256, which the server
compares with what arrived. What a server that keeps checksums says of them afterwards is believed;
with any other, the file is read back and hashed.
"""

import hashlib
from base64 import b64encode
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError
from django.utils import timezone

from backups.destinations.base import DestinationFailed
from backups.destinations.connection import Connection, code_of
from backups.destinations.fetching import Fetching

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

READ_BYTES = 1 << 20
PART_BYTES = 16 << 20
PARTS_IN_FLIGHT = 2
MOST_PARTS = 10_000  # of S3: a file has 156 GiB at most


class Sending:
    """An upload into a bucket; nothing is visible there before its commit."""

    def __init__(self, connection: Connection, key: str, path: str) -> None:
        self._connection, self._path = connection, path
        self._target: dict[str, Any] = {"Bucket": connection.bucket.name, "Key": key}
        self._size = 0
        self._part = bytearray()
        self._filled = 0  # bytes of the part that are of this one, not of one sent before
        self._parts: _Parts | None = None
        self._version: str | None = None  # of what we made visible
        self._is_visible = False

    def write(self, chunk: bytes | memoryview, /) -> int:
        """Send on some bytes; waits while two parts are on their way."""
        rest = memoryview(chunk)
        while rest:
            if self._filled == PART_BYTES:
                self._send_part()
            count = min(len(rest), PART_BYTES - self._filled)
            self._part[self._filled : self._filled + count] = rest[:count]
            self._filled += count
            rest = rest[count:]
        self._size += len(chunk)
        return len(chunk)

    def commit(self, sha256: str) -> None:
        """Make the file visible, and ask for its checksum."""
        whole = b64encode(bytes.fromhex(sha256)).decode()
        expected = {whole}
        if self._parts is None:
            self._put_whole(whole)
        else:
            self._send_part()
            expected |= self._parts.complete()
        if not self._arrived(sha256, expected):
            self._take_back()
            raise DestinationFailed(
                f"{self._connection.bucket}: {self._path} reads back as something else.",
                code="destination_damaged",
                hint="The server or the way to it is failing.",
            )

    def abort(self) -> None:
        """Leave nothing behind."""
        self._part = bytearray()
        if self._parts is not None:
            self._parts.abort()

    def _send_part(self) -> None:
        if self._parts is None:
            self._parts = _Parts(self._connection, self._target, self._path, self._options())
        del self._part[self._filled :]
        self._part, self._filled = self._parts.send(self._part), 0

    def _put_whole(self, checksum: str) -> None:
        content = cast("bytes", self._part)  # no copy
        answer = self._connection.ask(
            lambda s3: s3.put_object(
                **self._target,
                **self._options(),
                Body=content,
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=checksum,
            ),
            about=self._path,
        )
        self._is_visible, self._version = True, answer.get("VersionId")

    def _options(self) -> dict[str, Any]:
        bucket = self._connection.bucket
        options: dict[str, Any] = {}
        if bucket.storage_class:
            options["StorageClass"] = bucket.storage_class
        if bucket.lock_days:
            options["ObjectLockMode"] = bucket.lock_mode
            options["ObjectLockRetainUntilDate"] = timezone.now() + timedelta(days=bucket.lock_days)
        return options

    def _arrived(self, sha256: str, expected: set[str]) -> bool:
        try:
            head = self._connection.look_up(
                lambda s3: s3.head_object(**self._target, ChecksumMode="ENABLED"), about=self._path
            )
            if head["ContentLength"] != self._size:
                return False
            kept = cast("dict[str, Any]", head).get("ChecksumSHA256")
            return kept in expected or self._read_back() == sha256
        except FileNotFoundError:
            return False

    def _read_back(self) -> str:
        digest = hashlib.sha256()
        buffer = bytearray(READ_BYTES)
        view = memoryview(buffer)
        with Fetching(self._connection, self._target["Key"], self._path) as file:
            while count := file.readinto(view):
                digest.update(view[:count])
        return digest.hexdigest()

    def _take_back(self) -> None:
        """Remove what we made visible, as far as the server lets us; it lists nothing broken."""
        if self._parts is not None:
            self._is_visible, self._version = self._parts.is_visible, self._parts.version
        if self._is_visible:
            version: dict[str, Any] = {"VersionId": self._version} if self._version else {}
            self._connection.attempt(lambda s3: s3.delete_object(**self._target, **version))


class _Parts:
    """The parts of one upload.

    Attributes:
        is_visible: whether the server said that it put them together.
        version: what it calls the result, where it keeps versions.
    """

    def __init__(
        self, connection: Connection, target: dict[str, Any], path: str, options: dict[str, Any]
    ) -> None:
        self._connection, self._target, self._path = connection, target, path
        self.is_visible = False
        self.version: str | None = None
        self._is_over = False
        self._count = 0
        self._digests: dict[int, bytes] = {}
        self._done: list[CompletedPartTypeDef] = []
        self._on_their_way: deque[tuple[Future[CompletedPartTypeDef], bytearray]] = deque()
        answer = connection.ask(
            lambda s3: s3.create_multipart_upload(
                **target, **options, ChecksumAlgorithm="SHA256", ChecksumType="COMPOSITE"
            ),
            about=path,
        )
        self._upload: dict[str, Any] = {**target, "UploadId": answer["UploadId"]}
        self._pool = ThreadPoolExecutor(PARTS_IN_FLIGHT, "part")

    def send(self, content: bytearray) -> bytearray:
        """Begin to send one; waits while as many as may be are on their way.

        Returns:
            Memory for the next one, so that the same few blocks serve them all.
        """
        self._count += 1
        if self._count > MOST_PARTS:
            raise DestinationFailed(f"{self._path} is too long for {self._connection.bucket}.")
        free = bytearray()
        while len(self._on_their_way) >= PARTS_IN_FLIGHT:
            free = self._wait()
        self._on_their_way.append((self._pool.submit(self._send, self._count, content), content))
        return free

    def complete(self) -> set[str]:
        """Put them together.

        Returns:
            How servers write the checksum of the parts' checksums.
        """
        while self._on_their_way:
            self._wait()
        self._pool.shutdown()
        self._connection.ask(self._complete, about=self._path)
        digests = b"".join(self._digests[number] for number in range(1, self._count + 1))
        checksum = b64encode(hashlib.sha256(digests).digest()).decode()
        return {f"{checksum}-{self._count}", checksum}

    def abort(self) -> None:
        """Stop, and have the server forget them; what it does not, a later run tidies up."""
        self._is_over = True
        self._pool.shutdown(cancel_futures=True)
        self._connection.attempt(lambda s3: s3.abort_multipart_upload(**self._upload))

    def _wait(self) -> bytearray:
        part, content = self._on_their_way.popleft()
        self._done.append(part.result())
        return content

    def _send(self, number: int, content: bytearray) -> "CompletedPartTypeDef":
        digest = hashlib.sha256(content).digest()
        self._digests[number] = digest
        checksum = b64encode(digest).decode()

        def upload(s3: "S3Client") -> str:
            if self._is_over:
                raise DestinationFailed(f"{self._path} was given up.")
            answer = s3.upload_part(
                **self._upload,
                PartNumber=number,
                Body=cast("bytes", content),  # no copy
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=checksum,
            )
            return answer["ETag"]

        etag = self._connection.ask(upload, about=f"{self._path}, part {number}")
        return {"PartNumber": number, "ETag": etag, "ChecksumSHA256": checksum}

    def _complete(self, s3: "S3Client") -> None:
        try:
            answer = s3.complete_multipart_upload(
                **self._upload, MultipartUpload={"Parts": self._done}
            )
        except ClientError as error:
            # done already, by a request whose answer was lost: what is there will be looked at
            if code_of(error) != "NoSuchUpload":
                raise
        else:
            self.is_visible, self.version = True, answer.get("VersionId")
