import os
from pathlib import Path

import pytest

from vertexar.local.static_files import fingerprint


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "room" / "static" / "room").mkdir(parents=True)
    (tmp_path / "room" / "static" / "room" / "page.js").write_text("one")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "base.txt").write_text("django==5.2")
    return tmp_path


def print_of(project: Path) -> str:
    return fingerprint(project, settings_module="config.settings.base")


def test_without_a_change_it_stays(project: Path) -> None:
    assert print_of(project) == print_of(project)


def test_a_changed_file_changes_it(project: Path) -> None:
    before = print_of(project)

    os.utime(project / "room" / "static" / "room" / "page.js", (1, 1))

    assert print_of(project) != before


def test_another_way_to_make_them_changes_it(project: Path) -> None:
    before = print_of(project)

    (project / "vertexar").mkdir()
    (project / "vertexar" / "scripts.py").write_text("another way")

    assert print_of(project) != before


def test_another_lock_file_changes_it(project: Path) -> None:
    before = print_of(project)

    (project / "requirements" / "base.txt").write_text("django==5.3")

    assert print_of(project) != before


def test_what_was_collected_into_the_project_does_not(project: Path) -> None:
    before = print_of(project)

    (project / ".local" / "static" / "room").mkdir(parents=True)
    (project / ".local" / "static" / "room" / "page.1234.js").write_text("one")

    assert print_of(project) == before
