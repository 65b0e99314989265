"""The workflows of continuous integration say what developers say, and trust no stranger."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z0-9-]+):(?!=)", (ROOT / "Makefile").read_text(), re.M))
# In a script such an expression would be run as code: its words go in by the environment.
FROM_STRANGERS = re.compile(r"\$\{\{\s*(?:github\.(?!sha|ref\b)|inputs\.|secrets\.|vars\.)")


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    return document


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job.get("steps", [])]


def scripts(path: Path) -> list[str]:
    return [step["run"] for step in steps(path) if "run" in step]


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.stem)
def workflow(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_all_that_developers_run_is_run() -> None:
    run = "\n".join(scripts(ROOT / ".github" / "workflows" / "ci.yml"))

    assert {"lint", "type", "unit", "e2e", "schema", "schema-diff"} <= set(
        re.findall(r"[a-z0-9-]+", " ".join(re.findall(r"make ([^\n]+)", run)))
    )


def test_every_word_for_make_is_one(workflow: Path) -> None:
    words = [
        word
        for line in re.findall(r"\bmake ([^\n>|]+)", "\n".join(scripts(workflow)))
        for word in line.split()
        if not word.startswith("-") and "=" not in word
    ]

    assert set(words) <= TARGETS


def test_no_words_of_strangers_are_run(workflow: Path) -> None:
    assert not [script for script in scripts(workflow) if FROM_STRANGERS.search(script)]


def test_each_may_do_little_and_for_a_while(workflow: Path) -> None:
    document = read(workflow)

    assert document["permissions"] == {"contents": "read"}
    assert [name for name, job in document["jobs"].items() if "steps" in job] == [
        name for name, job in document["jobs"].items() if "timeout-minutes" in job
    ]


def test_a_deployment_asks_who_guards_the_environment() -> None:
    document = read(ROOT / ".github" / "workflows" / "deploy.yml")

    assert all(job["environment"]["name"] for job in document["jobs"].values())


def test_every_action_is_of_a_named_version(workflow: Path) -> None:
    used = [step["uses"] for step in steps(workflow) if "uses" in step]

    assert not [u for u in used if not u.startswith("./") and not re.search(r"@v?\d", u)]


def test_what_a_workflow_uses_of_ours_is_there(workflow: Path) -> None:
    document = read(workflow)
    used = [*document["jobs"].values(), *steps(workflow)]
    ours = [part["uses"] for part in used if part.get("uses", "").startswith("./")]

    assert [u for u in ours if not (ROOT / u).exists()] == []


def test_hooks_before_a_commit_run_what_is_there() -> None:
    hooks = read(ROOT / ".pre-commit-config.yaml")["repos"][0]["hooks"]

    for hook in hooks:
        program, *words = hook["entry"].split()
        assert program != "make" or words[0] in TARGETS
        assert [w for w in words if w.endswith(".py") and not (ROOT / w).exists()] == []


def test_dependabot_looks_where_something_is() -> None:
    document = read(ROOT / ".github" / "dependabot.yml")

    for update in document["updates"]:
        for folder in update.get("directories", [update.get("directory")]):
            assert (ROOT / folder.lstrip("/")).is_dir(), folder
