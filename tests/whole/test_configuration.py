"""docs/configuration.md tells of every variable what .env.example and the code say today."""

import pytest

from tests import documents
from tests.documents import DOCS, ENGLISH, RUSSIAN, Language


@pytest.mark.parametrize("language", [ENGLISH, RUSSIAN], ids=lambda language: language.file)
def test_the_page_is_current(language: Language) -> None:
    written = (DOCS / language.file).read_text("utf-8")

    assert written == documents.page(language), "run `make docs`"


def test_every_variable_has_words_in_both_languages() -> None:
    silent = {group.key for group in documents.groups() if not group.words}

    assert not silent | documents.untranslated(), "docs/configuration.ru.toml or .env.example"


def test_a_page_names_every_variable() -> None:
    page = documents.page(ENGLISH)

    assert not {name for name in documents.explained_variables() if f"`{name}`" not in page}
