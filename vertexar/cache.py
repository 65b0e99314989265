"""Asking the cache without being held up by it: while it is away, hardly anybody waits for it."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis import RedisError

from vertexar.metrics import CACHE_REQUESTS

logger = logging.getLogger(__name__)

REST_S = 5.0


class CountedCache(RedisCache):
    """Django's cache in Redis, with its reads counted by whether they found something."""

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Read a value."""
        missing = object()
        found = super().get(key, missing, version)
        CACHE_REQUESTS.labels("miss" if found is missing else "hit").inc()
        return default if found is missing else found


class CacheAway(Exception):
    """The cache does not answer, or did not a moment ago."""


class Breaker:
    """Spares a server that is away: after a failure nobody asks it for REST_S.

    Args:
        clock: tells seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._closed_until = 0.0

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask within this block.

        Raises:
            CacheAway: at once, while the server rests; or when the block could not reach it.
        """
        if self._clock() < self._closed_until:
            raise CacheAway("it was away a moment ago")
        try:
            yield
        except (RedisError, OSError) as error:
            self._closed_until = self._clock() + REST_S
            logger.warning("the cache is away, nobody asks it for %g s: %s", REST_S, error)
            raise CacheAway(str(error)) from error

    def reset(self) -> None:
        """Forget that it was away."""
        self._closed_until = 0.0


cache_breaker = Breaker()
