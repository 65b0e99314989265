import assert from "node:assert/strict";
import { test } from "node:test";

import { FramePyramid, Tracker } from "../../../arcontent/static/arcontent/engine/track.js";
import { PatchAligner } from "../../../arcontent/static/arcontent/engine/patch.js";
import { cornersToTrack } from "../../../arcontent/static/arcontent/engine/corners.js";
import { blankImage } from "../../../arcontent/static/arcontent/engine/image.js";
import { readTargets } from "../../../arcontent/static/arcontent/engine/target.js";
import { encodeMsgpack, mindFile } from "./mindfile.js";
import { cornerError, drawnFrame, drawnPicture, pose, randomNumbers, sampled } from "./scenes.js";

const PICTURE = drawnPicture({ seed: 21 });
const [TARGET] = readTargets(encodeMsgpack(mindFile(PICTURE)));

function pyramidOf(frame) {
  const pyramid = new FramePyramid(frame.width, frame.height);
  pyramid.fill(frame);
  return pyramid;
}

function tracked(view, start, { light = 1, offset = 0 } = {}) {
  const frame = drawnFrame({ picture: PICTURE, homography: pose({ picture: PICTURE, ...view }) });
  for (let i = 0; i < frame.data.length; i += 1) frame.data[i] = frame.data[i] * light + offset;
  return new Tracker(TARGET).track(pyramidOf(frame), pose({ picture: PICTURE, ...start }));
}

test("a pose twelve pixels off comes to within a quarter of a pixel", () => {
  const view = { zoom: 1.1, turn: 0.4, tilt: 0.3, cx: 310, cy: 235 };

  const sighting = tracked(view, { ...view, cx: 322, cy: 231, turn: 0.43 });

  const error = cornerError(sighting.homography, pose({ picture: PICTURE, ...view }), PICTURE);
  assert.ok(error < 0.25, `${error} px`);
  assert.ok(sighting.inliers > 0.9 * sighting.visible);
});

test("a jump of twenty pixels is followed", () => {
  const view = { zoom: 1.2, cx: 320, cy: 240 };

  const sighting = tracked(view, { ...view, cx: 336, cy: 252 });

  assert.ok(cornerError(sighting.homography, pose({ picture: PICTURE, ...view }), PICTURE) < 0.25);
});

test("brightness and contrast do not move the pose", () => {
  const view = { zoom: 1, turn: 1, tilt: 0.2 };

  const sighting = tracked(view, { ...view, cx: 324 }, { light: 0.25, offset: 30 });

  assert.ok(cornerError(sighting.homography, pose({ picture: PICTURE, ...view }), PICTURE) < 0.25);
});

for (const [blurPx, variance] of [[0, 0], [1, 1], [3, 2]]) {
  test(`a frame that is blurred by ${blurPx} px is followed as well as a sharp one, and its blur is told`, () => {
    const view = { zoom: 1, turn: 0.3, tilt: 0.2 };
    const homography = pose({ picture: PICTURE, ...view });
    const frame = blurred(drawnFrame({ picture: PICTURE, homography }), blurPx);
    const tracker = new Tracker(TARGET);

    const first = tracker.track(pyramidOf(frame), pose({ picture: PICTURE, ...view, cx: 323 }));
    const next = tracker.track(pyramidOf(frame), first.homography, first.blur);

    const error = cornerError(next.homography, homography, PICTURE);
    assert.ok(error < 0.1, `${error} px`);
    assert.ok(next.likeness > 0.98, `${next.likeness}`);
    assert.ok(Math.abs(next.blur[0] - variance) < 0.3, `${next.blur}`);
  });
}

/** Blur by a Gaussian; the border goes on. */
function blurred(image, sigma) {
  const reach = Math.ceil(3 * sigma);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma || 1)));
  const total = weights.reduce((a, b) => a + b);
  const along = (source, stepX, stepY) => {
    const result = blankImage(source.width, source.height);
    for (let at = 0; at < result.data.length; at += 1) {
      const [x, y] = [at % source.width, Math.floor(at / source.width)];
      let sum = 0;
      for (let k = -reach; k <= reach; k += 1) {
        const px = Math.min(Math.max(x + k * stepX, 0), source.width - 1);
        const py = Math.min(Math.max(y + k * stepY, 0), source.height - 1);
        sum += weights[k + reach] * source.data[py * source.width + px];
      }
      result.data[at] = sum / total;
    }
    return result;
  };
  return along(along(image, 1, 0), 0, 1);
}

