import assert from "node:assert/strict";
import { test } from "node:test";

import { blankImage, magnifyInto } from "../../../arcontent/static/arcontent/engine/image.js";

/** An image whose value at the place (x, y) from its corner is 3x + 5y. */
function slope(width, height) {
  const image = blankImage(width, height);
  for (let at = 0; at < image.data.length; at += 1) {
    image.data[at] = 3 * ((at % width) + 0.5) + 5 * (Math.floor(at / width) + 0.5);
  }
  return image;
}

test("a part that is magnified shows the values of its places", () => {
  const target = blankImage(20, 16);

  magnifyInto(slope(40, 32), target, [0.5, 0, 10, 0, 1, 8]);

  for (const [x, y] of [[0, 0], [19, 0], [7, 15]]) {
    const expected = 3 * (10 + (x + 0.5) / 2) + 5 * (8 + y + 0.5);
    assert.ok(Math.abs(target.data[y * 20 + x] - expected) < 1e-4, `${x}, ${y}`);
  }
});

test("a part that is stretched across shows the values of its places", () => {
  const target = blankImage(16, 12);

  magnifyInto(slope(40, 32), target, [0.75, 0.25, 12, 0.25, 0.75, 9]);

  for (const [x, y] of [[0, 0], [15, 0], [7, 11]]) {
    const [u, v] = [x + 0.5, y + 0.5];
    const expected = 3 * (12 + 0.75 * u + 0.25 * v) + 5 * (9 + 0.25 * u + 0.75 * v);
    assert.ok(Math.abs(target.data[y * 16 + x] - expected) < 1e-4, `${x}, ${y}`);
  }
});

test("at the border of the source its last pixels go on", () => {
  const target = blankImage(40, 32);

  magnifyInto(slope(20, 16), target, [0.5, 0, 0, 0, 0.5, 0]);

  assert.equal(target.data[0], 4);
  assert.equal(target.data[target.data.length - 1], 3 * 19.5 + 5 * 15.5);
});
