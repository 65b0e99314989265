"""Sessions of browsers: they slide with every look at the desk, but not for ever.

Whenever somebody has signed in, `SESSION_MAX_HOURS` later the session is over: neither the row in
the database nor the cookie lasts any longer, whoever looks at them.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

BEGAN = "began_at"


class SessionStore(DatabaseStore):
    """Django's, with an end that nothing moves. Named as Django wants it."""

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002  Django's signature
        """Remember when somebody signed in, the first time that it is kept."""
        if SESSION_KEY in self and BEGAN not in self:
            self[BEGAN] = timezone.now().timestamp()
        super().save(must_create=must_create)

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        """When it is over unless it is used; and at last even so."""
        end: datetime = super().get_expiry_date(**kwargs)
        return min(end, timezone.now() + self._left())

    def get_expiry_age(self, **kwargs: Any) -> int:
        """The same in seconds from now."""
        age: int = super().get_expiry_age(**kwargs)
        return min(age, max(0, int(self._left().total_seconds())))

    def _left(self) -> timedelta:
        """How long it may go on at most."""
        whole: timedelta = settings.DESK_SESSION_MAX
        if BEGAN not in self:
            return whole
        return timedelta(seconds=self[BEGAN] - timezone.now().timestamp()) + whole
