"""One at a time: a backup, a restore and a pruning never run beside each other."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
from django.utils.translation import gettext as _

from backups import postgres
from vertexar.errors import Conflict

# The database of the server itself, since ours is renamed by a restore.
HELD_IN = "postgres"


@dataclass(frozen=True, slots=True)
class Hold:
    """The right to be the only one, as long as the connection that stands for it."""

    connection: "psycopg.Connection[tuple[object, ...]]"

    def check(self) -> None:
        """Make sure that it is still held; to be asked before what can't be taken back.

        Raises:
            Conflict: the connection was lost, and another may have begun.
        """
        try:
            self.connection.execute("SELECT 1")
        except psycopg.OperationalError as error:
            raise Conflict(
                _("The connection to the database was lost, and with it the right to go on."),
                code="backup_lock_lost",
                hint=_("Start it again."),
            ) from error


@contextmanager
def exclusively() -> Iterator[Hold]:
    """Be the only one of this installation, on whatever machine, that works on backups.

    Raises:
        Conflict: another is at it.
        psycopg.OperationalError: the server can't be reached.
    """
    message = _("A backup, a restore or a clean-up of backups is running already.")
    with _only("backups", message, code="backup_running") as hold:
        yield hold


@contextmanager
def drilling() -> Iterator[Hold]:
    """Be the only drill, whatever else goes on: all use the same scratch database.

    Raises:
        Conflict: another is at it.
        psycopg.OperationalError: the server can't be reached.
    """
    message = _("A backup is being tried out already.")
    with _only("drills", message, code="drill_running") as hold:
        yield hold


@contextmanager
def verifying(run: str) -> Iterator[Hold]:
    """Be the only one that verifies a run: a second reading would only slow both down.

    Raises:
        Conflict: another is at it.
        psycopg.OperationalError: the server can't be reached.
    """
    message = _("This backup is being verified already.")
    with _only(f"verification {run}", message, code="verification_running") as hold:
        yield hold


@contextmanager
def _only(work: str, message: str, *, code: str) -> Iterator[Hold]:
    """Hold PostgreSQL's lock: it goes with its connection, so nothing is left by who is killed."""
    own = postgres.own_url()
    with psycopg.connect(postgres.url_of(own, HELD_IN), autocommit=True) as connection:
        postgres.never_time_out(connection)
        key = _key(work, postgres.name_of(own))
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [key]).fetchone()
        if row is None or row[0] is not True:
            raise Conflict(message, code=code, hint=_("Wait until it is done."))
        try:
            yield Hold(connection)
        finally:
            # Said, not left to the closing: the server notices that a moment later, and whoever
            # comes in that moment, as we ourselves with what is next to do, would be refused.
            with suppress(psycopg.OperationalError):
                connection.execute("SELECT pg_advisory_unlock(%s)", [key])


def _key(work: str, database: str) -> int:
    """A number of 64 bits for the installation, since all of a server's share one name space."""
    digest = hashlib.sha256(f"vertexar {work} of {database}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
