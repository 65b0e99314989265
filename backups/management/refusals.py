"""What commands say of a database that can't be reached: one line, not where in the code it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import django.db
import psycopg
from django.core.management.base import CommandError

UNREACHABLE = 1


@contextmanager
def database_is_needed() -> Iterator[None]:
    """Say in a line that the database can't be reached, or went away.

    Raises:
        CommandError: so it is.
    """
    try:
        yield
    except (psycopg.OperationalError, django.db.OperationalError) as error:
        reason = " ".join(str(error).split())
        text = f"database_unreachable: {reason} Is it running, and is DATABASE_URL right?"
        raise CommandError(text, returncode=UNREACHABLE) from error
