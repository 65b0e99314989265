"""What the Dockerfile makes, read from it; `python docker/dry_build.py` carries it out."""

import http.server
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from docker import healthcheck
from docker.dry_build import Stage, sent_files, stages_of

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "docker" / "Dockerfile"
TARGETS = ("web", "worker")


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    return stages_of(DOCKERFILE.read_text(encoding="utf-8"))


def words(stage: Stage, word: str) -> list[str]:
    return [step.rest for step in stage.steps if step.word == word]


@pytest.mark.parametrize("target", TARGETS)
def test_images_run_as_nobody_and_say_whether_they_are_well(
    stages: dict[str, Stage], target: str
) -> None:
    stage = stages[target]

    assert words(stage, "USER") == ["10001:10001"]
    assert len(words(stage, "HEALTHCHECK")) == 1
    after_user = stage.steps[[step.word for step in stage.steps].index("USER") :]
    assert not [step for step in after_user if step.word in {"RUN", "COPY"}]


@pytest.mark.parametrize("target", TARGETS)
def test_images_come_from_the_lean_stage_and_get_packages_without_pip(
    stages: dict[str, Stage], target: str
) -> None:
    assert stages[target].parent == "runtime"
    assert words(stages[target], "COPY") == [f"--from={target}-packages /venv /venv"]
    assert any("uninstall" in run and "pip" in run for run in words(stages["runtime"], "RUN"))
    assert any(
        "uninstall --quiet --yes setuptools pip" in run
        for run in words(stages[f"{target}-packages"], "RUN")
    )


def test_the_base_can_be_pinned_by_its_digest(stages: dict[str, Stage]) -> None:
    assert stages["base"].parent.endswith("${PYTHON_DIGEST:+@}${PYTHON_DIGEST}")


def test_packages_are_checked_by_their_hashes(stages: dict[str, Stage]) -> None:
    assert "--require-hashes" in " ".join(words(stages["packages"], "RUN"))


def test_nothing_but_the_product_is_sent_to_a_build() -> None:
    sent = set(sent_files(ROOT))

    rooms = {"accounts", "arcontent", "backups", "config", "markers", "templates", "vertexar"}
    assert rooms <= {name.split("/")[0] for name in sent}
    assert {"manage.py", "requirements/base.txt", "docker/entrypoint.sh"} <= sent
    strange = {"tests", ".git", ".env", ".local", ".venv", "node_modules", "docs", ".github"}
    assert not strange & {name.split("/")[0] for name in sent}
    assert not [name for name in sent if "__pycache__" in name or "secrets/" in name]


def test_what_the_images_copy_is_sent(stages: dict[str, Stage]) -> None:
    sent = set(sent_files(ROOT))
    files = [rest.split() for stage in stages.values() for rest in words(stage, "COPY")]

    for source, _target in (parts for parts in files if not parts[0].startswith("--from")):
        assert source == "." or source in sent


def test_the_entrypoint_is_a_program_that_a_plain_shell_understands() -> None:
    entrypoint = ROOT / "docker" / "entrypoint.sh"

    assert entrypoint.stat().st_mode & 0o111
    shell = shutil.which("dash") or "sh"
    run = subprocess.run([shell, "-n", str(entrypoint)], capture_output=True, check=False)
    assert (run.returncode, run.stderr) == (0, b"")


def test_the_bill_of_materials_names_each_package_with_its_version() -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "docker" / "sbom.py")], capture_output=True, check=True
    )

    bill = json.loads(run.stdout)
    versions = {facts["name"].lower(): facts["version"] for facts in bill["components"]}
    assert versions["django"].startswith("5.2")
    assert all(facts["purl"].startswith("pkg:pypi/") for facts in bill["components"])


class Web(http.server.BaseHTTPRequestHandler):
    """Alive but not ready, and particular about the name it is asked by."""

    def do_GET(self) -> None:
        known = self.headers["Host"] == "ar.example.org"
        self.send_response(200 if known and self.path == "/health/live" else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        pass


@pytest.fixture
def web_port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_the_health_check_tells_alive_from_ready_and_from_away(
    web_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://ar.example.org")

    assert healthcheck.web_trouble("/health/live", port=web_port) == ""
    assert healthcheck.web_trouble("/health/ready", port=web_port) == "/health/ready answers 503"
    assert "does not answer" in healthcheck.web_trouble("/health/live", port=1)


def test_the_health_check_refuses_what_it_does_not_know() -> None:
    assert healthcheck.main(["database"]) == 2
