"""`make schema-diff SINCE=v2.0.0` says what clients of the API would notice since then.

It ends with 1 where something that they may rely on is gone: an operation, a field of an answer, a
kind of value; or where something is demanded of them that was not.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[1]
FILE: Final = "docs/openapi.yaml"
METHODS: Final = ("get", "post", "put", "patch", "delete")

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One difference.

    Attributes:
        where: the operation or the schema.
        what: in words.
        breaks: whether a client that worked may work no more.
    """

    where: str
    what: str
    breaks: bool


def changes(old: Document, new: Document) -> list[Change]:
    """Compare two documents of OpenAPI.

    Names of schemas are taken to stay: one that is renamed counts as gone and new.
    """
    return sorted({*_operations(old, new), *_schemas(old, new)})


def _operations(old: Document, new: Document) -> Iterator[Change]:
    before, after = dict(_flat(old)), dict(_flat(new))
    for where in before.keys() - after.keys():
        yield Change(where, "is gone", breaks=True)
    for where in after.keys() - before.keys():
        yield Change(where, "is new", breaks=False)
    for where in before.keys() & after.keys():
        then, now = _parameters(before[where]), _parameters(after[where])
        for name in then.keys() - now.keys():
            yield Change(where, f"takes {name} no more", breaks=True)
        for name in now:
            if now[name] and not then.get(name):
                yield Change(where, f"demands {name}", breaks=True)
        for status in set(before[where].get("responses", {})) - set(after[where]["responses"]):
            yield Change(where, f"answers {status} no more", breaks=status.startswith("2"))


def _schemas(old: Document, new: Document) -> Iterator[Change]:
    before = old.get("components", {}).get("schemas", {})
    after = new.get("components", {}).get("schemas", {})
    for where in before.keys() & after.keys():
        then, now = before[where], after[where]
        fields, fields_now = then.get("properties", {}), now.get("properties", {})
        for name in fields.keys() - fields_now.keys():
            yield Change(where, f"has no {name} any more", breaks=True)
        for name in fields_now.keys() - fields.keys():
            yield Change(where, f"has {name}", breaks=False)
        for name in fields.keys() & fields_now.keys():
            kind, kind_now = fields[name].get("type"), fields_now[name].get("type")
            if kind and kind_now and kind != kind_now:
                yield Change(where, f"has {name} as {kind_now}", breaks=True)
        for value in set(map(str, then.get("enum", []))) - set(map(str, now.get("enum", []))):
            yield Change(where, f"knows {value} no more", breaks=True)
        if where.endswith("Request"):  # in answers a field that is always there breaks nobody
            for name in set(now.get("required", [])) - set(then.get("required", [])):
                yield Change(where, f"demands {name}", breaks=True)


def _flat(document: Document) -> Iterator[tuple[str, Document]]:
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def _parameters(operation: Document) -> dict[str, bool]:
    """Names of parameters, and whether each is demanded."""
    return {
        f"{parameter['in']} parameter {parameter['name']}": parameter.get("required", False)
        for parameter in operation.get("parameters", [])
    }


def main(since: str) -> int:
    """Print all changes; 1 if any breaks."""
    command = ["git", "show", f"{since}:{FILE}"]
    then = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    found = changes(yaml.safe_load(then), yaml.safe_load((ROOT / FILE).read_text("utf-8")))
    for change in found:
        mark = "BREAKS" if change.breaks else "      "
        sys.stdout.write(f"{mark} {change.where} {change.what}\n")
    sys.stdout.write(f"{len(found)} changes of the API since {since}\n")
    return int(any(change.breaks for change in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
