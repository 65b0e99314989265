import assert from "node:assert/strict";
import { test } from "node:test";

import { BadTarget, readTargets } from "../../../arcontent/static/arcontent/engine/target.js";
import { encodeMsgpack, mindFile } from "./mindfile.js";
import { drawnPicture } from "./scenes.js";

const PICTURE = drawnPicture({ seed: 31 });

/** Read a file in which one thing was changed. */
function reading(change = () => {}) {
  const file = structuredClone(mindFile(PICTURE));
  change(file, file.dataList[0]);
  return readTargets(encodeMsgpack(file));
}

test("points of all keyframes are joined, in pixels of the picture", () => {
  const [{ matchingData }] = mindFile(PICTURE).dataList;

  const [{ features }] = reading();

  const [large, small] = matchingData.map(({ maximaPoints }) => maximaPoints);
  assert.equal(features[1].count, large.length + small.length);
  assert.equal(features[1].x[0], Math.fround(large[0].x + 0.5));
  assert.equal(features[1].x[large.length], Math.fround((small[0].x + 0.5) * 2));
  assert.equal(features[1].size[large.length], small[0].scale * 2);
});

test("the template is halved until a side would be too short", () => {
  const [{ levels }] = reading();

  assert.deepEqual(
    levels.map(({ image, scale }) => [image.width, image.height, scale]),
    [[320, 240, 1], [160, 120, 0.5], [80, 60, 0.25], [40, 30, 0.125]],
  );
  assert.ok(levels[0].corners.x.length > 50);
});

test("a stub in the place of a tracking image is passed over", () => {
  const stub = { width: 1, height: 1, scale: 1, points: [], data: Uint8Array.of(0) };

  const [{ levels }] = reading((_file, target) => target.trackingData.unshift(stub));

  assert.equal(levels[0].image.width, 320);
});

test("several targets in one file are all read", () => {
  const targets = readTargets(encodeMsgpack(mindFile(PICTURE, drawnPicture({ seed: 32, width: 200 }))));

  assert.deepEqual(targets.map(({ width }) => width), [320, 200]);
});

const changes = {
  "another version": (file) => { file.v = 3; },
  "no target": (file) => { file.dataList = []; },
  "a target that is a number": (file) => { file.dataList = [7]; },
  "a picture without a width": (_file, target) => { delete target.targetImage.width; },
  "a picture of no height": (_file, target) => { target.targetImage.height = 0; },
  "a picture higher than its tracking images": (_file, target) => { target.targetImage.height *= 2; },
  "no matching data": (_file, target) => { target.matchingData = null; },
  "too few points": (_file, target) => { target.matchingData = target.matchingData.slice(0, 1).map((keyframe) => ({ ...keyframe, maximaPoints: [], minimaPoints: [] })); },
  "a keyframe of scale zero": (_file, target) => { target.matchingData[0].scale = 0; },
  "a point without a place": (_file, target) => { target.matchingData[0].maximaPoints[0].x = Number.NaN; },
  "a descriptor that is short": (_file, target) => { target.matchingData[0].minimaPoints[0].descriptors.pop(); },
  "no tracking image": (_file, target) => { target.trackingData = []; },
  "a tracking image with missing bytes": (_file, target) => { target.trackingData[0].data = new Uint8Array(9); },
  "a tracking image of another scale": (_file, target) => { target.trackingData[0].scale = 0.5; },
};
for (const [what, change] of Object.entries(changes)) {
  test(`a file with ${what} is refused as a bad target`, () => {
    assert.throws(() => reading(change), (error) => error instanceof BadTarget && error.code === "bad_target");
  });
}

test("bytes that are no MessagePack are refused as a bad target", () => {
  assert.throws(() => readTargets(new TextEncoder().encode("<!doctype html>").buffer), BadTarget);
  assert.throws(() => readTargets(new ArrayBuffer(0)), BadTarget);
});
