import assert from "node:assert/strict";
import { test } from "node:test";

import { Describer, WORDS } from "../../../arcontent/static/arcontent/engine/freak.js";
import { Detector } from "../../../arcontent/static/arcontent/engine/detect.js";
import { ScaleSpace } from "../../../arcontent/static/arcontent/engine/pyramid.js";
import { blankImage } from "../../../arcontent/static/arcontent/engine/image.js";
import { askPython, isMissing } from "./python.js";
import { drawnPicture } from "./scenes.js";

function described(image, keypoints = null) {
  const space = new ScaleSpace(image.width, image.height);
  space.fill(image);
  const points = keypoints ?? new Detector(space, { perBucket: 8, total: 1000 }).detect();
  return { points, ...new Describer(1000).describe(space, points) };
}

function differingBits(a, b) {
  let bits = 0;
  for (let i = 0; i < WORDS; i += 1) {
    for (let rest = (a[i] ^ b[i]) >>> 0; rest; rest &= rest - 1) bits += 1;
  }
  return bits;
}

function turnedByAQuarter({ width, height, data }) {
  const turned = blankImage(height, width);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) turned.data[x * height + (height - 1 - y)] = data[y * width + x];
  }
  return turned;
}

test("points and descriptors are those of the Python compiler, bit by bit", { skip: isMissing }, () => {
  const truth = askPython("features", { seed: 5, width: 320, height: 240 });
  const image = { width: 320, height: 240, data: Float32Array.from(Buffer.from(truth.grey, "base64")) };
  const bytes = Buffer.from(truth.descriptors, "base64");
  const count = truth.points.length;
  const keypoints = {
    count,
    x: Float32Array.from(truth.points, ([x]) => x),
    y: Float32Array.from(truth.points, ([, y]) => y),
    octave: Uint8Array.from(truth.points, ([, , size]) => Math.log2(size)),
    kind: Uint8Array.from(truth.points, ([, , , isMaximum]) => Number(isMaximum)),
  };

  const { angle, words } = described(image, keypoints);
  const own = described(image).points;

  assert.ok(count > 200);
  for (let i = 0; i < count; i += 1) {
    const theirs = Array.from({ length: WORDS }, (_, k) => bytes.readUInt32BE(4 * (i * WORDS + k)));
    assert.equal(differingBits(words.subarray(i * WORDS, (i + 1) * WORDS), theirs), 0, `point ${i}`);
    assert.ok(Math.abs(angle[i] - truth.points[i][4]) < 1e-4, `angle of point ${i}`);
  }
  const isFound = truth.points.filter(([x, y, size, isMaximum]) => {
    for (let i = 0; i < own.count; i += 1) {
      const isSame = own.kind[i] === Number(isMaximum) && 1 << own.octave[i] === size;
      if (isSame && Math.hypot(own.x[i] - x, own.y[i] - y) < 0.05 * size) return true;
    }
    return false;
  });
  assert.ok(isFound.length >= 0.97 * count, `${isFound.length} of ${count}`);
});

test("a turned picture turns the directions and keeps the descriptors", () => {
  const image = drawnPicture({ seed: 8, width: 200, height: 200 });
  const upright = described(image);
  const before = { ...upright, words: upright.words.slice(), angle: upright.angle.slice() };

  const after = described(turnedByAQuarter(image));

  let pairs = 0;
  let alike = 0;
  for (let i = 0; i < before.points.count; i += 1) {
    for (let j = 0; j < after.points.count; j += 1) {
      const isSame =
        before.points.octave[i] === after.points.octave[j] &&
        Math.hypot(199 - before.points.y[i] - after.points.x[j], before.points.x[i] - after.points.y[j]) < 0.2;
      if (!isSame) continue;
      pairs += 1;
      const turn = after.angle[j] - before.angle[i] - Math.PI / 2;
      const off = Math.abs(turn - 2 * Math.PI * Math.round(turn / (2 * Math.PI)));
      const a = before.words.subarray(i * WORDS, (i + 1) * WORDS);
      const b = after.words.subarray(j * WORDS, (j + 1) * WORDS);
      if (off < 0.35 && differingBits(a, b) < 120) alike += 1;
    }
  }
  assert.ok(pairs > 60, `${pairs} pairs`);
  assert.ok(alike >= 0.85 * pairs, `${alike} of ${pairs}`);
});

test("the last six bits of a descriptor are zero", () => {
  const { points, words } = described(drawnPicture({ seed: 9 }));

  assert.ok(points.count > 0);
  for (let i = 0; i < points.count; i += 1) assert.equal(words[i * WORDS + WORDS - 1] & 63, 0);
});
