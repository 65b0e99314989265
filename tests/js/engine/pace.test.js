import assert from "node:assert/strict";
import { test } from "node:test";

import { Pace } from "../../../arcontent/static/arcontent/engine/pace.js";

/** Levels after each group of 15 frames of one duration. */
function levels(...groups) {
  const pace = new Pace();
  return groups.map((ms) => {
    for (let i = 0; i < 15; i += 1) pace.add(ms);
    return pace.level;
  });
}

const times = (count, ms) => Array(count).fill(ms);

test("a fast phone does everything", () => {
  assert.deepEqual(levels(5, 24, 25), [0, 0, 0]);
});

test("a slow phone does less, step by step, and no less than there is", () => {
  assert.deepEqual(levels(40, 40, 40), [1, 2, 2]);
});

test("single slow frames are no reason", () => {
  const pace = new Pace();

  for (let i = 0; i < 150; i += 1) pace.add(i % 15 < 7 ? 300 : 5);

  assert.equal(pace.level, 0);
});

test("more is done again after a while of fast frames only; neither fast nor slow changes nothing", () => {
  assert.deepEqual(levels(40, 9, 9, 9, 9), [1, 1, 1, 1, 0]);
  assert.deepEqual(levels(40, 9, 9, 9, 15, 9, 9, 9, 9), [1, 1, 1, 1, 1, 1, 1, 1, 0]);
  assert.deepEqual(levels(40, ...times(20, 18)), times(21, 1));
});

test("what was too much is tried again later than the first time", () => {
  const [once] = [levels(40, ...times(4, 5), 40, ...times(8, 5))];

  assert.deepEqual(once, [1, 1, 1, 1, 0, 1, ...times(7, 1), 0]);
});
