"""Databases beside the one that serves: made, filled, counted, and put in its place at once.

A restore fills a scratch database on the same server and swaps it in by two renames in one
transaction: whoever kills it at whatever moment finds either the old database or the new one under
the served name, never neither and never half of one. What was served before is kept under another
name until an operator drops it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import psycopg
from psycopg import errors, sql

from backups import postgres
from vertexar.errors import DomainError

MAINTENANCE = ("postgres", "template1")  # where databases are made and renamed from
NAME_MAX_BYTES = 63  # PostgreSQL cuts longer names
CONNECT_SECONDS = 10
SWAP_SECONDS = 60  # within which whoever is connected has been sent away
ASK_AGAIN_SECONDS = 0.1
# What says that a database may be dropped: its name alone may be that of somebody's own.
MARK = "Made by Vertex AR to restore a backup into; it is dropped without asking."


class TargetUnusable(DomainError):
    """A database can't be restored into."""

    code = "target_unusable"


def name_of(url: str) -> str:
    """Name the database of a PostgreSQL URL.

    Raises:
        TargetUnusable: it names none, or is no PostgreSQL URL.
    """
    name = postgres.name_of(url)
    if urlsplit(url).scheme not in {"postgres", "postgresql"} or not name:
        raise TargetUnusable(
            "This is not the URL of a PostgreSQL database.",
            code="not_a_database_url",
            hint="It looks like postgresql://user:password@host:5432/name.",
        )
    return name


def beside(name: str, suffix: str) -> str:
    """A name that says what it belongs to and that PostgreSQL does not cut."""
    room = NAME_MAX_BYTES - len(suffix.encode()) - 1
    return f"{name.encode()[:room].decode(errors='ignore')}_{suffix}"


def exists(url: str) -> bool:
    """Whether there is a database of that name on its server."""
    with _maintenance(url) as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        return connection.execute(query, [name_of(url)]).fetchone() is not None


def identity(url: str) -> tuple[str, str]:
    """What tells one database from all others: its server's own number, and its name."""
    with _maintenance(url) as connection:
        row = connection.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
    return str(row and row[0]), name_of(url)


def row_counts(url: str) -> dict[str, int]:
    """Count the rows of every table, as one moment shows them.

    Returns:
        Rows by `schema.table`, of the schema `public` by `table`.
    """
    with _connected(url, autocommit=False) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return counted(connection)


def counted(connection: "psycopg.Connection[tuple[object, ...]]") -> dict[str, int]:
    """Count the rows of every table in the transaction at hand; names as `row_counts` has them."""
    found = connection.execute(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT LIKE 'pg\\_%'"
        " AND schemaname <> 'information_schema' ORDER BY 1, 2"
    ).fetchall()
    counts = {}
    for schema, table in found:
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(str(schema), str(table)))
        row = connection.execute(query).fetchone()
        counts[str(table) if schema == "public" else f"{schema}.{table}"] = int(str(row and row[0]))
    return counts


def server_version(url: str) -> int:
    """PostgreSQL's major version, asked of the server."""
    with _maintenance(url) as connection:
        return connection.info.server_version // 10_000


def create(url: str) -> None:
    """Make an empty database, in place of one of that name that an interrupted restore left.

    Raises:
        TargetUnusable: the role may not make databases, or one of that name is somebody else's.
    """
    if exists(url) and not _is_scratch(url):
        raise TargetUnusable(
            f"There is a database {name_of(url)}, which a restore did not make.",
            code="scratch_name_taken",
            hint="A restore needs that name for a while: rename or drop the database.",
        )
    drop(url)
    name = sql.Identifier(name_of(url))
    with _maintenance(url) as connection:
        query = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(name)
        try:
            connection.execute(query)
        except errors.InsufficientPrivilege as error:
            raise _may_not_create() from error
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(MARK)))


