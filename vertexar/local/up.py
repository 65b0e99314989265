"""The whole system from one command: servers, tables, an admin, the web, the workers, a demo."""

import http.client
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from vertexar.local import leftovers, postgres, static_files, valkey
from vertexar.local.address import Address
from vertexar.local.children import Child, Program, finish, wait_until
from vertexar.local.failures import CannotRun
from vertexar.local.home import Home
from vertexar.local.supervisor import Stage, Supervisor, told_to_stop

DISK_FULL_BYTES = 1_000_000
WEB_SECONDS = 120
WEB_GRACE_SECONDS = 10
# Of one process alone, and of one moment.
NEVER_TOLD = frozenset({"BACKUP_DRILL_IDENTITY", "ADMIN_PASSWORD"})
WORK_GRACE_SECONDS = 20  # a job cut off here is done again after the next start


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What to start.

    Attributes:
        project: the folder with `manage.py`.
        home: the folder for all that is written.
        environ: what the user configured.
        has_demo: whether to load the demo.
        restore: arguments of `manage.py restore`; it is run in place of serving.
    """

    project: Path
    home: Path
    environ: Mapping[str, str]
    has_demo: bool = True
    restore: tuple[str, ...] = ()

    def has(self, name: str) -> bool:
        """Whether the user configured a variable, directly or by a file."""
        return bool(self.environ.get(name) or self.environ.get(f"{name}_FILE"))

    def configured(self) -> tuple[str, ...]:
        """Name what the user configured of all that `.env.example` explains, but for NEVER_TOLD."""
        example = (self.project / ".env.example").read_text(encoding="utf-8")
        names = set(re.findall(r"^([A-Z][A-Z0-9_]*)=", example, re.MULTILINE)) - NEVER_TOLD
        given = (form for name in sorted(names) for form in (name, f"{name}_FILE"))
        return tuple(form for form in given if self.environ.get(form))


def up(installation: Installation) -> int:
    """Start everything and stay until told to stop or until a part of it ends.

    Returns:
        the exit code: 0 when told to stop or when all is restored, 1 when something failed, after
        one line on stderr.
    """
    run = _Run(installation)
    with told_to_stop():
        try:
            run.run()
        except KeyboardInterrupt:
            _say("Stopped.")
            return 0
        except (CannotRun, OSError) as failure:
            _say(f"{run.full_disk()}{failure}")
        else:
            return 0
        return 1


class _Run:
    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.home = Home(installation.home)
        self.env = dict(installation.environ)
        self.supervisor = Supervisor(list_file=self.home.children)

    def run(self) -> None:
        begun = time.monotonic()
        self.home.prepare()
        with self.home.taken(by=f"process {os.getpid()}"), self.supervisor:
            address = Address.take(self.env)
            if ended := leftovers.end(self.home.children):
                _say(f"Ended {ended} processes of an earlier run that was killed")
            self.home.clear_temporary()
            self._configure(address)
            if self.installation.restore:
                self._restore()
                return
            with self._collecting_static_files():
                self._start_servers()
                self._prepare_data()
            self._start_processes(address)
            with self.home.told(self.env, configured=self.installation.configured()):
                if self.installation.has_demo:
                    self._load_demo()
                _say(f"Vertex AR is ready ({time.monotonic() - begun:.1f} s); Ctrl-C stops it")
                _tell(f"Admin: {self.env['PUBLIC_URL'].rstrip('/')}/admin/")
                self.supervisor.watch()

    def full_disk(self) -> str:
        """Name the usual cause of a failure that can't even log why; "" when it is not that."""
        root = self.home.root
        is_full = root.exists() and self.home.free_bytes() < DISK_FULL_BYTES
        return f"The disk of {root} is full: " if is_full else ""

    def _configure(self, address: Address) -> None:
        """Complete the environment that all children share; what the user set stays."""
        env, home = self.env, self.home
        env["VERTEXAR_HOME"] = str(home.root)
        env["PYTHONUNBUFFERED"] = "1"
        env["TMPDIR"] = str(home.temporary)
        env.setdefault("WEB_CONCURRENCY", "2")
        env.setdefault("LOG_FORMAT", "pretty")
        defaults = {
            "METRICS_DIR": str(home.metrics),
            "PUBLIC_URL": address.url,
            "MEDIA_ROOT": str(home.media),
            "STATIC_ROOT": str(home.static),
        }
        for name, value in defaults.items():
            if not self.installation.has(name):
                env[name] = value
        if not self.installation.has("SECRET_KEY"):
            env.pop("SECRET_KEY", None)
            env["SECRET_KEY_FILE"] = str(home.secret_key)
        if not self.installation.has("ALLOWED_HOSTS"):
            env["ALLOWED_HOSTS"] = ",".join(address.host_names(env["PUBLIC_URL"]))

    def _start_servers(self) -> None:
        if self.installation.has("DATABASE_URL"):
            _say("PostgreSQL is the one of DATABASE_URL")
        else:
            with _step("PostgreSQL is ready"):
                database = postgres.start(self.home.postgres, log=self.home.log("postgres"))
                self.supervisor.hold(database.child, Stage.DATABASE)
            self.env["DATABASE_URL"] = database.url
        if self.installation.has("REDIS_URL"):
            _say("Valkey is the one of REDIS_URL")
        else:
            with _step("Valkey is ready"):
                queue = valkey.start(self.home.valkey, log=self.home.log("valkey"))
                self.supervisor.hold(queue.child, Stage.QUEUE)
            self.env["REDIS_URL"] = queue.url

    def _restore(self) -> None:
        """Start the servers that a restore fills, and stop them again."""
        self._start_servers()
        program = self._management("restore", *self.installation.restore, shows_results=True)
        self.supervisor.run(replace(program, shows_progress=True))
        _say("What was restored is served by: make run")

    def _prepare_data(self) -> None:
        with _step("Tables are up to date"):
            self._manage("migrate", "--no-input")
        with _step("There is an admin"):
            # after a restore there may be one of another name
            named = self.installation.has("ADMIN_USERNAME")
            self._manage("create_admin", *() if named else ("--if-none",), shows_results=True)

    @contextmanager
    def _collecting_static_files(self) -> Iterator[None]:
        """Collect them, if any is new, beside what is done meanwhile: it takes longest of all."""
        folder = Path(self.env["STATIC_ROOT"])
        stamp = folder.with_name(f"{folder.name}.stamp")
        settings_module = self.env.get("DJANGO_SETTINGS_MODULE", "")
        now = static_files.fingerprint(self.installation.project, settings_module=settings_module)
        if stamp.exists() and stamp.read_text(encoding="ascii") == now:
            yield
            return
        with _step("Files for the browser are collected"):
            # ReDoc comes with Swagger UI's package and is not shown anywhere
            arguments = ("collectstatic", "--no-input", "--ignore", "redoc")
            collecting = Child.start(self._management(*arguments))
            try:
                yield
                finish(collecting)
            finally:
                collecting.kill()
        stamp.write_text(now, encoding="ascii")

    def _start_processes(self, address: Address) -> None:
        with _step("Beat and workers are started"):
            beat = ("beat", "--schedule", str(self.home.beat_schedule), "--pidfile=")
            self._celery("beat", Stage.CLOCK, *beat)
            queues = "default,media,backup"
            if self.installation.has("BACKUP_DRILL_IDENTITY"):
                queues += ",drill"
            self._worker("worker", queues=queues, processes=2)
            self._worker("compile", queues="compile", processes=1)
        with _step("The web server is ready"):
            web = self._start_web(address)
            wait_until(lambda: self._is_ready(address), web, seconds=WEB_SECONDS)
        self.supervisor.check()

    def _start_web(self, address: Address) -> Child:
        listener = address.listener
        fd = listener.fileno()
        program = self._program(
            "web", web_command(fd), patience_s=WEB_GRACE_SECONDS + 5, pass_fds=[fd]
        )
        with listener:  # from here on it is the child's alone: with that it closes
            return self.supervisor.start(program, Stage.WEB)

    def _worker(self, name: str, *, queues: str, processes: int) -> None:
        arguments = ("--hostname", f"{name}@%h", "--queues", queues, "-c", str(processes))
        self._celery(name, Stage.WORK, "worker", *arguments, "--without-gossip", "--without-mingle")

    def _celery(self, name: str, stage: Stage, *arguments: str) -> None:
        command = [sys.executable, "-m", "celery", "-A", "config", *arguments, "-l", "INFO"]
        self.supervisor.start(self._program(name, command, patience_s=WORK_GRACE_SECONDS), stage)

    def _is_ready(self, address: Address) -> bool:
        """Ask the web server whether it can serve, under a name that it surely answers to."""
        self.supervisor.check()
        host, port = address.reachable
        connection = http.client.HTTPConnection(host, port, timeout=5)
        headers = {"Host": urlsplit(self.env["PUBLIC_URL"]).netloc}
        try:
            connection.request("GET", "/health/ready", headers=headers)
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _load_demo(self) -> None:
        """Load the demo; without it the installation is as good as ever."""
        try:
            self._manage("demo", shows_results=True)
        except CannotRun as failure:
            self.supervisor.check()
            _say(f"There is no demo: {failure}")

    def _manage(self, command: str, *arguments: str, shows_results: bool = False) -> None:
        self.supervisor.run(self._management(command, *arguments, shows_results=shows_results))

    def _management(self, command: str, *arguments: str, shows_results: bool = False) -> Program:
        line = [sys.executable, str(self.installation.project / "manage.py"), command, *arguments]
        return self._program(command, line, shows_results=shows_results)

    def _program(
        self,
        name: str,
        command: Sequence[str],
        *,
        patience_s: float = 10,
        pass_fds: Sequence[int] = (),
        shows_results: bool = False,
    ) -> Program:
        return Program(
            name=name,
            command=command,
            log=self.home.log(name),
            env=self.env,
            cwd=self.installation.project,
            patience_s=patience_s,
            pass_fds=pass_fds,
            shows_results=shows_results,
        )


def web_command(fd: int) -> list[str]:
    """How the web server is started on an open socket."""
    arguments = ["--config", "python:vertexar.gunicorn_conf", "--bind", f"fd://{fd}"]
    arguments += ["--graceful-timeout", str(WEB_GRACE_SECONDS)]
    return [sys.executable, "-m", "gunicorn", *arguments, "config.wsgi"]


def _say(line: str) -> None:
    """Tell the person who watches how it goes."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _tell(line: str) -> None:
    """Print a result."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextmanager
def _step(done: str) -> Iterator[None]:
    """Say that something is done and how long it took."""
    begun = time.monotonic()
    yield
    _say(f"{done} ({time.monotonic() - begun:.1f} s)")
