"""How many pictures a process decodes side by side, so that a rush of uploads takes not all of it.

Decoding and encoding the largest picture takes a second or two, and hundreds of megabytes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

from django.utils.translation import gettext as _

from vertexar.errors import DomainError

AT_ONCE: Final = 2
PATIENCE_S: Final = 10.0  # that a request waits for its place, and its thread with it
RETRY_AFTER_S: Final = 5

_places = BoundedSemaphore(AT_ONCE)


class PicturesBusy(DomainError):
    """As many pictures are being looked at as may be at once.

    Attributes:
        retry_after_s: seconds until it is worth asking again.
    """

    code = "busy"
    retry_after_s = RETRY_AFTER_S

    def __init__(self) -> None:
        super().__init__(
            _("Too many pictures are being looked at right now."),
            hint=_("Try again in a few seconds."),
        )


@contextmanager
def a_place() -> Iterator[None]:
    """Hold one of the few places to decode a picture in.

    Raises:
        PicturesBusy: none came free in time.
    """
    if not _places.acquire(timeout=PATIENCE_S):
        raise PicturesBusy
    try:
        yield
    finally:
        _places.release()