def check_rights(url: str) -> None:
    """Make sure that the role may make a database and put it in the place of that of the URL.

    Raises:
        TargetUnusable: it may not.
    """
    with _maintenance(url) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreatedb, coalesce((SELECT pg_has_role(datdba, 'MEMBER')"
            " FROM pg_database WHERE datname = %s), true), rolname"
            " FROM pg_roles WHERE rolname = current_user",
            [name_of(url)],
        ).fetchone()
    is_superuser, may_create, is_owner, role = row or (False, False, False, "")
    if is_superuser:
        return
    if not may_create:
        raise _may_not_create()
    if not is_owner:
        raise TargetUnusable(
            f"The database {name_of(url)} is not {role}'s, who can't replace it therefore.",
            code="not_the_owner",
            hint=f'ALTER DATABASE "{name_of(url)}" OWNER TO "{role}", or restore as its owner with'
            " --to-database.",
        )


def drop(url: str) -> None:
    """Remove a database if it is there, sending away whoever is connected."""
    with _maintenance(url) as connection:
        query = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
            sql.Identifier(name_of(url))
        )
        connection.execute(query)


def swap(*, fresh: str, served: str, kept: str) -> bool:
    """Put a database in the place of another, at once.

    Args:
        fresh: URL of the database to serve from now on; nobody of ours is connected to it.
        served: URL of the one it replaces; who is connected to it is sent away.
        kept: the name under which that one stays.

    Returns:
        Whether there was one to keep.

    Raises:
        TargetUnusable: somebody could not be sent away in a minute; nothing has changed.
    """
    with _maintenance(served, autocommit=False) as connection:
        connection.execute(f"SET LOCAL statement_timeout = '{SWAP_SECONDS}s'")
        there = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [name_of(served)]
        ).fetchone()
        try:
            # A rename holds off new connections and waits for the last to go.
            with _sending_away(served, names=[name_of(fresh), name_of(served)]):
                if there:
                    _rename(connection, name_of(served), kept)
                unmark = sql.SQL("COMMENT ON DATABASE {} IS NULL")
                connection.execute(unmark.format(sql.Identifier(name_of(fresh))))
                _rename(connection, name_of(fresh), name_of(served))
                connection.commit()
        except (errors.ObjectInUse, errors.QueryCanceled) as error:
            raise TargetUnusable(
                "Somebody keeps the database open and could not be sent away.",
                code="database_in_use",
                hint="Stop web and workers, then restore again; nothing has changed.",
            ) from error
    return there is not None


def _is_scratch(url: str) -> bool:
    """Whether a database was made here to be filled; or is empty, made and not yet marked."""
    with _maintenance(url) as connection:
        row = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            [name_of(url)],
        ).fetchone()
    return row is None or row[0] == MARK or not row_counts(url)


def _may_not_create() -> TargetUnusable:
    return TargetUnusable(
        "The database's user may not make databases, and a restore fills a fresh one.",
        code="may_not_create_databases",
        hint="ALTER ROLE … CREATEDB, or restore as another user with --to-database.",
    )


def _rename(connection: "psycopg.Connection[tuple[object, ...]]", old: str, new: str) -> None:
    query = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    connection.execute(query.format(sql.Identifier(old), sql.Identifier(new)))


@contextmanager
def _sending_away(url: str, *, names: list[str]) -> Iterator[None]:
    """End the sessions in these databases, again and again, from a thread of its own."""
    done = threading.Event()

    def end_sessions() -> None:
        with _maintenance(url) as connection:
            while not done.is_set():
                with suppress(errors.InsufficientPrivilege):  # a superuser's: the rename will tell
                    connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = ANY(%s) AND pid <> pg_backend_pid()",
                        [names],
                    )
                done.wait(ASK_AGAIN_SECONDS)

    thread = threading.Thread(target=end_sessions, name="sending-away", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@contextmanager
def _maintenance(
    url: str, *, autocommit: bool = True
) -> "Iterator[psycopg.Connection[tuple[object, ...]]]":
    """Connect to the server itself rather than to the database of the URL."""
    failure: Exception | None = None
    for name in MAINTENANCE:
        try:
            connection = psycopg.connect(
                postgres.url_of(url, name), autocommit=autocommit, connect_timeout=CONNECT_SECONDS
            )
        except psycopg.OperationalError as error:
            failure = failure or error
            continue
        with connection:
            yield connection
        return
    raise TargetUnusable(
        f"The database server can't be reached: {str(failure).strip()}",
        code="database_unreachable",
        hint="Is it running, and are host, user and password of the URL right?",
    ) from failure


@contextmanager
def _connected(
    url: str, *, autocommit: bool = True
) -> "Iterator[psycopg.Connection[tuple[object, ...]]]":
    with psycopg.connect(url, autocommit=autocommit, connect_timeout=CONNECT_SECONDS) as connection:
        yield connection
