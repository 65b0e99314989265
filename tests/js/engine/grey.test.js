import assert from "node:assert/strict";
import { test } from "node:test";

import { greyFromBrightness, greyFromRgba, shrunk } from "../../../arcontent/static/arcontent/engine/grey.js";

const COLOURS = [[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255], [90, 160, 30], [200, 40, 220]];

/** Brightness of a colour by BT.601, 0 to 255. */
const luma = ([r, g, b]) => 0.299 * r + 0.587 * g + 0.114 * b;

for (const isFullRange of [true, false]) {
  test(`brightness in ${isFullRange ? "full" : "video"} range gives what the same colours give as pixels`, () => {
    const bytes = Uint8Array.from(COLOURS, (colour) => {
      return Math.round(isFullRange ? luma(colour) : 16 + (219 / 255) * luma(colour));
    });
    const pixels = Uint8Array.from(COLOURS.flatMap((colour) => [...colour, 255]));
    const size = { width: COLOURS.length, height: 1 };

    const planes = greyFromBrightness(bytes, { ...size, offset: 0, stride: COLOURS.length, isFullRange });
    const drawn = greyFromRgba(pixels, size.width, size.height);

    for (const [i, colour] of COLOURS.entries()) {
      assert.ok(Math.abs(drawn.data[i] - luma(colour)) < 1e-3, `${colour}: ${drawn.data[i]}`);
      assert.ok(Math.abs(planes.data[i] - luma(colour)) < 0.6, `${colour}: ${planes.data[i]}`);
    }
  });
}

test("video range beyond black and white is black and white", () => {
  const plane = { width: 4, height: 1, offset: 0, stride: 4, isFullRange: false };

  const { data } = greyFromBrightness(Uint8Array.of(0, 16, 235, 255), plane);

  assert.deepEqual(Array.from(data), [0, 0, 255, 255]);
});

test("the plane may begin late, and its rows may be longer than the picture", () => {
  const bytes = Uint8Array.of(99, 10, 20, 99, 99, 30, 40, 99, 99);
  const plane = { width: 2, height: 2, offset: 1, stride: 4, isFullRange: true };

  const { data } = greyFromBrightness(bytes, plane);

  assert.deepEqual(Array.from(data), [10, 20, 30, 40]);
});

test("pixels with blue first give the grey of the same colours with red first", () => {
  const [redFirst, blueFirst] = [[200, 40, 220], [220, 40, 200]].map((colour) => Uint8Array.of(...colour, 255));

  const grey = greyFromRgba(blueFirst, 1, 1, true);

  assert.deepEqual(grey, greyFromRgba(redFirst, 1, 1));
  assert.notDeepEqual(grey, greyFromRgba(blueFirst, 1, 1));
});

test("shrinking takes the mean of whole blocks", () => {
  const image = { width: 5, height: 2, data: Float32Array.of(1, 3, 10, 20, 99, 5, 7, 30, 40, 99) };

  const small = shrunk(image, 2);

  assert.deepEqual([small.width, small.height, ...small.data], [2, 1, 4, 25]);
  assert.equal(shrunk(image, 1), image);
});
