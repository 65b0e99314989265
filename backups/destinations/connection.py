"""Speaking with a bucket's server: who we are there, what is asked again, what failures mean."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.exceptions import (
    ConnectionError as NoConnection,
)
from botocore.parsers import ResponseParserError

from backups.destinations.base import DestinationFailed
from backups.destinations.bucket import Bucket
from backups.destinations.retries import Retries

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Answer = TypeVar("Answer")


class CutShort(Exception):
    """An answer ended before it said it would."""


MAKING_CLIENTS = Lock()  # a session must not make two at once
CONNECT_S = 10
READ_S = 60
# Answers below 500 that are worth asking again: arrived damaged, too late, or too many at once.
PASSING = {
    "BadDigest",
    "IncompleteBody",
    "OperationAborted",
    "RequestTimeout",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "XAmzContentChecksumMismatch",
    "XAmzContentSHA256Mismatch",
}
PASSING_ERRORS = (
    CutShort,
    HTTPClientError,
    IncompleteReadError,
    NoConnection,
    ResponseParserError,
)
MISSING = {"404", "NoSuchKey", "NotFound"}
REFUSED = {"401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
UNABLE = {"405", "501", "MethodNotAllowed", "NotImplemented"}
SKEWED = {"RequestTimeTooSkewed", "RequestExpired"}
FULL = {"507", "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "EntityTooLarge"}
CREDENTIALS_HINT = (
    "Look at the key and the secret in the destination's URL (percent-encoded), or at "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and at what they are allowed to do there."
)


class Connection:
    """Asks the server of one bucket; safe to use from several threads."""

    def __init__(self, bucket: Bucket, retries: Retries) -> None:
        self.bucket = bucket
        self._retries = retries

    @cached_property
    def client(self) -> "S3Client":
        """The library's client, which itself asks everything once."""
        options = Config(
            signature_version="s3v4",
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            retries={"total_max_attempts": 1},
            # checksums are those we give: all servers know them as headers, few as trailers
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={
                "addressing_style": "path" if self.bucket.endpoint else "auto",
                "payload_signing_enabled": False,  # the checksum of the payload is signed instead
            },
        )
        with MAKING_CLIENTS:
            session = _session()
            return session.client(
                "s3",
                aws_access_key_id=self.bucket.access_key,
                aws_secret_access_key=self.bucket.secret_key,
                aws_session_token=self.bucket.session_token,
                endpoint_url=self.bucket.endpoint,
                region_name=self.bucket.region or session.region_name or "us-east-1",
                config=options,
            )

    def ask(self, act: Callable[["S3Client"], Answer], *, about: str = "") -> Answer:
        """Ask, again and again as long as that may help.

        Args:
            about: the path it is about.

        Raises:
            DestinationFailed: it can't be done; the code says why. (The library says `ValueError`
                to names of hosts and buckets that can't be.)
        """
        try:
            return self._retries.call(lambda: act(self.client), may_pass=may_pass)
        except (BotoCoreError, ClientError, CutShort, ResponseParserError, ValueError) as error:
            raise self._failure(error, about) from error

    def look_up(self, act: Callable[["S3Client"], Answer], *, about: str = "") -> Answer:
        """Ask for what need not be there.

        Raises:
            FileNotFoundError: it is not there.
            DestinationFailed: it can't be known.
        """
        try:
            return self.ask(act, about=about)
        except DestinationFailed as failure:
            if isinstance(failure.__cause__, ClientError) and code_of(failure.__cause__) in MISSING:
                raise FileNotFoundError(about) from failure
            raise

    def attempt(self, act: Callable[["S3Client"], object]) -> None:
        """Ask once for what it is no harm to go without."""
        with suppress(BotoCoreError, ClientError, ResponseParserError):
            act(self.client)

    def _failure(self, error: Exception, about: str) -> DestinationFailed:
        said = str(error)
        if isinstance(error, ClientError):
            said = error.response.get("Error", {}).get("Message") or code_of(error)
        subject = f"{self.bucket}: {about}" if about else str(self.bucket)
        code, hint = _meaning(error)
        return DestinationFailed(f"{subject}: {said}", code=code, hint=hint)


@cache
def _session() -> boto3.session.Session:
    """One for all: what it knows of S3 takes 12 MB."""
    return boto3.session.Session()


def code_of(error: Exception) -> str:
    """What the server calls the failure; "" if it was not the server that failed."""
    if not isinstance(error, ClientError):
        return ""
    return str(error.response.get("Error", {}).get("Code", ""))


def may_pass(error: Exception) -> bool:
    """Whether the same request may succeed a little later."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = code_of(error)
        return code not in FULL | UNABLE and (
            status >= 500 or status in {408, 429} or code in PASSING
        )
    return isinstance(error, PASSING_ERRORS)


def _meaning(error: Exception) -> tuple[str, str]:
    """Our code of a failure, and what to do about it."""
    code = code_of(error)
    if code in SKEWED:
        return "destination_clock", "This machine's clock and the server's differ: set it by NTP."
    if code in REFUSED or isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "destination_refused", CREDENTIALS_HINT
    if code in UNABLE:
        return "destination_unable", ""
    if code in FULL:
        return "destination_full", "Make room there, or keep fewer backups."
    if code == "NoSuchBucket" or code in MISSING:
        return "destination_missing", "Make the bucket, or correct its name and the endpoint."
    if code == "PreconditionFailed":
        return "destination_damaged", "The file was changed while it was read."
    if may_pass(error):
        return "destination_unreachable", "It was asked several times; the next run tries again."
    return "destination_failed", ""
