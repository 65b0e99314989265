"""``python -m tests.bench.backup``: measure backups beside `pg_dump | zstd | age` and `tar | age`.

Same machine, same run, same disk, the same zstd level. Ours does more: it hashes what it reads and
what it writes, reads back what it wrote, counts all rows, and signs. It starts a PostgreSQL of its
own, unless DATABASE_URL names one, and needs `age` and `zstd`.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from backups import postgres
from backups.snapshot import LEVEL
from tests.backups.forked import PROJECT
from tests.backups.installation import Installation, installed
from tests.bench.filled import MB, database_bytes, fill_database, fill_media
from tests.bench.page import put_section
from tests.bench.timed import Cost, run
from vertexar.local import postgres as local_postgres

TITLE: Final = "Backups"
PAGE: Final = PROJECT / "docs" / "benchmarks.md"
NIGHTLY_SHARE: Final = 100  # a hundredth of everything is new each night
DUMP_LINE: Final = 'pg_dump -Fc -Z0 -d "$1" | zstd -q -{level} | age -r "$2" > "$3" && sync "$3"'
TAR_LINE: Final = 'tar -C "$1" -cf - . | age -r "$2" > "$3" && sync "$3"'
ENOUGH: Final = {  # what is wanted: at the full size
    "speed": 0.8,
    "peak_bytes": 250 * MB,
    "idle_share": 0.01,
    "restore_s": 15 * 60,
}


@dataclass(frozen=True)
class Step:
    """One thing that was measured.

    Attributes:
        cost: what it took.
        read_bytes: of the database's and the media's that passed through it, 0 where it is no
            figure.
        sent_bytes: that were written to the destination.
        dump_bytes: how many of them are the database's dump.
    """

    cost: Cost
    read_bytes: int = 0
    sent_bytes: int = 0
    dump_bytes: int = 0


def measure(site: Installation, *, database_mb: int, media_mb: int) -> dict[str, Step]:
    """Fill an installation and do with it all that is to be measured.

    Returns:
        By name: `dump` and `tar` (the pipelines), `database` (before there are media), `first`
        (with all of them), `idle` (nothing new), `night` (a hundredth is new) and `restore`.
    """
    rows = fill_database(site, database_mb * MB)
    steps: dict[str, Step] = {}
    os.sync()
    dump = steps["dump"] = _pipeline(site, "dump")
    os.sync()
    steps["database"] = backup(site, read_bytes=dump.read_bytes)
    media = fill_media(site, media_mb * MB)
    os.sync()
    archive = steps["tar"] = _pipeline(site, "tar")
    os.sync()
    steps["first"] = backup(site, read_bytes=archive.read_bytes + dump.read_bytes)
    os.sync()
    steps["idle"] = backup(site)
    fill_database(site, database_mb * MB // NIGHTLY_SHARE, first=rows)
    media += fill_media(site, media_mb * MB // NIGHTLY_SHARE, seed=1)
    os.sync()
    steps["night"] = backup(site)
    size = database_bytes(site)
    site.destroy()
    os.sync()
    command = ["restore", "latest", "--identity", str(site.identity)]
    steps["restore"] = Step(_manage(site, *command)[0], read_bytes=size + media)
    return steps


def backup(site: Installation, *, read_bytes: int = 0) -> Step:
    """Make a backup in a process of its own."""
    cost, told = _manage(site, "backup", "--json", "--verbosity=0")
    made = json.loads(told)
    return Step(cost, read_bytes, made["sent_bytes"], made["database_bytes"])


def _manage(site: Installation, *arguments: str) -> tuple[Cost, str]:
    command = [sys.executable, "manage.py", *arguments]
    return run(command, environment=site.environment, folder=PROJECT)


def _pipeline(site: Installation, name: str) -> Step:
    """Do by hand what a backup does, down to the disk, without its hashes; then remove it."""
    version = int(str(site.ask("SHOW server_version_num")[0][0]))
    program = postgres.find("pg_dump", at_least=version // 10_000)
    environment = {**os.environ, "PATH": f"{program.path.parent}:{os.environ['PATH']}"}
    if name == "dump":
        line, source, size = DUMP_LINE.format(level=LEVEL), site.url, database_bytes(site)
    else:
        line, source, size = TAR_LINE, str(site.media), _bytes_below(site.media)
    target = site.folder / f"{name}.age"
    shell = ["bash", "-o", "pipefail", "-c", line, name, source, site.recipient, str(target)]
    cost, _told = run(shell, environment=environment, folder=PROJECT)
    sent = target.stat().st_size
    target.unlink()
    return Step(cost, size, sent)


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@contextmanager
def server(folder: Path) -> Iterator[None]:
    """A PostgreSQL for the bench, durable as one that serves; or that of DATABASE_URL."""
    if os.environ.get("DATABASE_URL"):
        yield
        return
    started = local_postgres.start(folder / "postgresql", log=folder / "postgresql.log")
    os.environ["DATABASE_URL"] = started.url
    try:
        yield
    finally:
        del os.environ["DATABASE_URL"]
        started.child.stop()


def section(steps: dict[str, Step], *, database_mb: int, media_mb: int) -> str:
    """Write what was measured, as a section of docs/benchmarks.md."""
    dump, tar, first = steps["dump"], steps["tar"], steps["first"]
    alone = steps["database"].cost.seconds
    both = (dump.cost.seconds + tar.cost.seconds) / first.cost.seconds
    peak = max(steps[name].cost.peak_bytes for name in ("database", "first", "idle", "night"))
    idle = (steps["idle"].sent_bytes - steps["idle"].dump_bytes) / tar.read_bytes
    restore = steps["restore"].cost.seconds
    rows = [
        _row("`pg_dump -Fc -Z0 \\| zstd \\| age`", dump),
        _row("backup of the database alone", steps["database"]),
        _row("`tar \\| age`, the media", tar),
        _row("first backup with the media", first),
        _row("a night with nothing new", steps["idle"]),
        _row(f"a night with a {NIGHTLY_SHARE}th new", steps["night"]),
        _row("restore of database and media", steps["restore"]),
    ]
    judged = [
        ("speed of a backup of the database over `pg_dump \\| zstd \\| age`",
         f"{dump.cost.seconds / alone:.2f}x", f">= {ENOUGH['speed']}x"),
        ("MB/s of the first backup with the media over that pipeline's",
         f"{_speed(first) / _speed(dump):.2f}x", f">= {ENOUGH['speed']}x"),
        ("speed of the same over both pipelines together", f"{both:.2f}x", ""),
        ("peak memory of a backup", f"{peak / MB:.0f} MB", "<= 250 MB"),
        ("sent besides the dump in a night with nothing new, of the media's bytes", f"{idle:.2%}",
         f"< {ENOUGH['idle_share']:.0%}"),
        ("restore", f"{restore:.0f} s", f"<= {ENOUGH['restore_s']:.0f} s"),
    ]  # fmt: skip
    return "\n".join(
        [
            f"Printed by `make bench-backup` with a database of {database_mb} MB and {media_mb} MB"
            " of media, both made up: rows",
            "that compress by half, and files that don't compress. MB/s are those of what is read:"
            " the database as it lies on its",
            f"server's disk, and the media. The pipelines run zstd at level {LEVEL} as ours does;"
            " unlike ours they hash, read back,",
            "count and sign nothing. Memory is that of the largest process.",
            "",
            "| what | measured | wanted at 1 GB and 10 GB |",
            "| --- | --- | --- |",
            *(f"| {' | '.join(row)} |" for row in judged),
            "",
            "| step | s | CPU s | MB/s | MB written | peak MB |",
            "| --- | --- | --- | --- | --- | --- |",
            *rows,
        ]
    )


def _speed(step: Step) -> float:
    return step.read_bytes / step.cost.seconds


def _row(name: str, step: Step) -> str:
    cost = step.cost
    speed = f"{_speed(step) / MB:.0f}" if step.read_bytes else ""
    sent = f"{step.sent_bytes / MB:.1f}" if step.sent_bytes else ""
    peak = f"{cost.peak_bytes / MB:.0f}"
    return f"| {name} | {cost.seconds:.1f} | {cost.cpu_s:.1f} | {speed} | {sent} | {peak} |"


def main() -> None:
    """Measure, print, and put the figures into the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.backup", description=__doc__)
    parser.add_argument("--database-mb", type=int, default=1_000)
    parser.add_argument("--media-mb", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where to work; twice the sizes must fit")
    parser.add_argument("--dry-run", action="store_true", help="print, and leave the page alone")
    chosen = parser.parse_args()
    for tool in ("age", "zstd"):
        if shutil.which(tool) is None:
            parser.error(f"{tool} is missing (Debian: apt-get install age zstd)")
    place = Path(tempfile.mkdtemp(prefix="vertexar-bench-", dir=chosen.folder))
    place.chmod(0o711)  # PostgreSQL may have to run as another user, who must pass
    sizes: dict[str, Any] = {"database_mb": chosen.database_mb, "media_mb": chosen.media_mb}
    try:
        with server(place), installed(place / "site") as site:
            steps = measure(site, **sizes)
    finally:
        shutil.rmtree(place)
    print(json.dumps({name: asdict(step) for name, step in steps.items()}, indent=2))
    text = section(steps, **sizes)
    print(text)
    if not chosen.dry_run:
        put_section(PAGE, TITLE, text)


if __name__ == "__main__":
    main()
