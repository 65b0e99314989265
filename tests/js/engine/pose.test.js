import assert from "node:assert/strict";
import { test } from "node:test";

import { PoseFinder, seededRandom } from "../../../arcontent/static/arcontent/engine/pose.js";
import { project } from "../../../arcontent/static/arcontent/engine/homography.js";
import { cornerError, pose, randomNumbers } from "./scenes.js";

const PICTURE = { width: 400, height: 300 };

/** Matches of which some are right under a homography that turns by `turn` and zooms by `zoom`. */
function scene({ seed, right, wrong, homography, turn = 0, zoom = 1 }) {
  const random = randomNumbers(seed);
  const count = right + wrong;
  const column = (from) => Float32Array.from({ length: count }, (_, i) => from(i));
  const features = {
    count,
    x: column(() => random() * PICTURE.width),
    y: column(() => random() * PICTURE.height),
    size: column(() => 2),
    angle: column(() => (random() - 0.5) * 6),
    words: new Uint32Array(0),
  };
  const at = (i) => project(homography, features.x[i], features.y[i]);
  const keypoints = {
    count,
    x: column((i) => (i < right ? at(i)[0] - 0.5 + (random() - 0.5) : random() * 640)),
    y: column((i) => (i < right ? at(i)[1] - 0.5 + (random() - 0.5) : random() * 480)),
    octave: Uint8Array.from({ length: count }, (_, i) => (i < right ? Math.round(Math.log2(2 * zoom)) : 1 + (i % 3))),
    kind: new Uint8Array(count),
  };
  const descriptions = {
    angle: column((i) => (i < right ? features.angle[i] + turn : (random() - 0.5) * 6)),
    words: new Uint32Array(0),
  };
  const rows = Uint32Array.from({ length: count }, (_, i) => i);
  const matches = { count, keypoint: rows, feature: rows, kind: new Uint8Array(count), distance: new Uint16Array(count) };
  const target = { ...PICTURE, features: [features, features], levels: [] };
  return new PoseFinder(target).propose(matches, keypoints, descriptions);
}

test("a pose is found among three times as many wrong matches", () => {
  const homography = pose({ picture: PICTURE, zoom: 1, turn: 0.5, tilt: 0.4 });

  const [best] = scene({ seed: 1, right: 40, wrong: 120, homography, turn: 0.5 });

  assert.ok(best.inliers >= 36, `${best.inliers} inliers`);
  assert.ok(cornerError(best.homography, homography, PICTURE) < 2);
});

test("ten right matches among forty wrong ones are enough", () => {
  const homography = pose({ picture: PICTURE, zoom: 1, turn: -1.2 });

  const [best] = scene({ seed: 2, right: 10, wrong: 40, homography, turn: -1.2 });

  assert.ok(cornerError(best.homography, homography, PICTURE) < 6);
});

test("five matches are too few for a pose", () => {
  const homography = pose({ picture: PICTURE });

  assert.deepEqual(scene({ seed: 3, right: 5, wrong: 0, homography }), []);
});

test("chance matches propose no pose that many of them agree with", () => {
  const homography = pose({ picture: PICTURE });

  for (const seed of [4, 5, 6]) {
    const proposals = scene({ seed, right: 0, wrong: 150, homography });
    assert.ok(proposals.every(({ inliers }) => inliers < 12), JSON.stringify(proposals));
  }
});

test("the same matches propose the same poses", () => {
  const homography = pose({ picture: PICTURE, turn: 0.2, tilt: 0.3 });
  const options = { seed: 7, right: 30, wrong: 60, homography, turn: 0.2 };

  assert.deepEqual(scene(options), scene(options));
});

test("drawn numbers lie in [0, 1) and spread evenly", () => {
  const random = seededRandom(3);
  const numbers = Array.from({ length: 10_000 }, random);

  assert.ok(numbers.every((number) => number >= 0 && number < 1));
  assert.ok(Math.abs(numbers.reduce((a, b) => a + b) / 10_000 - 0.5) < 0.02);
});
