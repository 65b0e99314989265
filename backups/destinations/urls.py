"""Destinations as operators write them: one URL each."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import settings

from backups.destinations.base import Destination
from backups.destinations.bucket import Bucket
from backups.destinations.folder import FolderDestination
from vertexar.errors import DomainError

HINT = (
    "For instance file:///var/backups/vertexar, or "
    "s3://KEY:SECRET@bucket/prefix?endpoint=https://s3.example.org, KEY and SECRET percent-encoded."
)
OPTIONS = {"endpoint", "region", "storage_class", "lock_days", "lock_mode"}
MOST_LOCK_DAYS = 36_500
LOCK_MODES = {"governance", "compliance"}


class BadDestination(DomainError):
    """The URL of a destination can't be understood. The message has no credentials in it."""

    code = "bad_backup_destination"

    def __init__(self, message: str) -> None:
        super().__init__(message, hint=HINT)


def configured() -> list[Destination]:
    """The destinations of the settings, in their order.

    Raises:
        BadDestination: one can't be understood, or two are the same place.
    """
    destinations = [from_url(url) for url in settings.BACKUP_DESTINATIONS]
    names = [destination.name for destination in destinations]
    for name in names:
        if names.count(name) > 1:
            raise BadDestination(f"{name} is listed twice.")
    return destinations


def from_url(url: str) -> Destination:
    """Understand one URL; nothing is asked of the place yet.

    Raises:
        BadDestination: it can't be understood.
    """
    try:
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, strict_parsing=True) if parts.query else []
    except ValueError as error:
        raise BadDestination("The URL of a destination can't be understood.") from error
    options = dict(pairs)
    if parts.scheme == "file":
        return _folder(parts.netloc, parts.path, options)
    if parts.scheme == "s3":
        return _bucket(parts.netloc, parts.path, options)
    raise BadDestination("The URL of a destination begins with file:// or s3://.")


def _folder(host: str, path: str, options: Mapping[str, str]) -> Destination:
    folder = Path(unquote(path))
    if host or options or not folder.is_absolute() or ".." in folder.parts:
        raise BadDestination("The URL of a folder is file:// and its absolute path, no more.")
    if folder == Path("/"):
        raise BadDestination("The root of all files is no place for backups.")
    return FolderDestination(folder)


def _bucket(location: str, path: str, options: Mapping[str, str]) -> Destination:
    from backups.destinations.s3 import S3Destination  # it loads boto3: only where it is used

    credentials, _, bucket = location.rpartition("@")
    key, _, secret = credentials.partition(":")
    if not bucket or ":" in bucket or bool(key) != bool(secret):
        raise BadDestination(
            "The URL of a bucket is s3://KEY:SECRET@bucket/prefix, or without KEY."
        )
    if unknown := set(options) - OPTIONS:
        raise BadDestination(f"{', '.join(sorted(unknown))}: no such option of a bucket.")
    endpoint = urlsplit(options.get("endpoint", "https:"))
    if endpoint.scheme not in {"http", "https"} or (
        "endpoint" in options and not endpoint.hostname
    ):
        raise BadDestination("The endpoint of a bucket is an http or https URL.")
    if "@" in endpoint.netloc:  # it would stand in names and messages
        raise BadDestination("Key and secret stand before the bucket, not in the endpoint.")
    lock_days = options.get("lock_days", "0")
    if not (lock_days.isascii() and lock_days.isdigit() and int(lock_days) <= MOST_LOCK_DAYS):
        raise BadDestination("lock_days is a whole number of days.")
    lock_mode = options.get("lock_mode", "governance").lower()
    if lock_mode not in LOCK_MODES:
        raise BadDestination("lock_mode is governance or compliance.")
    prefix = unquote(path).strip("/")
    if {"", ".", ".."} & set(prefix.split("/") if prefix else ()):
        raise BadDestination("The prefix in a bucket is names with slashes between.")
    known = Bucket(
        name=bucket,
        prefix=prefix,
        endpoint=options.get("endpoint"),
        region=options.get("region"),
        access_key=unquote(key) or None,
        secret_key=unquote(secret) or None,
        storage_class=options.get("storage_class"),
        lock_days=int(lock_days),
        lock_mode=lock_mode.upper(),
    )
    return S3Destination(known if key else _as_media_are_stored(known))


def _as_media_are_stored(bucket: Bucket) -> Bucket:
    """The bucket, asked by who the settings say we are where the media lie."""
    return replace(
        bucket,
        access_key=settings.BACKUP_S3_ACCESS_KEY,
        secret_key=settings.BACKUP_S3_SECRET_KEY,
        session_token=settings.BACKUP_S3_SESSION_TOKEN,
        region=bucket.region or settings.BACKUP_S3_REGION,
    )
