import assert from "node:assert/strict";
import { test } from "node:test";

import { PoseFilter } from "../../../arcontent/static/arcontent/engine/filter.js";
import { cornerError, pose, randomNumbers } from "./scenes.js";

const PICTURE = { width: 400, height: 300 };
const at = (cx, cy = 240) => pose({ picture: PICTURE, cx, cy });
const filter = () => new PoseFilter(PICTURE.width, PICTURE.height);

test("the first pose is taken as it is", () => {
  assert.ok(cornerError(filter().apply(at(320), 0), at(320), PICTURE) < 1e-9);
});

test("noise of a tenth of a pixel is held to a third of its size", () => {
  const subject = filter();
  const random = randomNumbers(1);
  let [before, moved, noise] = [at(320), 0, 0];
  for (let frame = 0; frame < 90; frame += 1) {
    const measured = at(320 + 0.1 * (random() - 0.5), 240 + 0.1 * (random() - 0.5));
    const shown = subject.apply(measured, (frame * 1000) / 30);
    if (frame > 0) {
      moved += cornerError(shown, before, PICTURE);
      noise += cornerError(measured, at(320), PICTURE);
    }
    before = shown;
  }

  assert.ok(moved < noise / 3, `${moved} against ${noise}`);
});

test("a move of a pixel is followed at once", () => {
  const subject = filter();
  subject.apply(at(320), 0);

  assert.ok(cornerError(subject.apply(at(321), 33), at(321), PICTURE) < 1e-9);
});

test("a small lasting move is reached within two seconds", () => {
  const subject = filter();
  subject.apply(at(320), 0);

  let shown = at(320);
  for (let frame = 1; frame <= 60; frame += 1) shown = subject.apply(at(320.12), frame * 33);

  assert.ok(cornerError(shown, at(320.12), PICTURE) < 0.01);
});

test("a larger move is followed no less than a smaller one", () => {
  const followed = [0.05, 0.15, 0.2, 0.3, 0.4, 0.6].map((move) => {
    const subject = filter();
    subject.apply(at(320), 0);
    return cornerError(subject.apply(at(320 + move), 33), at(320), PICTURE);
  });

  for (let i = 1; i < followed.length; i += 1) assert.ok(followed[i] > followed[i - 1], `${followed}`);
});

test("after a reset the next pose is taken as it is", () => {
  const subject = filter();
  subject.apply(at(320), 0);
  subject.reset();

  assert.ok(cornerError(subject.apply(at(320.1), 33), at(320.1), PICTURE) < 1e-9);
});