test("a picture seen larger than its template is followed in half the frame", () => {
  const view = { zoom: 2.6, turn: 0.1 };
  const homography = pose({ picture: PICTURE, ...view });

  const sighting = new Tracker(TARGET).track(
    pyramidOf(drawnFrame({ picture: PICTURE, homography })), pose({ picture: PICTURE, ...view, cx: 324 }),
  );

  const error = cornerError(sighting.homography, homography, PICTURE);
  assert.ok(error < 0.3, `${error} px`);
});

test("a frame without the picture does not support a pose", () => {
  const other = drawnPicture({ seed: 22, width: 640, height: 480, shapes: 500 });

  const sighting = new Tracker(TARGET).track(pyramidOf(other), pose({ picture: PICTURE }));

  assert.ok(sighting === null || sighting.inliers < 8 || sighting.inliers < 0.2 * sighting.visible);
});

test("what covers half of the picture is not counted and does not move the pose", () => {
  const view = { zoom: 1.3, turn: 0.2 };
  const homography = pose({ picture: PICTURE, ...view });
  const cover = drawnPicture({ seed: 23, width: 640, height: 480, shapes: 500 });
  const frame = drawnFrame({ picture: PICTURE, homography });
  for (let y = 0; y < 480; y += 1) frame.data.set(cover.data.subarray(y * 640, y * 640 + 320), y * 640);

  const sighting = new Tracker(TARGET).track(pyramidOf(frame), pose({ picture: PICTURE, ...view, cx: 323 }));

  const error = cornerError(sighting.homography, homography, PICTURE);
  assert.ok(error < 0.6, `${error} px`);
  assert.ok(sighting.inliers > 0.35 * sighting.visible && sighting.inliers < 0.6 * sighting.visible);
  assert.ok(sighting.likeness > 0.95, `${sighting.likeness}`);
});

test("an even frame gives no sighting", () => {
  const even = blankImage(640, 480);

  assert.equal(new Tracker(TARGET).track(pyramidOf(even), pose({ picture: PICTURE })), null);
});

test("a patch is found a fraction of a pixel from where it was expected", () => {
  const aligner = new PatchAligner();
  const frame = blankImage(PICTURE.width, PICTURE.height);
  for (let i = 0; i < frame.data.length; i += 1) {
    const [x, y] = [i % frame.width, Math.floor(i / frame.width)];
    frame.data[i] = 20 + 0.5 * sampled(PICTURE, x - 1.3, y + 0.8);
  }
  const { x, y } = TARGET.levels[0].corners;

  const errors = [];
  for (let i = 0; i < 40; i += 1) {
    const [px, py] = [x[i] - 0.5, y[i] - 0.5];
    if (!aligner.draw(PICTURE, px, py, [1, 0, 0, 1]) || !aligner.align(frame, px, py, 6)) continue;
    errors.push(Math.hypot(aligner.x - px - 1.3, aligner.y - py + 0.8));
  }

  errors.sort((a, b) => a - b);
  assert.ok(errors.length >= 35, `${errors.length} of 40`);
  assert.ok(errors[errors.length >> 1] < 0.1, `${errors[errors.length >> 1]} px`);
});

test("a patch that leaves the picture or has no structure is not drawn", () => {
  const aligner = new PatchAligner();

  assert.equal(aligner.draw(PICTURE, 3, 100, [1, 0, 0, 1]), false);
  assert.equal(aligner.draw(blankImage(50, 50), 25, 25, [1, 0, 0, 1]), false);
});

test("the corners of a square are chosen, its edges are not", () => {
  const image = blankImage(80, 80);
  const random = randomNumbers(1);
  for (let i = 0; i < image.data.length; i += 1) {
    const isInside = i % 80 >= 25 && i % 80 < 55 && i >= 25 * 80 && i < 55 * 80;
    image.data[i] = (isInside ? 200 : 0) + 4 * random();
  }

  const { x, y } = cornersToTrack(image, 0.5);

  const strongest = Array.from(x.subarray(0, 4), (value, i) => [value * 0.5, y[i] * 0.5]);
  for (const [cx, cy] of [[25, 25], [55, 25], [25, 55], [55, 55]]) {
    assert.ok(strongest.some(([px, py]) => Math.hypot(px - cx, py - cy) < 4), `${cx}, ${cy} in ${strongest}`);
  }
});

test("an even template has no corners", () => {
  assert.equal(cornersToTrack(blankImage(64, 64), 1).x.length, 0);
});
