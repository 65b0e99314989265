"""What the API answers while it can't do what is asked, though nothing is wrong with that."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from rest_framework.exceptions import APIException

from markers.pictures_at_once import RETRY_AFTER_S, PicturesBusy
from vertexar.errors import DomainError


class NotNow(APIException):
    """The same request may be answered in a while."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, error: DomainError, *, retry_after_s: int = RETRY_AFTER_S) -> None:
        super().__init__(f"{error.message} {error.hint}".strip(), error.code)
        self.wait = retry_after_s  # DRF makes a Retry-After of it


@contextmanager
def busy_is_not_now() -> Iterator[None]:
    """Read pictures in this block.

    Raises:
        NotNow: there was no place to read them in.
    """
    try:
        yield
    except PicturesBusy as error:
        raise NotNow(error, retry_after_s=error.retry_after_s) from error
