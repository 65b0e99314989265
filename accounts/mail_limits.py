"""How many mails may go to one address in an hour, counted in the cache that all processes share.

An hour's mails are so many places. Who sends takes a free one, and an hour later it is free again:
so there are never more in any hour, whichever process sends them. While the cache is away nothing
is counted; then no queue brings mails either.
"""

import logging

from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import salted_hmac

from vertexar.cache import CacheAway, cache_breaker

logger = logging.getLogger(__name__)
HOUR_S = 3600


class Full(Exception):
    """The address has had its mails of this hour."""


def take_place(kind: str, address: str) -> str:
    """Take one of the places that an address has for a kind of mail.

    Returns:
        Its name, for `give_back`; "" where nothing is counted.

    Raises:
        Full: there is none left.
    """
    if not settings.RATE_LIMIT_ENABLED:
        return ""
    who = salted_hmac("accounts.mail_limits", address.lower(), algorithm="sha256").hexdigest()
    places = [f"mails:{kind}:{who}:{number}" for number in range(settings.MAILS_PER_HOUR)]
    try:
        with cache_breaker.asking():
            taken = next((place for place in places if cache.add(place, 1, timeout=HOUR_S)), None)
    except CacheAway:
        return ""
    if taken is None:
        raise Full
    return taken


def give_back(place: str) -> None:
    """Free a place whose mail was not sent."""
    if not place:
        return
    try:
        with cache_breaker.asking():
            cache.delete(place)
    except CacheAway:
        logger.warning("a mail that was not sent counts for an hour")
