import assert from "node:assert/strict";
import { test } from "node:test";

import { LockBudget } from "../../../arcontent/static/arcontent/viewer/budget.js";

/** A second of frames of which some have a result of these ages. */
function second(budget, agesMs) {
  for (let i = 0; i < 15; i += 1) {
    budget.frame();
    if (i < agesMs.length) budget.result(agesMs[i]);
  }
}

function answers(...seconds) {
  const budget = late();
  return seconds.map((agesMs) => {
    second(budget, agesMs);
    budget.frame();
    budget.pause();
    return budget.fits;
  });
}

const ages = (count, ageMs) => Array(count).fill(ageMs);

/** What was measured before does not fit. */
function late() {
  const budget = new LockBudget();
  second(budget, []);
  budget.frame();
  budget.pause();
  assert.equal(budget.fits, false);
  return budget;
}

test("until enough was measured it fits", () => {
  const budget = new LockBudget();
  assert.equal(budget.fits, true);
  second(budget, [900, 900]);
  assert.equal(budget.fits, true);
  budget.frame();
  assert.equal(budget.fits, false);
});

test("young results of nearly all frames fit, old ones and rare ones do not", () => {
  for (const [agesMs, fits] of [
    [ages(15, 20), true],
    [ages(5, 150), true],
    [ages(4, 20), false],
    [ages(15, 151), false],
    [[], false],
  ]) {
    assert.deepEqual(answers(agesMs), [fits], `${agesMs}`);
  }
});

test("one old result of ten is forgiven, two are not", () => {
  assert.deepEqual(answers([...ages(14, 20), 300]), [true]);
  assert.deepEqual(answers([...ages(13, 20), 300, 300]), [false]);
});

test("what fits goes on fitting a little beyond, and must fit well to begin again", () => {
  const [good, fair, bad] = [ages(15, 30), ages(3, 180), ages(15, 210)];

  assert.deepEqual(answers(fair, good, fair, bad, fair, good), [false, true, true, false, false, true]);
});

test("a break is not taken for missing results", () => {
  const budget = late();
  second(budget, ages(15, 30));
  budget.frame();
  for (let i = 0; i < 10; i += 1) budget.frame();

  budget.pause();
  second(budget, ages(15, 30));
  budget.frame();

  assert.equal(budget.fits, true);
});
