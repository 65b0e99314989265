"""compose.yaml and what is laid over it, as the engine reads them: variables put in, merged."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
BASE, DEVELOPMENT, STAGING = "compose.yaml", "compose.override.yaml", "compose.staging.yaml"
VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?::?([-?])([^}]*))?\}")


class _Loader(yaml.SafeLoader):
    """Understands the one tag of compose's own that is in use."""


class Replacing(list[Any]):
    """A list that stands in place of the one below it."""


def _replacing(loader: yaml.SafeLoader, node: yaml.Node) -> Replacing:
    if not isinstance(node, yaml.SequenceNode):
        raise TypeError("only lists are overridden here")
    return Replacing(loader.construct_sequence(node, deep=True))


_Loader.add_constructor("!override", _replacing)


def put_in(text: str, variables: Mapping[str, str]) -> str:
    """Put variables into a compose file: `${NAME}`, `${NAME:-default}`, `${NAME:?why}`, `$$`.

    Raises:
        KeyError: a variable without default is missing.
    """

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        if name is None:
            return "$"
        if name not in variables and kind != "-":
            raise KeyError(f"{name}: {rest}")
        return variables.get(name) or rest or ""

    return VARIABLE.sub(value, text)


def read(name: str, **variables: str) -> dict[str, Any]:
    """Read one file."""
    text = put_in((ROOT / name).read_text(encoding="utf-8"), variables)
    content: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506  # it is a SafeLoader
    return content


def system(*over: str, **variables: str) -> dict[str, Any]:
    """Read compose.yaml with files laid over it."""
    whole = read(BASE, **variables)
    for name in over:
        whole = merge(whole, read(name, **variables))
    return whole


def merge(below: Any, above: Any) -> Any:
    """Lay one value over another: mappings are merged, lists added, all else replaced.

    `command` and `entrypoint` are replaced too, see `_merged`.
    """
    if isinstance(below, dict) and isinstance(above, dict):
        return {key: _merged(key, below, above) for key in below | above}
    if isinstance(above, Replacing):
        return list(above)
    if isinstance(below, list) and isinstance(above, list):
        return below + above
    return above


def _merged(key: str, below: dict[str, Any], above: dict[str, Any]) -> Any:
    if key not in above:
        return below[key]
    if key not in below or key in {"command", "entrypoint"}:
        return above[key]
    return merge(below[key], above[key])
