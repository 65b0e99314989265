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

    Each module becomes a function that is run once and answers with its exports: names of one stay
    unknown to the others. Modules may write `import { a, b as c } from "./other.js";` and
    `export` before a function, class or constant; nothing else.

    Raises:
        NotJoinable: a module imports or exports otherwise, or imports itself in a circle.
    """
    order: list[str] = []
    bodies: dict[str, str] = {}

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
        bodies[name] = _as_function(name, text, {w: order.index(p) for w, p in places.items()})
        order.append(name)

    visit(entry, ())
    parts = [f"const module{number} = {bodies[name]};" for number, name in enumerate(order)]
    return "\n".join(["(() => {", '"use strict";', *parts, "})();", ""])


def _as_function(name: str, text: str, numbers: dict[str, int]) -> str:
    exports = [exported for _kind, exported in _EXPORT.findall(text)]
    body = _EXPORT.sub(r"\1 \2", _IMPORT.sub(lambda found: _taken(found, numbers), text))
    if left_over := _LEFT_OVER.search(body):
        raise NotJoinable(f"{name}: {left_over[0]}")
    return f"(() => {{\n{body}\nreturn {{ {', '.join(exports)} }};\n}})()"


def _taken(found: re.Match[str], numbers: dict[str, int]) -> str:
    names = re.sub(r"(\w+)\s+as\s+(\w+)", r"\1: \2", found[1])
    return f"const {{{names}}} = module{numbers[found[2]]};"
