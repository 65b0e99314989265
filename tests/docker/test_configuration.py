"""The judge of all configuration: what it does with a tool that refuses, and with none."""

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
