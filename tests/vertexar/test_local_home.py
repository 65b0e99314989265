import json
import re
import shutil
import stat
from pathlib import Path

import pytest

from vertexar.local.failures import CannotRun
from vertexar.local.home import Home
from vertexar.local.up import Installation

ROOT = Path(__file__).parents[2]


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_secret_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    first = home.secret_key.read_text()

    home.prepare()

    assert home.secret_key.read_text() == first
    assert len(first) >= 50
    assert mode_of(home.secret_key) == 0o600


def test_two_homes_have_two_keys(tmp_path: Path) -> None:
    one, other = Home(tmp_path / "one"), Home(tmp_path / "other")

    one.prepare()
    other.prepare()

    assert one.secret_key.read_text() != other.secret_key.read_text()


def test_others_can_look_into_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")

    home.prepare()

    assert mode_of(home.root) & 0o066 == 0
    assert mode_of(home.media) == mode_of(home.log("web").parent) == 0o700


def test_a_home_below_a_file_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CannotRun, match=r"can't be written \(Not a directory\): set VERTEXAR_HOME"):
        Home(tmp_path / "file" / "home").prepare()


def test_a_full_disk_is_told_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = shutil.disk_usage(tmp_path)._replace(free=5_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)

    with pytest.raises(CannotRun, match="is full: 5 MB are free, 300 MB are needed"):
        Home(tmp_path).prepare()


def test_a_home_has_one_owner_at_a_time(tmp_path: Path) -> None:
    home = Home(tmp_path)

    refused = pytest.raises(CannotRun, match=re.escape(f"from {tmp_path} already: process 12."))
    with home.taken(by="process 12"), refused, Home(tmp_path).taken(by="process 13"):
        pytest.fail("both own it")

    with home.taken(by="process 14"):
        assert (tmp_path / "up.lock").read_text() == "process 14"


def test_what_was_left_half_done_is_removed_and_nothing_beside_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    kept = home.media / "picture.png"
    kept.touch()
    (home.temporary / "tmp1.upload.mov").touch()
    (home.temporary / "folder").mkdir()
    (home.temporary / "folder" / "part").touch()
    (home.temporary / "link").symlink_to(home.media)

    home.clear_temporary()

    assert list(home.temporary.iterdir()) == []
    assert kept.exists()


def test_commands_are_told_what_the_user_gave_and_nobody_else_is(tmp_path: Path) -> None:
    given = {
        "BACKUP_RECIPIENTS": "age1x",
        "METRICS_TOKEN_FILE": "/run/secrets/metrics",
        "BACKUP_DRILL_IDENTITY": "of one worker alone",
        "TERM": "none of ours",
        "EMAIL_URL": "",
    }
    home = Home(tmp_path / "home")
    home.prepare()
    to_start = Installation(project=ROOT, home=home.root, environ=given)

    with home.told({**given, "PUBLIC_URL": "http://made"}, configured=to_start.configured()):
        assert mode_of(home.running) == 0o600
        assert json.loads(home.running.read_text()) == {
            "PUBLIC_URL": "http://made",
            "BACKUP_RECIPIENTS": "age1x",
            "METRICS_TOKEN_FILE": "/run/secrets/metrics",
        }

    assert not home.running.exists()


def test_what_a_killed_run_told_is_not_believed_by_the_next(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    home.running.write_text('{"DEBUG": "True"}')

    home.clear_temporary()

    assert not home.running.exists()
