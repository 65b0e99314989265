"""docker/renewed.sh: a new certificate is where nginx reads it, and nginx is told to."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = ("fullchain.pem", "privkey.pem")
DOCKER = """#!/bin/sh
printf '%s|%s\\n' "$(cat docker/secrets/tls/*.pem | tr '\\n' ' ')" "$*" >>orders
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """As much of a clone as the script looks at, with the certificate that is served now."""
    folder = tmp_path / "clone"
    (folder / "docker" / "secrets" / "tls").mkdir(parents=True)
    for name in ("make_secrets.sh", "renewed.sh"):
        shutil.copy(ROOT / "docker" / name, folder / "docker")
    for name in NAMES:
        (folder / "docker" / "secrets" / "tls" / name).write_text(f"old {name}\n")
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    return folder


def renew(clone: Path, *words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    path = f"{clone.parent / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        [str(clone / "docker" / "renewed.sh"), *words],
        env={"PATH": path, **environ},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def renewed(clone: Path, *names: str) -> str:
    """A folder as certbot keeps them: links to files that only their owner can read."""
    archive, live = clone.parent / "archive", clone.parent / "live"
    archive.mkdir()
    live.mkdir()
    for name in names:
        (archive / name).write_text(f"new {name}\n")
        (archive / name).chmod(0o600)
        (live / name).symlink_to(archive / name)
    return str(live)


@pytest.mark.parametrize("is_told_by_certbot", [True, False])
def test_nginx_reads_the_new_pair(clone: Path, is_told_by_certbot: bool) -> None:
    live = renewed(clone, *NAMES)

    run = renew(clone, RENEWED_LINEAGE=live) if is_told_by_certbot else renew(clone, live)

    assert run.returncode == 0, run.stderr
    both = "new fullchain.pem new privkey.pem "
    assert (clone / "orders").read_text().splitlines() == [
        f"{both}|compose exec -T nginx nginx -t -q",
        f"{both}|compose exec -T nginx nginx -s reload",
    ]
    tls = clone / "docker" / "secrets" / "tls"
    assert {path.name: path.stat().st_mode & 0o777 for path in tls.iterdir()} == dict.fromkeys(
        NAMES, 0o644
    )


def test_half_a_pair_takes_nothing_away(clone: Path) -> None:
    run = renew(clone, renewed(clone, "privkey.pem"))

    tls = clone / "docker" / "secrets" / "tls"
    assert run.returncode != 0
    assert [(tls / name).read_text() for name in NAMES] == [f"old {name}\n" for name in NAMES]
    assert not (clone / "orders").exists()


def test_it_asks_for_a_folder(clone: Path) -> None:
    run = renew(clone)

    assert (run.returncode, "which folder?" in run.stderr) == (2, True)
