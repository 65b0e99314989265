"""What `make` runs to test is a call that finds the tests."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FEW = "tests/whole/test_make.py"


@pytest.mark.parametrize("target", ["test", "unit", "e2e"])
def test_pytest_is_called_in_a_way_that_collects_them(target: str) -> None:
    told = subprocess.run(
        ["make", "--dry-run", "--old-file", "install-dev", target, f"TESTS={FEW}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    [call] = re.findall(r"^.*\bpytest\b.*$", told, re.MULTILINE)
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    few = [] if FEW in call else [FEW]

    done = subprocess.run(
        [*shlex.split(call), *few, "--collect-only", "--quiet"],
        cwd=ROOT,
        env={name: value for name, value in alone.items() if not name.startswith("PYTEST")},
        capture_output=True,
        text=True,
        check=False,
    )

    nothing_chosen = 5  # none of these needs a browser
    assert done.returncode in {0, nothing_chosen}, done.stdout + done.stderr
