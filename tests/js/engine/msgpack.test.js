import assert from "node:assert/strict";
import { test } from "node:test";

import { MalformedMsgpack, decodeMsgpack } from "../../../arcontent/static/arcontent/engine/msgpack.js";
import { encodeMsgpack } from "./mindfile.js";

const decode = (...bytes) => decodeMsgpack(Uint8Array.from(bytes).buffer);

test("every number format of the specification is read", () => {
  assert.equal(decode(0x07), 7);
  assert.equal(decode(0xe0), -32);
  assert.equal(decode(0xcc, 200), 200);
  assert.equal(decode(0xcd, 1, 2), 258);
  assert.equal(decode(0xce, 255, 255, 255, 255), 4294967295);
  assert.equal(decode(0xcf, 0, 0, 0, 1, 0, 0, 0, 0), 4294967296);
  assert.equal(decode(0xd0, 0x80), -128);
  assert.equal(decode(0xd1, 0xff, 0xfe), -2);
  assert.equal(decode(0xd2, 0xff, 0xff, 0xff, 0xfd), -3);
  assert.equal(decode(0xd3, 255, 255, 255, 255, 255, 255, 255, 252), -4);
  assert.equal(decode(0xca, 0x3f, 0xc0, 0, 0), 1.5);
  assert.equal(decode(0xcb, 0x40, 0x09, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18), Math.PI);
});

test("texts, bytes, lists, maps, booleans and nothing are read", () => {
  assert.equal(decode(0xa2, 0xc3, 0xa9), "é");
  assert.equal(decode(0xda, 0, 1, 0x61), "a");
  assert.deepEqual(decode(0xc4, 2, 9, 8), Uint8Array.of(9, 8));
  assert.deepEqual(decode(0x93, 0xc0, 0xc2, 0xc3), [null, false, true]);
  assert.deepEqual(decode(0xdc, 0, 1, 5), [5]);
  assert.deepEqual({ ...decode(0x81, 0xa1, 0x61, 0x90) }, { a: [] });
});

test("what was encoded is decoded", () => {
  const value = { v: 2, list: [1.25, -3, "text", null, true, [], {}], data: Uint8Array.of(1, 2, 3) };

  const decoded = decodeMsgpack(encodeMsgpack(value));

  assert.equal(JSON.stringify(decoded), JSON.stringify(value));
});

test("a key cannot reach the prototype", () => {
  const map = decode(0x81, 0xa9, ...new TextEncoder().encode("__proto__"), 0x90);

  assert.equal(Object.getPrototypeOf(map), null);
  assert.deepEqual(Object.keys(map), ["__proto__"]);
});

for (const [what, bytes] of Object.entries({
  "no byte at all": [],
  "a number cut short": [0xcb, 1, 2],
  "bytes after the value": [0x01, 0x02],
  "a list that promises more than there is": [0xdd, 0xff, 0xff, 0xff, 0xff, 0x01],
  "a map that promises more than there is": [0xdf, 0x7f, 0xff, 0xff, 0xff, 0x01],
  "bytes that promise more than there are": [0xc6, 0x7f, 0xff, 0xff, 0xff, 0x01],
  "a key that is a number": [0x81, 0x01, 0x01],
  "a text that is not UTF-8": [0xa1, 0xff],
  "an integer that is not exact": [0xcf, 255, 255, 255, 255, 255, 255, 255, 255],
  "an extension type": [0xd4, 1, 1],
  "nesting without end": [...Array(1000).fill(0x91), 0xc0],
})) {
  test(`${what} is refused`, () => {
    assert.throws(() => decode(...bytes), MalformedMsgpack);
  });
}
