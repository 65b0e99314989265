"""Backups in a bucket, of AWS or of any server that speaks S3.

How bytes get there is said in `sending`, how they come back in `fetching`; here is the rest.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

from django.utils import timezone

from backups.destinations.base import DestinationFailed, Found, Upload, is_path
from backups.destinations.bucket import Bucket
from backups.destinations.connection import Connection
from backups.destinations.fetching import Fetching
from backups.destinations.retries import Retries
from backups.destinations.sending import PART_BYTES, PARTS_IN_FLIGHT, Sending

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import MultipartUploadTypeDef

Answer = TypeVar("Answer")

BUFFER_BYTES = 1 << 20
BROKEN_OFF = timedelta(days=1)  # uploads begun earlier belong to a process that was killed


class S3Destination:
    """A bucket, or a part of one below a prefix."""

    def __init__(self, bucket: Bucket, retries: Retries | None = None) -> None:
        self.bucket = bucket
        self._connection = Connection(bucket, retries or Retries())
        self._has_tidied = False

    @property
    def name(self) -> str:
        """Its URL without credentials and without options but the server's address."""
        return str(self.bucket)

    @property
    def held_bytes(self) -> int:
        """The parts on their way, and the one that is filled meanwhile."""
        return (PARTS_IN_FLIGHT + 1) * PART_BYTES

    def upload(self, path: str) -> Upload:
        """Begin to write a file."""
        target = self._target(path)
        if not self._has_tidied:
            self._has_tidied = True
            self._tidy()
        return Sending(self._connection, target["Key"], path)

    def open(self, path: str) -> BinaryIO:
        """Read a file from its beginning; what is cut short is asked for again from there.

        Raises:
            FileNotFoundError: it is not there.
        """
        file = Fetching(self._connection, self._target(path)["Key"], path)
        return cast("BinaryIO", io.BufferedReader(file, BUFFER_BYTES))

    def find(self, path: str) -> Found | None:
        """Look one file up."""
        target = self._target(path)
        try:
            head = self._connection.look_up(lambda s3: s3.head_object(**target), about=path)
        except FileNotFoundError:
            return None
        return Found(path, head["ContentLength"], head["LastModified"])

    def walk(self, prefix: str) -> Iterator[Found]:
        """List every file whose path begins with `prefix`, in order of paths."""
        more: dict[str, Any] = {"Bucket": self.bucket.name, "Prefix": self._root + prefix}
        while True:
            page = self._connection.ask(lambda s3: s3.list_objects_v2(**more), about=prefix)
            for item in page.get("Contents", ()):
                path = item["Key"].removeprefix(self._root)
                if is_path(path):  # not the "folders" that some tools make
                    yield Found(path, item["Size"], item["LastModified"])
            if not page.get("IsTruncated"):
                return
            more["ContinuationToken"] = page["NextContinuationToken"]

    def remove(self, path: str) -> bool:
        """Remove a file with all its versions; False when one of them is locked."""
        target = self._target(path)
        if self._is_versioned:
            versions = list(self._versions(target["Key"]))
            if any(self._is_locked(target, version) for version in versions):
                return False
            removed = [self._remove_version(target, version) for version in versions]
            if all(removed):
                return True
        # of one that has versions it is hidden by this, and the bucket's own rules remove it
        with suppress(FileNotFoundError):
            self._connection.look_up(lambda s3: s3.delete_object(**target), about=path)
        return True

    def _target(self, path: str) -> dict[str, Any]:
        if not is_path(path):
            raise DestinationFailed(f"{self.name}: {path!r} can't be the path of a file.")
        return {"Bucket": self.bucket.name, "Key": self._root + path}

    @property
    def _root(self) -> str:
        """What keys of ours begin with, and those of `vertexar-2` beside `vertexar` do not."""
        return f"{self.bucket.prefix}/" if self.bucket.prefix else ""

    @cached_property
    def _is_versioned(self) -> bool:
        bucket = self.bucket.name
        answer = self._ask_if_allowed(lambda s3: s3.get_bucket_versioning(Bucket=bucket))
        return answer is not None and "Status" in answer

    def _versions(self, key: str) -> Iterator[str]:
        """Ids of all versions of a key, marks of its removal included."""
        more: dict[str, Any] = {"Bucket": self.bucket.name, "Prefix": key}
        while True:
            page = self._connection.ask(lambda s3: s3.list_object_versions(**more), about=key)
            for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                if item["Key"] == key:
                    yield item["VersionId"]
            if not page.get("IsTruncated"):
                return
            more["KeyMarker"] = page["NextKeyMarker"]
            more["VersionIdMarker"] = page["NextVersionIdMarker"]

    def _is_locked(self, target: dict[str, Any], version: str) -> bool:
        found = self._ask_if_allowed(lambda s3: s3.head_object(**target, VersionId=version))
        if found is None:  # a mark of a removal, mostly
            return False
        head = cast("dict[str, Any]", found)
        until = head.get("ObjectLockRetainUntilDate")
        is_held = head.get("ObjectLockLegalHoldStatus") == "ON"
        return is_held or (until is not None and until > timezone.now())

    def _remove_version(self, target: dict[str, Any], version: str) -> bool:
        """Remove it; False when we may not."""
        answer = self._ask_if_allowed(lambda s3: s3.delete_object(**target, VersionId=version))
        return answer is not None

    def _ask_if_allowed(self, act: "Callable[[S3Client], Answer]") -> Answer | None:
        """Ask for what some servers don't have and some keys may not."""
        try:
            return self._connection.look_up(act)
        except FileNotFoundError:
            return None
        except DestinationFailed as failure:
            if failure.code not in {"destination_refused", "destination_unable"}:
                raise
            return None

    def _tidy(self) -> None:
        """Remove parts of uploads that broke off, which no listing shows and everybody pays for."""
        old = timezone.now() - BROKEN_OFF
        for begun in self._uploads():
            if begun["Initiated"] < old:
                upload = {"Key": begun["Key"], "UploadId": begun["UploadId"]}
                self._forget({"Bucket": self.bucket.name, **upload})

    def _uploads(self) -> "Iterator[MultipartUploadTypeDef]":
        """Uploads below our prefix that were begun and not ended, if we may know of them."""
        more: dict[str, Any] = {"Bucket": self.bucket.name, "Prefix": self._root}
        while True:
            page = self._ask_if_allowed(lambda s3: s3.list_multipart_uploads(**more))
            if page is None:
                return
            yield from page.get("Uploads", ())
            if not page.get("IsTruncated"):
                return
            more["KeyMarker"] = page["NextKeyMarker"]
            more["UploadIdMarker"] = page["NextUploadIdMarker"]

    def _forget(self, upload: dict[str, Any]) -> None:
        """Have the server forget an upload; what it does not now, it does another day."""
        self._connection.attempt(lambda s3: s3.abort_multipart_upload(**upload))
