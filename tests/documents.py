"""`make docs` writes docs/configuration.md and docs/configuration.ru.md.

English words come from `.env.example`, Russian ones from docs/configuration.ru.toml, kinds of
values from how the code reads them.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = ROOT / "docs"
ROOMS: Final = ("accounts", "arcontent", "backups", "config", "markers", "vertexar")
# Who knows one of these can do harm with it: tests/config/test_secrets.py reads each from a file.
SECRETS: Final = frozenset({
    "ADMIN_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "BACKUP_DESTINATIONS", "BACKUP_DRILL_IDENTITY", "BACKUP_SIGNING_KEY", "DATABASE_URL",
    "EMAIL_URL", "GITHUB_CLIENT_SECRET", "GOOGLE_CLIENT_SECRET", "JWT_PRIVATE_KEYS",
    "METRICS_TOKEN", "OPENID_PROVIDERS", "REDIS_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS",
    "SENTRY_DSN",
})  # fmt: skip

_HEADING = re.compile(r"# --- (.+?) -+$")
_VARIABLE = re.compile(r"([A-Z][A-Z0-9_]*)=(.*)$")
_READ = re.compile(r"""env\.(\w+)\(\s*["']([A-Z][A-Z0-9_]+)["']""")


@dataclass(slots=True)
class Group:
    """Variables that one comment explains.

    Attributes:
        heading: of the part they stand in.
        variables: their names and defaults, in order.
        words: the comment.
    """

    heading: str
    words: str
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The first name; translations are found by it."""
        return next(iter(self.variables))


@dataclass(frozen=True, slots=True)
class Language:
    """What one language's page says besides the explanations."""

    file: str
    title: str
    intro: str
    columns: tuple[str, str, str]
    kinds: dict[str, str]
    secret: str
    unset: str


ENGLISH: Final = Language(
    file="configuration.md",
    title="Configuration",
    intro="""[Русский](configuration.ru.md)

<!-- Written by `make docs` from .env.example and the settings: change those. -->

Everything is configured by variables of the environment. `make run` needs none of them; an
installation for others needs those of [Deployment](deployment.md#what-must-be-set).
`NAME_FILE` may name a file that holds the value in place of `NAME`, and comes before it; so do
[secrets](deployment.md#secrets). `manage.py doctor` says what does not fit together.""",
    columns=("variable", "value", "what it does"),
    kinds={
        "bool": "`True` or `False`",
        "int": "whole number",
        "float": "number",
        "list": "list, with commas",
    },
    secret="**secret**",
    unset="not set",
)
RUSSIAN: Final = Language(
    file="configuration.ru.md",
    title="Настройка",
    intro="""[English](configuration.md)

<!-- Пишется командой `make docs` из .env.example, configuration.ru.toml и настроек. -->

Всё настраивается переменными окружения. Для `make run` не нужна ни одна; что нужно установке
для других, сказано в [«Развёртывании»](deployment.ru.md#что-нужно-задать). Вместо `NAME` можно
дать `NAME_FILE` — имя файла, где лежит значение; он важнее самой переменной, и
[секреты](deployment.ru.md#секреты) передают так. Что не сходится, скажет
`manage.py doctor`.""",
    columns=("переменная", "значение", "что делает"),
    kinds={
        "bool": "`True` или `False`",
        "int": "целое число",
        "float": "число",
        "list": "список через запятую",
    },
    secret="**секрет**",
    unset="не задано",
)  # fmt: skip


def groups() -> Iterator[Group]:
    """Read `.env.example`: its variables, together with those that share their comment."""
    heading = ""
    comment: list[str] = []
    group: Group | None = None
    for line in (ROOT / ".env.example").read_text("utf-8").splitlines():
        if found := _VARIABLE.match(line):
            if group is None:
                group = Group(heading, " ".join(comment))
            group.variables[found[1]] = found[2]
            continue
        if group is not None:
            yield group
            group, comment = None, []
        if found := _HEADING.match(line):
            heading, comment = found[1], []
        elif line.startswith("# "):
            comment.append(line[2:])
    if group is not None:
        yield group


def explained_variables() -> set[str]:
    """The names of all variables in `.env.example`."""
    return {name for group in groups() for name in group.variables}


def kinds() -> dict[str, str]:
    """By which method of `env` the code reads each variable."""
    code = "\n".join(
        path.read_text("utf-8") for room in ROOMS for path in (ROOT / room).rglob("*.py")
    )
    return {name: kind for kind, name in _READ.findall(code)}


def page(language: Language) -> str:
    """The whole page, as Markdown."""
    translated = _translations() if language is RUSSIAN else None
    read_as, heading = kinds(), ""
    lines = [f"# {language.title}", "", language.intro]
    for group in groups():
        if group.heading != heading:
            heading = group.heading
            shown = translated["headings"][heading] if translated else heading
            columns = " | ".join(language.columns)
            lines += ["", f"## {shown}", "", f"| {columns} |", "| --- | --- | --- |"]
        words = translated["variables"][group.key] if translated else group.words
        names = "<br>".join(f"`{name}`" for name in group.variables)
        values = "<br>".join(
            _value(language, name, default, read_as.get(name, ""))
            for name, default in group.variables.items()
        )
        lines.append(f"| {names} | {values} | {_cell(words)} |")
    return "\n".join(lines) + "\n"


def untranslated() -> set[str]:
    """Headings and first variables of groups that have no Russian words."""
    words = _translations()
    headings = {group.heading for group in groups()} - words["headings"].keys()
    return headings | {group.key for group in groups()} - words["variables"].keys()


def _translations() -> dict[str, dict[str, str]]:
    return tomllib.loads((DOCS / "configuration.ru.toml").read_text("utf-8"))


def _value(language: Language, name: str, default: str, kind: str) -> str:
    said = f"`{_cell(default)}`" if default else language.unset
    notes = [language.kinds[kind]] if kind in language.kinds else []
    if name in SECRETS:
        notes.append(language.secret)
    return f"{said} ({', '.join(notes)})" if notes else said


def _cell(text: str) -> str:
    """Text that can stand in a table: nothing in it is taken for HTML or a column's end."""
    parts = re.split(r"(`[^`]*`)", text.replace("|", r"\|"))
    return "".join(part if part.startswith("`") else part.replace("<", "&lt;") for part in parts)


def main() -> None:
    """Write both pages."""
    for language in (ENGLISH, RUSSIAN):
        (DOCS / language.file).write_text(page(language), "utf-8")


if __name__ == "__main__":
    main()
