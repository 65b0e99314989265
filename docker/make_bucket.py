"""``python docker/make_bucket.py``: make the bucket for media where it is missing. Safe to repeat.

On a fresh object store only; elsewhere the bucket belongs to whoever set up the account.
"""

import os
import sys

import django
from botocore.exceptions import ClientError
from django.core.files.storage import storages
from storages.backends.s3 import S3Storage


def make_bucket(storage: S3Storage) -> bool:
    """Make the bucket of a storage; whether it was missing.

    Raises:
        ClientError: the object store refuses, for instance since the key may not.
    """
    bucket = storage.bucket
    try:
        bucket.meta.client.head_bucket(Bucket=bucket.name)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        bucket.create()
        return True
    return False


def main() -> None:
    """Make the bucket that the settings name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    django.setup(set_prefix=False)
    storage = storages["default"]
    if not isinstance(storage, S3Storage):
        sys.stderr.write("AWS_STORAGE_BUCKET_NAME is not set: media are on the local disk\n")
        return
    made = make_bucket(storage)
    sys.stdout.write(f"bucket {storage.bucket_name}: {'made' if made else 'there already'}\n")


if __name__ == "__main__":
    main()
