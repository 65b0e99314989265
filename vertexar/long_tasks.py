"""Tasks that may take longer than the broker waits for their end, and then delivers them again."""

import logging
from typing import Any, Final

from celery import Task
from django.core.cache import cache
from redis import RedisError

logger = logging.getLogger(__name__)

REMEMBERED_S: Final = 7 * 86_400  # a copy waits no longer for its worker


class LongTask(Task):  # type: ignore[type-arg]  # of whatever arguments
    """A task whose end is remembered, so that a later copy of its message is passed over.

    A message is delivered again when its task is at work for longer than the broker's visibility
    timeout. With one process a worker the copy waits until the task has ended, would begin it anew,
    be delivered again in turn, and so on for ever. What is remembered lies in the server where the
    messages lie: what loses the one loses the others.

    Each try of a task that is retried has an end of its own. A task whose worker is killed has none
    and is done again.
    """

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run, unless this very try has ended before."""
        if self.request.called_directly:
            return super().__call__(*args, **kwargs)
        if self._has_ended():
            logger.info("%s %s: delivered again after its end", self.name, self.request.id)
            return None
        return self.run(*args, **kwargs)  # which sees this request, and how often it was tried

    def on_retry(self, *args: Any) -> None:
        """Remember that this try has ended; the next one has a number of its own."""
        self._remember()

    def after_return(self, *args: Any) -> None:
        """Remember that it has ended, be it well or not."""
        self._remember()

    def _has_ended(self) -> bool:
        try:
            return cache.get(self._key()) is not None
        except (RedisError, OSError) as error:  # rather twice than not at all
            logger.warning("%s: not known whether it was done before: %s", self.name, error)
            return False

    def _remember(self) -> None:
        try:
            cache.set(self._key(), 1, REMEMBERED_S)
        except (RedisError, OSError) as error:
            logger.warning("%s: its end is not remembered: %s", self.name, error)

    def _key(self) -> str:
        return f"ended:{self.request.id}:{self.request.retries}"
