import assert from "node:assert/strict";
import { test } from "node:test";

import {
  corners,
  coverBox,
  elementSize,
  elementToBox,
  multiply,
  project,
  toCss,
} from "../../../arcontent/static/arcontent/viewer/overlay.js";

const IDENTITY = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const TILTED = [0.9, -0.1, 120, 0.15, 0.8, 90, 0.0004, -0.0002, 1];
const PICTURE = { width: 800, height: 600 };

function near(actual, expected, tolerance = 1e-9) {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

/** Does what the CSS specification says of matrix3d: sixteen numbers, column by column, on (x, y, 0, 1). */
function asABrowser(css, { x, y }) {
  const m = css.match(/^matrix3d\((.*)\)$/)[1].split(",").map(Number);
  assert.equal(m.length, 16);
  const w = m[3] * x + m[7] * y + m[15];
  return { x: (m[0] * x + m[4] * y + m[12]) / w, y: (m[1] * x + m[5] * y + m[13]) / w };
}

test("a product does its second factor first", () => {
  const place = { x: 30, y: 40 };

  const once = project(multiply(TILTED, coverBox({ width: 4, height: 3 }, { width: 9, height: 9 })), place);

  const twice = project(TILTED, project(coverBox({ width: 4, height: 3 }, { width: 9, height: 9 }), place));
  near(once.x, twice.x);
  near(once.y, twice.y);
});

test("an upright screen shows the whole height of a lying frame and the middle of its width", () => {
  const matrix = coverBox({ width: 640, height: 480 }, { width: 390, height: 844 });

  const middle = project(matrix, { x: 320, y: 240 });
  near(middle.x, 195);
  near(middle.y, 422);
  near(project(matrix, { x: 320, y: 0 }).y, 0);
  near(project(matrix, { x: 320, y: 480 }).y, 844);
  assert.ok(project(matrix, { x: 0, y: 0 }).x < 0);
});

test("a lying screen shows the whole width of an upright frame and the middle of its height", () => {
  const matrix = coverBox({ width: 480, height: 640 }, { width: 844, height: 390 });

  near(project(matrix, { x: 0, y: 320 }).x, 0);
  near(project(matrix, { x: 480, y: 320 }).x, 844);
  near(project(matrix, { x: 240, y: 320 }).y, 195);
  assert.ok(project(matrix, { x: 0, y: 640 }).y > 390);
});

test("a frame of the screen's form is scaled and nothing else", () => {
  assert.deepEqual(coverBox({ width: 640, height: 480 }, { width: 320, height: 240 }), [0.5, 0, 0, 0, 0.5, 0, 0, 0, 1]);
});

for (const [picture, expected] of [
  [{ width: 800, height: 600 }, { width: 640, height: 480 }],
  [{ width: 300, height: 600 }, { width: 320, height: 640 }],
]) {
  test(`the element has the form of a ${picture.width}x${picture.height} picture`, () => {
    assert.deepEqual(elementSize(picture, 640), expected);
  });
}

test("the corners of the element come to lie on the corners of the picture", () => {
  const frame = { width: 640, height: 480 };
  const box = { width: 390, height: 844 };
  const element = elementSize(PICTURE, 640);

  const matrix = elementToBox({ homography: TILTED, picture: PICTURE, frame, element, box });

  const toScreen = coverBox(frame, box);
  const expected = corners(TILTED, PICTURE).map((corner) => project(toScreen, corner));
  corners(matrix, element).forEach((corner, index) => {
    near(corner.x, expected[index].x, 1e-6);
    near(corner.y, expected[index].y, 1e-6);
  });
});

test("a homography and its negative are the same pose", () => {
  const pose = { picture: PICTURE, frame: PICTURE, element: PICTURE, box: PICTURE };

  const matrix = elementToBox({ ...pose, homography: TILTED });
  const negative = elementToBox({ ...pose, homography: TILTED.map((entry) => -entry) });

  matrix.forEach((entry, index) => near(negative[index], entry));
});

test("a pose with a corner behind the camera is not drawn", () => {
  const homography = [1, 0, 0, 0, 1, 0, -0.002, 0, 1];

  assert.equal(elementToBox({ homography, picture: PICTURE, frame: PICTURE, element: PICTURE, box: PICTURE }), null);
});

test("the back of a picture is not drawn", () => {
  const homography = [-1, 0, 800, 0, 1, 0, 0, 0, 1];

  assert.equal(elementToBox({ homography, picture: PICTURE, frame: PICTURE, element: PICTURE, box: PICTURE }), null);
});

test("numbers that are none are not drawn", () => {
  const homography = [NaN, ...IDENTITY.slice(1)];

  assert.equal(elementToBox({ homography, picture: PICTURE, frame: PICTURE, element: PICTURE, box: PICTURE }), null);
});

test("a browser takes each place where the matrix takes it", () => {
  for (const place of corners(IDENTITY, PICTURE)) {
    const there = asABrowser(toCss(TILTED), place);

    near(there.x, project(TILTED, place).x);
    near(there.y, project(TILTED, place).y);
  }
});
