"""Every Markdown page links to what is there, down to the heading."""

import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
SOURCE = re.compile(r"<(?:img|a|source)\s[^>]*?(?:src|srcset|href)=\"([^\"]+)\"")
FENCED = re.compile(r"^(```|~~~).*?^\1\s*$", re.M | re.S)
CODE = re.compile(r"`[^`\n]*`")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.M)


def pages() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout.decode()
    return sorted(ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


@cache
def anchors(page: Path) -> frozenset[str]:
    """The names that GitHub gives a page's headings: lower case, no punctuation, hyphens."""
    seen: Counter[str] = Counter()
    names = set()
    for heading in HEADING.findall(FENCED.sub("", page.read_text("utf-8"))):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        names.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return frozenset(names)


def broken(page: Path, text: str) -> list[str]:
    """Links of a page that lead nowhere."""
    text = CODE.sub("", FENCED.sub("", text))
    found = []
    for link in [*LINK.findall(text), *SOURCE.findall(text)]:
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue  # another host's, or a letter's
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        is_there = target.exists() and target.is_relative_to(ROOT)
        if is_there and anchor:
            is_there = target.suffix == ".md" and anchor in anchors(target)
        if not is_there:
            found.append(link)
    return found


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert broken(page, page.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "link",
    [
        "[gone](docs/nothing.md)",
        "![gone](docs/images/nothing.png)",
        "[no such heading](README.md#no-such-heading)",
        "[no such heading here](#no-such-heading)",
        '<img src="docs/images/nothing.png" alt="">',
        "[above the roof](../outside.md)",
    ],
)
def test_a_link_that_leads_nowhere_is_found(link: str) -> None:
    assert len(broken(ROOT / "README.md", f"Before {link} after.\n")) == 1


def test_what_is_code_is_no_link() -> None:
    text = "`[a](b.md)`\n\n```md\n[c](d.md)\n```\n"

    assert broken(ROOT / "README.md", text) == []


def test_every_page_in_two_languages_leads_to_its_other_half() -> None:
    missing = []
    for russian in (page for page in pages() if page.name.endswith(".ru.md")):
        english = russian.with_name(russian.name.replace(".ru.md", ".md"))
        if english.name not in russian.read_text("utf-8"):
            missing.append(russian.name)
        if not english.exists() or russian.name not in english.read_text("utf-8"):
            missing.append(english.name)

    assert missing == []


def test_the_index_of_decisions_names_each_once() -> None:
    folder = ROOT / "docs" / "adr"
    linked = re.findall(
        r"^- \[(\d+)\. .+\]\((\d{4}-[a-z0-9-]+\.md)\)$", (folder / "README.md").read_text(), re.M
    )
    kept = sorted(page.name for page in folder.glob("[0-9]*.md"))

    assert [name for _, name in linked] == kept
    assert [int(number) for number, _ in linked] == [int(name[:4]) for name in kept]
