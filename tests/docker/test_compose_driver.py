"""docker/deploy/compose.sh: what it asks of Docker, with which files, and when it refuses to."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from tests.docker.compose import BASE, STAGING, system

ROOT = Path(__file__).parents[2]
NOTE = """#!/bin/sh
printf '%s|%s|%s\\n' "$COMPOSE_FILE" "${VERTEXAR_VERSION:-}" "$*" >>"$FOLDER/orders"
"""
IMAGES_S = 600  # for them to come, and for the migration
ORDERS = [
    ["migrate", "2.1.0"],
    ["start", "blue", "2.1.0"],
    ["ready", "blue"],
    ["workers", "2.1.0"],
    ["check-proxy"],
    ["reload-proxy"],
    ["stop", "green"],
]


class Clone:
    """As much of a clone as the driver looks at, and programs that only note their words."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.driver = folder / "docker" / "deploy" / "compose.sh"
        self.driver.parent.mkdir(parents=True)
        shutil.copy(ROOT / "docker" / "deploy" / "compose.sh", self.driver)
        for name in ("docker", "curl"):
            program = folder / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(NOTE)
            program.chmod(0o755)

    def drive(self, *words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        environ = {"PATH": path, "FOLDER": str(self.folder), **environ}
        command = [str(self.driver), *words]
        return subprocess.run(
            command, env=environ, cwd="/", capture_output=True, text=True, check=False
        )

    def orders(self) -> list[list[str]]:
        noted = self.folder / "orders"
        lines = noted.read_text().splitlines() if noted.exists() else []
        return [line.split("|") for line in lines]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def write_env(clone: Clone, files: str = BASE) -> None:
    (clone.folder / ".env").write_text(f"COMPOSE_FILE={files}\nPUBLIC_HOST='ar.example.org'\n")


@pytest.mark.parametrize("files", [BASE, f"{BASE}:{STAGING}"])
def test_each_order_goes_to_the_files_and_services_there_are(clone: Clone, files: str) -> None:
    write_env(clone, files)

    codes = [clone.drive(*words).returncode for words in ORDERS]

    assert codes == [0] * len(ORDERS)
    services = system(*files.split(":")[1:])["services"]
    for named, _version, words in clone.orders():
        assert named == files
        compose, profile, *rest = words.split(" ", 3)
        assert (compose, profile) == ("compose", "--profile")
        known = [word for word in " ".join(rest).split() if word in services]
        assert known, words
        assert not [word for word in re.findall(r"web-\w+", words) if word not in services], words


def test_what_is_started_is_of_the_version_that_is_rolled_out(clone: Clone) -> None:
    write_env(clone)

    for words in (["migrate", "2.1.0"], ["start", "green", "2.1.0"], ["workers", "2.1.0"]):
        clone.drive(*words, VERTEXAR_VERSION="2.0.0")

    assert [version for _files, version, _words in clone.orders()] == ["2.1.0"] * 3


def test_people_are_asked_for_by_the_name_that_they_use(clone: Clone) -> None:
    write_env(clone)

    clone.drive("public-ready")

    [[_files, _version, words]] = clone.orders()
    assert words.endswith(" https://ar.example.org/health/ready")


def default(script: str, name: str) -> int:
    """A setting of a script that nobody set."""
    text = (ROOT / "docker" / script).read_text(encoding="utf-8")
    return int(re.findall(rf"^{name}=\$\{{{name}:-(\d+)\}}", text, re.MULTILINE)[0])


def test_workers_may_end_their_tasks_and_a_roll_out_ends_before_its_job_is_cut_off(
    clone: Clone,
) -> None:
    write_env(clone)
    clone.drive("workers", "2.1.0")
    [[_files, _version, words]] = clone.orders()
    workers_s = default("deploy/compose.sh", "DEPLOY_WORKERS_SECONDS")
    others_s = sum(
        default("deploy.sh", f"DEPLOY_{step}_SECONDS") for step in ("READY", "WATCH", "DRAIN")
    )
    workflow = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text(encoding="utf-8"))
    job_s = workflow["jobs"]["deploy"]["timeout-minutes"] * 60

    assert f" --timeout {workers_s} " in words
    assert workers_s > settings.CELERY_TASK_TIME_LIMIT
    assert job_s > 2 * workers_s + 2 * others_s + IMAGES_S


@pytest.mark.parametrize("env", ["", "PUBLIC_HOST=ar.example.org", f"COMPOSE_FILE={BASE}"])
@pytest.mark.parametrize("words", [["migrate", "2.1.0"], ["public-ready"]], ids=" ".join)
def test_without_name_or_files_nothing_is_begun(clone: Clone, env: str, words: list[str]) -> None:
    (clone.folder / ".env").write_text(f"{env}\n")

    run = clone.drive(*words)

    assert (run.returncode, clone.orders()) == (2, [])
    assert "PUBLIC_HOST and COMPOSE_FILE must stand in" in run.stderr
