import assert from "node:assert/strict";
import { test } from "node:test";

import {
  adjugate, isPlausible, mix, multiply, normalizedAt, project, refine, roomForPairs, solveInPlace, throughFourPairs,
} from "../../../arcontent/static/arcontent/engine/homography.js";
import { cornerError, pose, randomNumbers } from "./scenes.js";

const PICTURE = { width: 400, height: 300 };

function pairsUnder(homography, count, random, noise = 0) {
  const pairs = roomForPairs(count);
  pairs.count = count;
  for (let i = 0; i < count; i += 1) {
    pairs.x[i] = random() * PICTURE.width;
    pairs.y[i] = random() * PICTURE.height;
    [pairs.u[i], pairs.v[i]] = project(homography, pairs.x[i], pairs.y[i]);
    pairs.u[i] += noise * (random() - 0.5);
    pairs.v[i] += noise * (random() - 0.5);
    pairs.weight[i] = 1;
  }
  return pairs;
}

const truth = () => pose({ picture: PICTURE, zoom: 0.9, turn: 0.7, tilt: 0.5, cx: 300, cy: 200 });

test("the adjugate undoes a homography", () => {
  const [x, y] = project(adjugate(truth()), ...project(truth(), 123, 45));

  assert.ok(Math.hypot(x - 123, y - 45) < 1e-9);
});

test("a product applies its right factor first", () => {
  const shift = Float64Array.of(1, 0, 10, 0, 1, 0, 0, 0, 1);
  const double = Float64Array.of(2, 0, 0, 0, 2, 0, 0, 0, 1);

  assert.deepEqual(project(multiply(double, shift), 1, 1), [22, 2]);
});

test("four pairs give the homography they lie on", () => {
  const pairs = pairsUnder(truth(), 4, randomNumbers(1));

  const found = throughFourPairs(pairs, [0, 1, 2, 3]);

  assert.ok(found !== null && cornerError(found, truth(), PICTURE) < 1e-6);
});

test("three pairs on a line, or a mirrored four, give none", () => {
  const lined = pairsUnder(truth(), 4, randomNumbers(2));
  for (const i of [0, 1, 2]) [lined.x[i], lined.y[i]] = [100 * i, 50 * i];
  const mirrored = pairsUnder(truth(), 4, randomNumbers(3));
  for (let i = 0; i < 4; i += 1) mirrored.u[i] = 640 - mirrored.u[i];

  assert.equal(throughFourPairs(lined, [0, 1, 2, 3]), null);
  assert.equal(throughFourPairs(mirrored, [0, 1, 2, 3]), null);
});

test("refining comes back to the truth from some pixels off, though a third are outliers", () => {
  const random = randomNumbers(4);
  const pairs = pairsUnder(truth(), 90, random, 0.4);
  for (let i = 0; i < 90; i += 3) pairs.u[i] += 40 + 100 * random();
  const start = pose({ picture: PICTURE, zoom: 0.91, turn: 0.705, tilt: 0.48, cx: 303, cy: 198 });

  const refined = refine(start, pairs, { steps: 6, fromPx: 20, toPx: 2, ...PICTURE });

  assert.ok(refined !== null);
  const error = cornerError(refined, truth(), PICTURE);
  assert.ok(error < 0.25, `${error} px`);
});

test("a pair that is known in one direction alone does not pull in the other", () => {
  const pairs = pairsUnder(truth(), 40, randomNumbers(6));
  for (let i = 0; i < 40; i += 1) {
    pairs.vv[i] = 0;
    if (i % 2 === 0) [pairs.uu[i], pairs.vv[i]] = [0, 1];
    pairs[i % 2 === 0 ? "u" : "v"][i] += 5;
  }

  const refined = refine(truth(), pairs, { steps: 4, fromPx: 20, toPx: 20, ...PICTURE });

  assert.ok(refined !== null && cornerError(refined, truth(), PICTURE) < 1e-6);
});

test("seven poor pairs hardly bend a pose that is known to be near", () => {
  const errors = { free: [], tied: [] };
  for (let seed = 1; seed <= 20; seed += 1) {
    const pairs = pairsUnder(truth(), 7, randomNumbers(seed), 12);
    const options = { steps: 6, fromPx: 32, toPx: 16, ...PICTURE };
    for (const [name, spreadPx] of [["free", 0], ["tied", 8]]) {
      const refined = refine(truth(), pairs, { ...options, spreadPx });
      errors[name].push(refined === null ? Infinity : cornerError(refined, truth(), PICTURE));
    }
  }

  const worst = Math.max(...errors.tied);
  assert.ok(worst < 15, `${worst} px`);
  assert.ok(Math.max(...errors.free) > 3 * worst);
});

test("refining gives nothing when the pairs do not settle a homography", () => {
  const pairs = pairsUnder(truth(), 3, randomNumbers(5));

  assert.equal(refine(truth(), pairs, { steps: 3, fromPx: 5, toPx: 5, ...PICTURE }), null);
});

test("a symmetric system is solved, a singular one is not", () => {
  const right = Float64Array.of(8, 7);

  assert.equal(solveInPlace(Float64Array.of(4, 0, 2, 3), right), true);
  assert.ok(Math.abs(right[0] - 1.25) < 1e-12 && Math.abs(right[1] - 1.5) < 1e-12);
  assert.equal(solveInPlace(Float64Array.of(1, 0, 1, 1), Float64Array.of(1, 1)), false);
});

test("halfway between two near homographies lies each point halfway", () => {
  const from = normalizedAt(pose({ picture: PICTURE, cx: 300 }), 200, 150);
  const to = normalizedAt(pose({ picture: PICTURE, cx: 302 }), 200, 150);

  assert.deepEqual(project(mix(from, to, 0.5), 200, 150), [301, 240]);
});

test("only what a camera can see of a print is plausible", () => {
  const { width, height } = PICTURE;
  const seen = (options) => isPlausible(pose({ picture: PICTURE, ...options }), width, height);
  const mirrored = multiply(Float64Array.of(-1, 0, 640, 0, 1, 0, 0, 0, 1), truth());

  assert.equal(seen({ tilt: 0.9, turn: 2 }), true);
  assert.equal(seen({ zoom: 0.02 }), false, "a speck");
  assert.equal(seen({ tilt: 1.99 }), false, "an edge at the camera");
  assert.equal(seen({ tilt: 3 }), false, "partly behind the camera");
  assert.equal(isPlausible(mirrored, width, height), false, "mirrored");
});
