import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { remediesOf } from "../../../arcontent/static/arcontent/viewer/remedies.js";

const read = (name) => readFileSync(new URL(`../../../templates/arcontent/${name}.html`, import.meta.url), "utf8");

/** What the page says, by name. */
const MESSAGES = new Map(
  Array.from(read("messages").matchAll(/<(\w+) data-message="(\w+)">(.*?)<\/\1>/gs), ([, , name, words]) => [name, words]),
);

/** Of the messages whose words match, the names. */
const saying = (words) => [...MESSAGES].filter(([, said]) => words.test(said)).map(([name]) => name);

for (const name of saying(/Safari or Chrome/)) {
  test(`who is told by ${name} to open the link in another browser can copy it`, () => {
    assert.ok(remediesOf(name).includes("copy"));
  });
}

for (const name of saying(/try again/i)) {
  test(`who is told by ${name} to try again has a button for it`, () => {
    assert.ok(remediesOf(name).some((action) => action === "retry" || action === "reload"));
  });
}

test("where the camera is refused, be it by the browser itself, the way to another one is shown", () => {
  assert.ok(saying(/Safari or Chrome/).includes("camera_refused"));
  assert.deepEqual(remediesOf("camera_refused"), ["retry", "copy"]);
});

test("each remedy has a button in the notice", () => {
  const buttons = read("notice");
  for (const action of [...MESSAGES.keys()].flatMap(remediesOf)) {
    assert.ok(buttons.includes(`data-action="${action}"`), action);
  }
});

test("without a message nothing is offered, nor where nothing helps", () => {
  assert.deepEqual(remediesOf(null), []);
  assert.deepEqual(remediesOf("content_failed"), []);
});
