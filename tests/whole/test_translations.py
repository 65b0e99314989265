"""Everything a person can meet is said in Russian too, and the compiled catalogues are current.

Nothing here needs gettext's programs: the sources are read with Python's own parser.
"""

import ast
import gettext
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from django.test import override_settings
from django.utils import translation
from django.utils.translation.template import templatize

from arcontent.models import ARContent

ROOT = Path(__file__).parents[2]
ROOMS = ["accounts", "arcontent", "backups", "config", "markers", "vertexar"]
OURS = ROOT / "config" / "locale"
CATALOGUES = [OURS, ROOT / "arcontent" / "locale"]
MARKERS = {"_", "gettext", "gettext_lazy", "gettext_noop"}
FILLED_IN = re.compile(r"%\(\w+\)[a-z]|\{\w*\}")
IN_TEMPLATE = re.compile(r"\bgettext\(u?((?P<quote>['\"]).*?(?<!\\)(?P=quote))\)", re.DOTALL)


@dataclass
class Entry:
    msgid: str = ""
    msgstr: str = ""
    is_fuzzy: bool = False


def read_po(path: Path) -> dict[str, Entry]:
    """Read the entries of a catalogue; the header is the one without a msgid."""
    entries: list[Entry] = []
    field, is_fuzzy = "", False
    for line in path.read_text().splitlines():
        if line.startswith("#,"):
            is_fuzzy = "fuzzy" in line
        elif line.startswith("msgid "):
            entries.append(Entry(is_fuzzy=is_fuzzy))
            field, is_fuzzy = "msgid", False
        elif line.startswith("msgstr "):
            field = "msgstr"
        if field and (quoted := re.fullmatch(r'(?:msgid |msgstr )?(".*")', line)):
            text = getattr(entries[-1], field) + ast.literal_eval(quoted[1])
            setattr(entries[-1], field, text)
    return {entry.msgid: entry for entry in entries}


def read_mo(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        return dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]


def said_in_python() -> Iterator[tuple[Path, str]]:
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in MARKERS:
                continue
            if isinstance(text := node.args[0], ast.Constant):  # not what a row or an error says
                yield path, str(text.value)


@cache  # when a test asks: whoever collects tests needs none of it
def said_anywhere() -> list[tuple[Path, str]]:
    return sorted({*said_in_python(), *said_in_templates()})


def said_in_templates() -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        for match in IN_TEMPLATE.finditer(templatize(path.read_text())):
            yield path, ast.literal_eval(match[1])


KNOWN = {name: entry for folder in CATALOGUES for name, entry in read_po(
    folder / "ru" / "LC_MESSAGES" / "django.po"
).items()}  # fmt: skip


def test_the_sources_are_read() -> None:
    texts = {text for _path, text in said_anywhere()}

    assert {"The picture is animated.", "AR content", "Upload", "opened: %(count)s"} <= texts
    assert len(texts) > 150


def test_nothing_is_said_through_a_name_that_the_extraction_does_not_know() -> None:
    aliases = {
        f"{path.relative_to(ROOT)}: {name.asname}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
        if name.asname not in (None, "_")
    }

    assert not aliases


def test_every_text_has_a_russian_one() -> None:
    missing = {
        (str(path.relative_to(ROOT)), text)
        for path, text in said_anywhere()
        if not KNOWN.get(text, Entry()).msgstr
    }

    assert not missing


def test_no_translation_is_a_guess_or_loses_what_is_filled_in() -> None:
    fuzzy = [entry.msgid for entry in KNOWN.values() if entry.is_fuzzy]
    lost = [
        entry.msgid
        for entry in KNOWN.values()
        if entry.msgid
        and sorted(FILLED_IN.findall(entry.msgid)) != sorted(FILLED_IN.findall(entry.msgstr))
    ]

    assert not fuzzy
    assert not lost


@pytest.mark.parametrize("folder", CATALOGUES, ids=lambda folder: folder.parent.name)
def test_what_is_compiled_is_what_is_written(folder: Path) -> None:
    written = read_po(folder / "ru" / "LC_MESSAGES" / "django.po")
    compiled = read_mo(folder / "ru" / "LC_MESSAGES" / "django.mo")

    assert {name: entry.msgstr for name, entry in written.items() if name} == {
        name: text for name, text in compiled.items() if name
    }


@override_settings(LANGUAGE_CODE="en")
def test_django_finds_the_catalogue() -> None:
    with translation.override("ru"):
        assert str(ARContent._meta.verbose_name_plural) == "Живые картины"
    with translation.override("en"):
        assert str(ARContent._meta.verbose_name_plural) == "AR content"
