"""The settings in force, without secrets: what one needs to know to set up the same again."""

import json
import platform
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import django
from django.conf import settings
from django.utils.functional import Promise

from backups.snapshot import Snapshot
from vertexar import __version__

HIDDEN: Final = "…"
# Words in names whose values are secrets; what is not known to be harmless counts as one.
SECRET_WORDS: Final = (
    "SECRET", "PASSWORD", "TOKEN", "PRIVATE", "CREDENTIAL", "KEY", "IDENTITY", "SIGNING", "DSN",
)  # fmt: skip
CREDENTIALS: Final = re.compile(r"://\S*@")
HARMLESS: Final = {
    "AUTH_PASSWORD_VALIDATORS",
    "PASSWORD_HASHERS",
    "PASSWORD_RESET_TIMEOUT",
    "JWT_KEYS_DIR",
    "KEY_PREFIX",
}


def versions(snapshot: Snapshot) -> dict[str, str]:
    """What the data were written by, for manifests."""
    return {
        "vertexar": __version__,
        "postgresql": snapshot.server,
        "pg_dump": snapshot.pg_dump.version_text,
        "python": platform.python_version(),
        "django": django.get_version(),
    }


def as_json(snapshot: Snapshot) -> bytes:
    """The configuration as a page of JSON that people can read."""
    page = {
        "settings": in_force(),
        "versions": versions(snapshot),
        "migrations": snapshot.migrations,
    }
    text = json.dumps(page, indent=2, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


def in_force() -> dict[str, Any]:
    """All settings of the product, with secrets hidden."""
    return {
        name: _shown(name, getattr(settings, name))
        for name in sorted(dir(settings))
        if name.isupper()
    }


def _shown(name: str, value: Any) -> Any:
    if name.upper() not in HARMLESS and any(word in name.upper() for word in SECRET_WORDS):
        return HIDDEN if value else value if value is None else ""
    match value:
        case None | bool() | int() | float():
            return value
        case str() | Path() | Promise():
            return _without_credentials(str(value))
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(key): _shown(str(key), inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            shown = [_shown("", inner) for inner in value]
            return sorted(shown, key=str) if isinstance(value, set | frozenset) else shown
        case _:
            return str(value)


def _without_credentials(text: str) -> str:
    """A URL without user and password, whatever is in them; what is no URL as it is."""
    return CREDENTIALS.sub(f"://{HIDDEN}@", text)
