"""The one reader of the environment. `NAME` may also come from the file that `NAME_FILE` names.

While `manage.py up` runs, it leaves what it made (addresses of its servers, where files lie) and
what it was given in `VERTEXAR_HOME/running.json`. That stands in for what the environment does not
say, so that `manage.py demo` and all other commands work on the installation that runs here.
"""

import json
import os
from collections import ChainMap
from pathlib import Path
from typing import cast

from django.core.exceptions import ImproperlyConfigured
from environ import FileAwareEnv
from environ.fileaware_mapping import FileAwareMapping

BASE_DIR = Path(__file__).resolve().parents[1]


class Variables(FileAwareMapping):  # type: ignore[misc]  # untyped
    """Variables as written, or from their file without the line's end; an empty one is not set.

    `environ` would take a value that begins with `$` for the name of another variable, and a
    password may well begin with one: each `$` is escaped here, and `escape_proxy` undoes it.
    """

    def __getitem__(self, name: str) -> str:
        """Look one up.

        Raises:
            KeyError: it is not set, or to nothing.
            ImproperlyConfigured: the file that should hold it can't be read.
        """
        try:
            value = cast("str", super().__getitem__(name)).strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            file = self.env[f"{name}_FILE"]
            raise ImproperlyConfigured(f"{name}_FILE names {file}: {reason}.") from error
        if not value:
            raise KeyError(name)
        return value.replace("$", r"\$")


def home() -> Path:
    """The folder of the local installation."""
    return Path(os.environ.get("VERTEXAR_HOME") or BASE_DIR / ".local").resolve()


def left_by_up() -> dict[str, str]:
    """What a running `manage.py up` says of itself; nothing where none runs."""
    try:
        left = cast("dict[str, str]", json.loads((home() / "running.json").read_text()))
    except (OSError, ValueError):  # none runs, or it belongs to somebody else
        return {}
    # A file comes before a variable, but none of theirs before a variable of ours.
    return {name: left[name] for name in left if not os.environ.get(name.removesuffix("_FILE"))}


env = FileAwareEnv()
env.ENVIRON = Variables(ChainMap(dict(os.environ), left_by_up()))
env.escape_proxy = True
