import assert from "node:assert/strict";
import { test } from "node:test";

import { Detector } from "../../../arcontent/static/arcontent/engine/detect.js";
import { ScaleSpace } from "../../../arcontent/static/arcontent/engine/pyramid.js";
import { blankImage } from "../../../arcontent/static/arcontent/engine/image.js";
import { drawnPicture } from "./scenes.js";

const LIMITS = { perBucket: 20, total: 1500 };

function detected(image, limits = LIMITS) {
  const space = new ScaleSpace(image.width, image.height);
  space.fill(image);
  const { count, x, y, octave, kind } = new Detector(space, limits).detect();
  return Array.from({ length: count }, (_, i) => ({ x: x[i], y: y[i], octave: octave[i], kind: kind[i] }));
}

function blob({ x, y, sigma, height }) {
  const image = blankImage(320, 240);
  for (let i = 0; i < image.data.length; i += 1) {
    const square = ((i % 320) - x) ** 2 + (Math.floor(i / 320) - y) ** 2;
    image.data[i] = 100 + height * Math.exp(-square / (2 * sigma * sigma));
  }
  return image;
}

test("a bright blob is a maximum where it is, between the pixels, in each octave that sees it", () => {
  const points = detected(blob({ x: 160.4, y: 120.7, sigma: 3, height: 120 }));

  assert.ok(points.length > 0);
  for (const { x, y, kind, octave } of points) {
    assert.equal(kind, 1);
    const off = Math.hypot(x - 160.4, y - 120.7);
    assert.ok(off < 0.15 * 2 ** octave, `${off} px off in octave ${octave}`);
  }
});

test("a dark blob is a minimum", () => {
  const [point] = detected(blob({ x: 160, y: 120, sigma: 3, height: -90 }));

  assert.equal(point.kind, 0);
});

test("a larger blob is found in a higher octave", () => {
  const [small] = detected(blob({ x: 160, y: 120, sigma: 3, height: 120 }));
  const [large] = detected(blob({ x: 160, y: 120, sigma: 7, height: 120 }));

  assert.ok(large.octave > small.octave);
});

test("nothing is found on an even image, a ramp or a straight edge", () => {
  const even = blankImage(160, 120);
  const ramp = { ...even, data: Float32Array.from(even.data, (_, i) => i % 160) };
  const edge = { ...even, data: Float32Array.from(even.data, (_, i) => (i % 160 < 77 ? 20 : 220)) };

  for (const image of [even, ramp, edge]) assert.deepEqual(detected(image), []);
});

test("no bucket and no image gives more points than allowed, and the strongest stay", () => {
  const image = drawnPicture({ seed: 2, width: 320, height: 240, shapes: 400 });
  const all = detected(image);

  const few = detected(image, { perBucket: 2, total: 50 });

  const buckets = new Map();
  for (const { x, y } of few) {
    const bucket = Math.floor((x * 10) / 320) + 10 * Math.floor((y * 10) / 240);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
  }
  assert.equal(few.length, 50);
  assert.ok(Math.max(...buckets.values()) <= 2);
  assert.deepEqual(few[0], all[0]);
});

test("a shifted picture shifts its points", () => {
  const picture = drawnPicture({ seed: 6, width: 256, height: 192 });
  const shifted = blankImage(256, 192);
  for (let y = 0; y < 192; y += 1) {
    for (let x = 0; x < 256; x += 1) {
      shifted.data[y * 256 + x] = picture.data[Math.max(y - 16, 0) * 256 + Math.max(x - 32, 0)];
    }
  }

  const before = detected(picture).filter(({ x, y }) => x > 70 && x < 150 && y > 70 && y < 110);
  const after = detected(shifted);

  assert.ok(before.length > 10);
  for (const point of before) {
    assert.ok(
      after.some(({ x, y }) => Math.hypot(x - 32 - point.x, y - 16 - point.y) < 0.01),
      JSON.stringify(point),
    );
  }
});
