import assert from "node:assert/strict";
import { test } from "node:test";

import { isBlack } from "../../../arcontent/static/arcontent/viewer/light.js";

function pixels(...reds) {
  return reds.flatMap((red) => [red, 0, 0, 255]);
}

test("a picture without any light is black", () => {
  assert.ok(isBlack(pixels(0, 3, 0)));
});

test("one lit pixel makes a picture of it", () => {
  assert.ok(!isBlack(pixels(0, 0, 40)));
});
