"""Sections of docs/benchmarks.md that are measured apart, each at the page's end."""

from pathlib import Path


def section_of(page: str, title: str) -> str:
    """The section with its heading, up to the page's end or the next one; empty if it has none."""
    _before, found, rest = page.partition(f"\n## {title}\n")
    if not found:
        return ""
    body = rest.split("\n## ")[0]
    return f"\n## {title}\n{body.rstrip()}\n"


def put_section(page: Path, title: str, text: str) -> None:
    """Put a section at the end of a page, in place of the one that it has of this title."""
    before, found, rest = page.read_text().partition(f"\n## {title}\n")
    _old, more, after = rest.partition("\n## ") if found else ("", "", "")
    kept = f"{before.rstrip()}\n\n{more.strip()} {after}" if more else before
    page.write_text(f"{kept.rstrip()}\n\n## {title}\n\n{text.rstrip()}\n")
