import assert from "node:assert/strict";
import { test } from "node:test";

import { greyFromRgba, greyFromYuv, shrunk } from "../../../arcontent/static/arcontent/engine/grey.js";

const COLOURS = [[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255], [90, 160, 30], [200, 40, 220]];

/** One colour as a 4x2 frame, by the standards' definitions of Y, Cb and Cr. */
function yuvFrame([r, g, b], { isBt709, isFullRange, isNv12 }) {
  const [kr, kb] = isBt709 ? [0.2126, 0.0722] : [0.299, 0.114];
  const luma = kr * r + (1 - kr - kb) * g + kb * b;
  const [cb, cr] = [(b - luma) / (2 * (1 - kb)), (r - luma) / (2 * (1 - kr))];
  const [y, u, v] = isFullRange
    ? [luma, cb + 128, cr + 128]
    : [16 + (luma * 219) / 255, 128 + (cb * 224) / 255, 128 + (cr * 224) / 255];
  const bytes = Uint8ClampedArray.from([...Array(8).fill(y), ...(isNv12 ? [u, v, u, v] : [u, u, v, v])]);
  const planes = isNv12
    ? [{ offset: 0, stride: 4 }, { offset: 8, stride: 4 }]
    : [{ offset: 0, stride: 4 }, { offset: 8, stride: 2 }, { offset: 10, stride: 2 }];
  return greyFromYuv(new Uint8Array(bytes), { width: 4, height: 2, planes, isFullRange, isBt709 });
}

for (const isBt709 of [false, true]) {
  for (const isFullRange of [false, true]) {
    for (const isNv12 of [false, true]) {
      const name = `${isNv12 ? "NV12" : "I420"}, ${isBt709 ? "BT.709" : "BT.601"}, ${isFullRange ? "full" : "video"} range`;
      test(`video frames in ${name} give the mean of red, green and blue`, () => {
        for (const colour of COLOURS) {
          const { data } = yuvFrame(colour, { isBt709, isFullRange, isNv12 });
          const mean = (colour[0] + colour[1] + colour[2]) / 3;
          assert.ok(data.every((value) => Math.abs(value - mean) < 1.6), `${colour}: ${data[0]} is not ${mean}`);
        }
      });
    }
  }
}

test("rows of a plane may be longer than the picture", () => {
  const bytes = Uint8Array.of(10, 20, 99, 99, 30, 40, 99, 99, 128, 128);
  const planes = [{ offset: 0, stride: 4 }, { offset: 8, stride: 1 }, { offset: 9, stride: 1 }];

  const { data } = greyFromYuv(bytes, { width: 2, height: 2, planes, isFullRange: true, isBt709: false });

  assert.deepEqual(Array.from(data), [10, 20, 30, 40]);
});

test("pixels of four bytes give the mean of the first three", () => {
  const { data } = greyFromRgba(Uint8Array.of(3, 6, 9, 255, 30, 60, 0, 0), 2, 1);

  assert.deepEqual(Array.from(data), [6, 30]);
});

test("shrinking takes the mean of whole blocks", () => {
  const image = { width: 5, height: 2, data: Float32Array.of(1, 3, 10, 20, 99, 5, 7, 30, 40, 99) };

  const small = shrunk(image, 2);

  assert.deepEqual([small.width, small.height, ...small.data], [2, 1, 4, 25]);
  assert.equal(shrunk(image, 1), image);
});
