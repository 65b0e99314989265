"""The page speaks Russian and English, and nothing of it is left untranslated."""

import re
from html.parser import HTMLParser

import pytest

from tests.e2e.system import Content, System

pytestmark = pytest.mark.e2e

SPOKEN = ("alt", "aria-label")
CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)


class Words(HTMLParser):
    """Collects all that is said on a page, save what the content itself says."""

    def __init__(self, *, given: set[str]) -> None:
        super().__init__()
        self._given = given
        self.language = ""
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "html":
            self.language = named.get("lang") or ""
        self.said += [
            value for name, value in attrs if name in SPOKEN and value and value not in self._given
        ]

    def handle_data(self, data: str) -> None:
        if data.strip() and data.strip() not in self._given:
            self.said.append(data.strip())


def words_of(system: System, content: Content, *, language: str) -> Words:
    words = Words(given={"Harbour & lights"})
    words.feed(system.page(content, language=language))
    return words


def test_in_russian_everything_is_russian(system: System, content: Content) -> None:
    words = words_of(system, content, language="ru-RU,ru;q=0.9,en;q=0.5")

    assert words.language == "ru"
    assert len(words.said) > 40
    assert [phrase for phrase in words.said if not CYRILLIC.search(phrase)] == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_everybody_else_reads_english(system: System, content: Content, language: str) -> None:
    words = words_of(system, content, language=language)

    assert words.language == "en"
    assert [phrase for phrase in words.said if CYRILLIC.search(phrase)] == []
