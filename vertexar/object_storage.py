"""The object store, where one is configured; apart, since it loads all of boto3."""

from storages.backends.s3 import S3Storage

from vertexar.storage import Counted


class ObjectStorage(Counted, S3Storage):  # type: ignore[misc]  # untyped
    """S3, with its refusals counted."""
