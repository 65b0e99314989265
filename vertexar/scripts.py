"""Our JavaScript as it is sent: modules joined into one file, comments and white space left out.

Whoever writes modules writes many, with comments; whoever waits for a page on a phone wants one
file of few bytes. A joined file imports nothing, so that it runs both as a module and as a classic
script: browsers that know no workers made of modules are given the same file. Whoever looks for a
mistake reads the modules as they were written: in development they are served so.
"""

import posixpath
import re
from collections.abc import Callable
from importlib.util import find_spec

Read = Callable[[str], str]  # a module's name -> its text

_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function\*?|class|const) (\w+)", re.MULTILINE)
# Tells tools that a script is a module; the minifier would leave half of it.
_IS_MODULE = re.compile(r"^export \{\s*\};$", re.MULTILINE)
_LEFT_OVER = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)
_LANGUAGE = 2020  # no newer expression is used for being shorter


class NotJoinable(Exception):
    """A module says something in a way that can't be joined; the message quotes it."""


def minified(text: str) -> str:
    """Leave out what a browser does not need: comments, white space, needless punctuation.

    Names inside of functions become short, all others stay: a script alone still has its global
    names, a joined one has none. Where the library does not run (requirements/base.in) nothing is
    left out.

    Raises:
        ValueError: the text is not JavaScript.
    """
    if find_spec("minify") is None:
        return text
    import minify  # brings a runtime of its own, which no server needs

    minify.config({"js-keep-var-names": False, "js-version": _LANGUAGE})
    return str(minify.string("application/javascript", _IS_MODULE.sub("", text)))


def joined(entry: str, read: Read) -> str:
    """Write a module and all that it imports, directly or not, as one file that imports nothing.

    Each module becomes a function that is run once and answers with a list of its exports: names
    of one stay unknown to the others, and cost nothing. Modules may write
    `import { a, b as c } from "./other.js";` and `export` before a function, class or constant;
    nothing else.

    Raises:
        NotJoinable: a module imports or exports otherwise, imports what is not exported, or imports
            itself in a circle.
    """
    order: list[str] = []
    bodies: dict[str, str] = {}
    exports: dict[str, list[str]] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise NotJoinable(f"a circle: {' → '.join([*above, name])}")
        if name in bodies:
            return
        text = read(name)
        places = {
            written: posixpath.normpath(posixpath.join(posixpath.dirname(name), written))
            for _names, written in _IMPORT.findall(text)
        }
        for place in places.values():
            visit(place, (*above, name))
        exports[name] = [exported for _kind, exported in _EXPORT.findall(text)]

        def taken(found: re.Match[str]) -> str:
            place = places[found[2]]
            return _taken(found, name, order.index(place), exports[place])

        body = _IMPORT.sub(taken, text)
        bodies[name] = _as_function(name, body, exports[name])
        order.append(name)

    visit(entry, ())
    parts = [f"const module{number} = {bodies[name]};" for number, name in enumerate(order)]
    return "\n".join(["(() => {", '"use strict";', *parts, "})();", ""])


def _as_function(name: str, text: str, exports: list[str]) -> str:
    body = _EXPORT.sub(r"\1 \2", text)
    if left_over := _LEFT_OVER.search(body):
        raise NotJoinable(f"{name}: {left_over[0]}")
    return f"(() => {{\n{body}\nreturn [{', '.join(exports)}];\n}})()"


def _taken(found: re.Match[str], name: str, number: int, exports: list[str]) -> str:
    """Take by its place in the list what is imported by name."""
    local = {}
    for wish in filter(None, (wish.strip() for wish in found[1].split(","))):
        theirs, _as, ours = wish.partition(" as ")
        if theirs.strip() not in exports:
            raise NotJoinable(f"{name}: {theirs} of {found[2]}")
        local[theirs.strip()] = ours.strip() or theirs.strip()
    return f"const [{', '.join(local.get(exported, '') for exported in exports)}] = module{number};"
