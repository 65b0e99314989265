"""Where variables come from: the environment, files, and what a running `manage.py up` left."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASK = "from config.settings import base; print(base.SECRET_KEY, base.PUBLIC_URL)"


def asked(home: Path, **environ: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "VERTEXAR_HOME": str(home), **environ},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.split()


@pytest.fixture
def running(tmp_path: Path) -> Path:
    """The folder of an installation that runs."""
    (tmp_path / "secret_key").write_text("made-by-up\n")
    left = {"SECRET_KEY_FILE": str(tmp_path / "secret_key"), "PUBLIC_URL": "http://up.test"}
    (tmp_path / "running.json").write_text(json.dumps(left))
    return tmp_path


def test_a_secret_may_come_from_a_file_without_the_lines_end(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-file\n")

    assert asked(tmp_path, SECRET_KEY_FILE=str(tmp_path / "key"))[0] == "from-a-file"


def test_commands_find_the_installation_that_runs(running: Path) -> None:
    assert asked(running) == ["made-by-up", "http://up.test"]


def test_what_the_environment_says_comes_first(running: Path) -> None:
    assert asked(running, PUBLIC_URL="http://mine.test")[1] == "http://mine.test"


def test_what_the_environment_says_comes_before_a_file_that_was_given_to_up(
    running: Path,
) -> None:
    assert asked(running, SECRET_KEY="mine")[0] == "mine"


def test_a_broken_note_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "running.json").write_text("{")

    assert asked(tmp_path, PUBLIC_URL="http://mine.test") == ["http://mine.test"]


def test_the_example_as_it_stands_changes_nothing(tmp_path: Path) -> None:
    ask = (
        "import re\n"
        "from config.settings import base\n"
        "for name, value in sorted(vars(base).items()):\n"
        "    if name.isupper() and name != 'LANGUAGES':\n"
        "        print(name, re.sub(' at 0x[0-9a-f]+', '', repr(value)))\n"
    )
    example = (ROOT / ".env.example").read_text()
    written = dict(re.findall(r"^([A-Z][A-Z0-9_]*)=(.*)$", example, re.M))

    bare, full = (
        subprocess.run(
            [sys.executable, "-c", ask],
            cwd=ROOT,
            env={**environ, "PATH": os.environ["PATH"], "VERTEXAR_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for environ in ({}, written)
    )

    assert full.splitlines() == bare.splitlines()
