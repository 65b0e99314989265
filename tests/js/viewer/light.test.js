import assert from "node:assert/strict";
import { test } from "node:test";

import { LightJudge, isBlack } from "../../../arcontent/static/arcontent/viewer/light.js";

function pixels(...reds) {
  return reds.flatMap((red) => [red, 0, 0, 255]);
}

test("a picture without any light is black", () => {
  assert.ok(isBlack(pixels(0, 3, 0)));
});

test("one lit pixel makes a picture of it", () => {
  assert.ok(!isBlack(pixels(0, 0, 40)));
});

/** What is said of each of these samples in turn. */
function said(...samples) {
  const judge = new LightJudge();
  return samples.map((reds) => judge.look(pixels(...reds)));
}

test("a camera that shows black for six looks is said to, until it shows something", () => {
  assert.deepEqual(said([0, 1], [1, 0], [0, 0], [0, 0], [2, 0], [0, 0], [0, 0], [90, 80]), [
    ...Array(5).fill(null), "camera_black", "camera_black", null,
  ]);
});

test("a camera that shows the same six times more is said to stand still, until it moves", () => {
  const same = Array(7).fill([40, 50]);

  assert.deepEqual(said(...same, [40, 51]), [...Array(6).fill(null), "camera_frozen", null]);
});

test("a still scene has noise, and is neither", () => {
  assert.deepEqual(said(...Array.from({ length: 12 }, (_, i) => [40 + (i % 2), 50])), Array(12).fill(null));
});
