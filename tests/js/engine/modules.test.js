import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const ENGINE = new URL("../../../arcontent/static/arcontent/engine/", import.meta.url);
const sources = new Map(
  readdirSync(ENGINE).filter((name) => name.endsWith(".js")).map((name) => [name, readFileSync(new URL(name, ENGINE), "utf-8")]),
);

/** What Django's hashing of file names takes for imports: also those in comments. */
const IMPORT = /^import [^;"]* from "\.\/([a-z]+\.js)";$/gm;
const imports = (name) => Array.from(sources.get(name).matchAll(IMPORT), ([, imported]) => imported);

test("imports are static, relative and on one line, so that file names can be hashed", () => {
  for (const [name, source] of sources) {
    const statements = source.match(/^import\b/gm) ?? [];
    assert.equal(imports(name).length, statements.length, name);
    assert.doesNotMatch(source, /\bimport\(|import\.meta|importScripts/, name);
    for (const imported of imports(name)) assert.ok(sources.has(imported), `${name} imports ${imported}`);
  }
});

test("no chain of imports is longer than three, so that hashing settles in Django's five passes", () => {
  const depth = (name, trail = []) => {
    assert.ok(!trail.includes(name), `${[...trail, name]} is a circle`);
    return Math.max(0, ...imports(name).map((imported) => 1 + depth(imported, [...trail, name])));
  };

  for (const name of sources.keys()) assert.ok(depth(name) <= 3, `${name}: ${depth(name)}`);
});

test("nothing needs more than a strict policy allows", () => {
  for (const [name, source] of sources) {
    assert.doesNotMatch(source, /\beval\b|new Function|WebAssembly|\bBlob\b|createObjectURL|[wW]eb[gG][lL]/, name);
  }
});

test("no stage is longer than four hundred lines", () => {
  for (const [name, source] of sources) assert.ok(source.split("\n").length <= 400, name);
});
