"""What pages tell people to type is there: words of make, commands, files, variables."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.documents import explained_variables
from tests.whole.test_docs import ROOT, pages

PAGES = [page for page in pages() if page.name != "CHANGELOG.md"]  # which tells of what was
WORDS = set(re.findall(r"^([a-z0-9-]+):(?!=)", (ROOT / "Makefile").read_text(), re.M))
CODE = re.compile(r"^```\w*\n(.*?)^```|`([^`\n]+)`", re.M | re.S)
COMMAND = re.compile(r"\bmanage\.py ([a-z][a-z0-9_]+)")
MAKE = re.compile(r"(?:^|&& |[A-Z]=\S+ )make ([a-z][a-z0-9 -]*[a-z0-9])(?=$|\s|[A-Z])", re.M)
FILE = re.compile(r"(?<![\w/.-])((?:docker|docs|tests|config|\.github)/[\w./*-]*[\w*])")
MADE = ("docker/secrets/", "docker/deploy/state")  # by those who install it
ADDED = {"NAME_FILE"}  # what stands for others


def code(page: Path) -> str:
    """All that a page shows as code, a line each."""
    return "\n".join(block or inline for block, inline in CODE.findall(page.read_text("utf-8")))


@pytest.fixture(params=PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def page(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_every_command_that_a_page_names_is_there(page: Path) -> None:
    assert set(COMMAND.findall(code(page))) - set(get_commands()) == set()


def test_every_word_for_make_that_a_page_names_is_there(page: Path) -> None:
    named = {word for words in MAKE.findall(code(page)) for word in words.split()}

    assert named - WORDS == set()


def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = {name for name in FILE.findall(code(page)) if not name.startswith(MADE)}

    assert {name for name in named if not any(ROOT.glob(name))} == set()


def test_every_variable_that_a_guide_says_to_set_is_read() -> None:
    for name in ("deployment.md", "deployment.ru.md"):
        page = (ROOT / "docs" / name).read_text("utf-8")
        first = [row.split("|")[1] for row in page.splitlines() if row.startswith("| `")]
        named = set(re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`", "\n".join(first)))

        assert named - ADDED - explained_variables() == set()


def test_what_is_typed_is_found_in_a_page() -> None:
    text = (
        "```sh\nmake lint type test\nPORT=9000 make run\n```\nAnd `manage.py demo`, `make bench`."
    )
    shown = "\n".join(block or inline for block, inline in CODE.findall(text))

    assert MAKE.findall(shown) == ["lint type test", "run", "bench"]
    assert COMMAND.findall(shown) == ["demo"]
