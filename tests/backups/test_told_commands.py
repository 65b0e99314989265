"""Every command of backups that a message or a page tells is one that can be called so."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, load_command_class

from tests.backups.forked import PROJECT

COMMANDS = {
    path.stem
    for path in (PROJECT / "backups" / "management" / "commands").glob("*.py")
    if path.stem != "__init__"
}
# to the end of what is set as code, of the string, of the line, or of the command in a shell
TOLD = re.compile(rf"manage\.py ((?:{'|'.join(sorted(COMMANDS))})\b(?:\\\n|[^`\"\n])*)")
ENDS = re.compile(r" (?:\||\|\||&&|#|<|>|2>)(?: |$).*|[;)].*", re.DOTALL)
PAGES = (
    *(PROJECT / "backups").rglob("*.py"),
    *(PROJECT / "docs").rglob("*.md"),
    *(PROJECT / "config" / "locale").rglob("*.po"),
    *PROJECT.glob("*.md"),
    PROJECT / ".env.example",
    PROJECT / "vertexar" / "doctor.py",
)


def told() -> Iterator[tuple[str, str]]:
    """Each page and what it tells to type, behind `manage.py`."""
    for page in sorted(PAGES):
        for match in TOLD.finditer(page.read_text()):
            yield str(page.relative_to(PROJECT)), ENDS.sub("", match[1].replace("\\\n", " "))


def parse(line: str) -> None:
    """Read a line as its command does; of alternatives the first, and what is optional given.

    Raises:
        CommandError: it can't be called so.
    """
    words = shlex.split(line.replace("[", "").replace("]", ""))
    name, *arguments = [word.partition("|")[0] for word in words if word != "…"]
    load_command_class("backups", name).create_parser("manage.py", name).parse_args(arguments)


def test_what_is_told_can_be_called() -> None:
    wrong = []
    for page, line in told():
        try:
            parse(line)
        except (CommandError, ValueError) as error:
            wrong.append(f"{page}: {line}: {error}")

    assert wrong == []
    assert {line.split()[0] for _page, line in told()} == COMMANDS


@pytest.mark.parametrize(
    "line",
    ["restore --only media", "restore latest --identity FILE and look", "verify_backup --shallow"],
)
def test_what_can_not_be_called_is_found(line: str) -> None:
    with pytest.raises(CommandError):
        parse(line)


def test_pages_of_both_languages_and_messages_are_read() -> None:
    pages = {Path(page).name for page, _line in told()}

    assert {"backups.md", "backups.ru.md", "restore.ru.md", "backup_keygen.py"} <= pages
    assert {"django.po", "media.py"} <= pages
