import assert from "node:assert/strict";
import { test } from "node:test";

import { blankImage, halveInto } from "../../../arcontent/static/arcontent/engine/image.js";
import { ScaleSpace, blurInto } from "../../../arcontent/static/arcontent/engine/pyramid.js";
import { drawnPicture } from "./scenes.js";

const BINOMIAL = [1, 4, 6, 4, 1];

function blurred(image) {
  const result = blankImage(image.width, image.height);
  blurInto(image, result, new Float32Array(image.data.length));
  return result;
}

test("a single bright pixel is blurred into the binomial", () => {
  const image = blankImage(11, 9);
  image.data[4 * 11 + 5] = 256;

  const { data } = blurred(image);

  for (let y = 0; y < 9; y += 1) {
    for (let x = 0; x < 11; x += 1) {
      assert.equal(data[y * 11 + x], (BINOMIAL[x - 3] ?? 0) * (BINOMIAL[y - 2] ?? 0));
    }
  }
});

test("blurring repeats the edge pixel beyond the border", () => {
  const image = drawnPicture({ seed: 3, width: 40, height: 30 });
  const at = (x, y) => image.data[Math.min(Math.max(y, 0), 29) * 40 + Math.min(Math.max(x, 0), 39)];

  const { data } = blurred(image);

  for (const [x, y] of [[0, 0], [1, 0], [39, 29], [38, 1], [20, 28], [0, 15]]) {
    let sum = 0;
    for (let j = 0; j < 5; j += 1) {
      for (let i = 0; i < 5; i += 1) sum += BINOMIAL[i] * BINOMIAL[j] * at(x + i - 2, y + j - 2);
    }
    assert.ok(Math.abs(data[y * 40 + x] - sum / 256) < 1e-3, `at ${x}, ${y}`);
  }
});

test("halving takes the mean of four and drops an odd edge", () => {
  const image = { width: 5, height: 3, data: Float32Array.from({ length: 15 }, (_, i) => i) };
  const half = blankImage(2, 1);

  halveInto(image, half);

  assert.deepEqual(Array.from(half.data), [3, 5]);
});

test("there are five octaves at most, none with a side under eight pixels", () => {
  const sizes = (width, height) =>
    new ScaleSpace(width, height).octaves.map(({ first }) => [first.width, first.height]);

  assert.deepEqual(sizes(640, 480), [[640, 480], [320, 240], [160, 120], [80, 60], [40, 30]]);
  assert.deepEqual(sizes(60, 33), [[60, 33], [30, 16], [15, 8]]);
});

test("each octave begins with the half of the one before, blurred twice there", () => {
  const image = drawnPicture({ seed: 4, width: 64, height: 48 });
  const space = new ScaleSpace(64, 48);

  space.fill(image);

  const twice = blurred(blurred(image));
  const half = blankImage(32, 24);
  halveInto(twice, half);
  assert.deepEqual(space.octaves[0].second.data, twice.data);
  assert.deepEqual(space.octaves[1].first.data, half.data);
  assert.deepEqual(space.octaves[1].second.data, blurred(half).data);
});

test("an even image stays even everywhere", () => {
  const image = blankImage(80, 60);
  image.data.fill(77);
  const space = new ScaleSpace(80, 60);

  space.fill(image);

  for (const { second } of space.octaves) assert.ok(second.data.every((value) => Math.abs(value - 77) < 1e-4));
});
