import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { LightJudge, LightWatch, isBlack } from "../../../arcontent/static/arcontent/viewer/light.js";

function pixels(...reds) {
  return reds.flatMap((red) => [red, 0, 0, 255]);
}

test("a picture without any light is black", () => {
  assert.ok(isBlack(pixels(0, 3, 0)));
});

test("one lit pixel makes a picture of it", () => {
  assert.ok(!isBlack(pixels(0, 0, 40)));
});

/** What is said of each of these samples in turn. */
function said(...samples) {
  const judge = new LightJudge();
  return samples.map((reds) => judge.look(pixels(...reds)));
}

test("a camera that shows black for six looks is said to, until it shows something", () => {
  assert.deepEqual(said([0, 1], [1, 0], [0, 0], [0, 0], [2, 0], [0, 0], [0, 0], [90, 80]), [
    ...Array(5).fill(null), "camera_black", "camera_black", null,
  ]);
});

test("a camera that shows the same six times more is said to stand still, until it moves", () => {
  const same = Array(7).fill([40, 50]);

  assert.deepEqual(said(...same, [40, 51]), [...Array(6).fill(null), "camera_frozen", null]);
});

test("a still scene has noise, and is neither", () => {
  assert.deepEqual(said(...Array.from({ length: 12 }, (_, i) => [40 + (i % 2), 50])), Array(12).fill(null));
});

// --- A video that is watched --------------------------------------------------------------------

let sample;
let video;
let watch;
let told;

/** A canvas on which the video's present picture is drawn. */
const canvas = { getContext: () => ({ drawImage() {}, getImageData: () => ({ data: sample }) }) };

beforeEach(({ mock }) => {
  mock.timers.enable({ apis: ["setInterval"] });
  globalThis.document = { createElement: () => canvas };
  [sample, video, told] = [pixels(40, 50), { videoWidth: 640 }, []];
  watch = new LightWatch(video);
  watch.onChange = (trouble) => told.push(trouble);
});
afterEach(() => {
  watch.stop();
  delete globalThis.document;
});

test("a camera that stands still is told of once, after three seconds, and when it moves again", ({ mock }) => {
  watch.start();
  mock.timers.tick(3000);
  assert.deepEqual(told, []);

  mock.timers.tick(2000);
  sample = pixels(41, 50);
  mock.timers.tick(500);

  assert.deepEqual(told, ["camera_frozen", null]);
});

test("a camera in whose frames the picture is seen is well, however still it is, and watched once it is not", ({ mock }) => {
  watch.start();
  for (let looks = 0; looks < 12; looks += 1) {
    watch.vouch();
    mock.timers.tick(500);
  }
  assert.deepEqual(told, []);

  mock.timers.tick(4000);
  assert.deepEqual(told, ["camera_frozen"]);
});

test("after two seconds without anything new a camera is doubtful, until it shows something", ({ mock }) => {
  watch.start();
  mock.timers.tick(2000);
  assert.equal(watch.isDoubtful, false, "the first look can't be like any before");
  mock.timers.tick(500);
  assert.equal(watch.isDoubtful, true);

  sample = pixels(41, 50);
  mock.timers.tick(500);
  assert.equal(watch.isDoubtful, false);
});

test("a video without a picture yet is neither black nor does it stand still", ({ mock }) => {
  video.videoWidth = 0;
  watch.start();
  mock.timers.tick(9000);

  assert.deepEqual(told, []);
});

test("a trouble ends with the watch, and a new one begins to count anew", ({ mock }) => {
  watch.start();
  mock.timers.tick(3500);
  watch.stop();
  assert.deepEqual(told, ["camera_frozen", null]);

  mock.timers.tick(9000);
  watch.start();
  mock.timers.tick(3000);
  assert.equal(told.length, 2);
});

test("a phone that gives no canvas is not watched, and goes on", ({ mock }) => {
  document.createElement = () => ({ getContext: () => null });
  watch = new LightWatch(video);
  watch.onChange = () => assert.fail("nothing was seen");
  watch.start();

  mock.timers.tick(9000);
});
