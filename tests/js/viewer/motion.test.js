import assert from "node:assert/strict";
import { test } from "node:test";

import { Motion } from "../../../arcontent/static/arcontent/viewer/motion.js";
import { project } from "../../../arcontent/static/arcontent/viewer/overlay.js";

const PICTURE = { width: 200, height: 100 };
const FRAME = { width: 640, height: 480 };
const STEP_MS = 1000 / 15;

/** The picture, twice as large, `x` pixels to the right. */
function at(x) {
  return { homography: [2, 0, x, 0, 2, 50, 0, 0, 1], picture: PICTURE, frame: FRAME };
}

/** How far from `x` the left edge of a pose is. */
function offBy(pose, x) {
  return Math.abs(project(pose.homography, { x: 0, y: 0 }).x - x);
}

/** The largest error of what is seen `lagMs` after each of the poses, with the motion carried on and without. */
function errorsOf(way, lagMs) {
  const motion = new Motion();
  const errors = { carried: 0, left: 0 };
  for (let time = 0; time < 2000; time += STEP_MS) {
    motion.add(at(way(time)), time);
    if (time < 2 * STEP_MS) continue;
    errors.carried = Math.max(errors.carried, offBy(motion.at(time + lagMs), way(time + lagMs)));
    errors.left = Math.max(errors.left, offBy(at(way(time)), way(time + lagMs)));
  }
  return errors;
}

test("a steady motion is carried on to the frame that is seen", () => {
  const { carried, left } = errorsOf((time) => 0.09 * time, 100);

  assert.ok(left > 8.9, `${left}`);
  assert.ok(carried < 0.25 * left, `${carried} of ${left}`);
});

test("a hand that sways is followed more closely than without", () => {
  const { carried, left } = errorsOf((time) => 40 * Math.sin(time / 400), 80);

  assert.ok(carried < 0.6 * left, `${carried} of ${left}`);
});

test("a tremor is not made larger", () => {
  const { carried, left } = errorsOf((time) => 0.7 * Math.sin(time / 30), 80);

  assert.ok(carried <= left, `${carried} of ${left}`);
});

test("of the frame it was found in the pose is exact", () => {
  const motion = new Motion();
  motion.add(at(0), 0);
  motion.add(at(20), 50);

  assert.equal(offBy(motion.at(50), 20), 0);
});

test("motion is not carried on for ever", () => {
  const motion = new Motion();
  motion.add(at(0), 0);
  motion.add(at(20), 50);

  assert.deepEqual(motion.at(300), motion.at(10_000));
  assert.ok(offBy(motion.at(10_000), 20) < 60);
});

test("a pose without a past stays where it is", () => {
  const motion = new Motion();
  assert.equal(motion.at(0), null);

  motion.add(at(0), 0);
  assert.deepEqual(motion.at(80), at(0));

  motion.add(at(20), 5000);
  assert.deepEqual(motion.at(5080), at(20), "after a pause");

  motion.forget();
  motion.add(at(40), 5050);
  assert.deepEqual(motion.at(5100), at(40), "after it was forgotten");
});

test("another picture, or a frame of another size, has a motion of its own", () => {
  const motion = new Motion();
  const others = [{ ...at(20), picture: { ...PICTURE } }, { ...at(20), frame: { width: 480, height: 640 } }];
  for (const other of others) {
    motion.add(at(0), 0);
    motion.add(other, 50);

    assert.deepEqual(motion.at(100), other);
    motion.forget();
  }
});
