import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { FrameLock } from "../../../arcontent/static/arcontent/viewer/lock.js";

const saved = {};
let camera;
let canvas;
let lock;
let live;
let canvases;

/** A canvas that holds nothing. */
function fakeCanvas() {
  const one = { width: 0, height: 0, hidden: true, getContext: () => ({ drawImage() {} }) };
  canvases.push(one);
  return one;
}

beforeEach(() => {
  saved.document = globalThis.document;
  canvases = [];
  globalThis.document = { createElement: fakeCanvas };
  camera = {
    videoWidth: 640, videoHeight: 480, callback: null,
    requestVideoFrameCallback(callback) { this.callback = callback; return 1; },
    cancelVideoFrameCallback() { this.callback = null; },
  };
  canvas = fakeCanvas();
  lock = new FrameLock({ camera, canvas });
  live = [];
  lock.onLiveFrame = (timestamp) => live.push(timestamp);
});
afterEach(() => {
  lock.release();
  globalThis.document = saved.document;
});

/** The camera has a frame. */
function frame(timestamp) {
  camera.callback(0, { mediaTime: timestamp / 1000 });
}

test("the frame of a result is what is seen, and no frame of the live video", () => {
  assert.equal(lock.show(0), 0);
  for (const timestamp of [100, 200, 300]) frame(timestamp);
  assert.deepEqual(live, [100, 200, 300]);

  assert.equal(lock.show(200), 200);
  frame(400);

  assert.equal(canvas.hidden, false);
  assert.deepEqual(live, [100, 200, 300]);
});

test("of a result whose frame is no longer kept, the newest of the live video is seen", () => {
  lock.show(0);
  for (let timestamp = 100; timestamp <= 2000; timestamp += 100) frame(timestamp);

  assert.equal(lock.show(100), 2000);

  assert.equal(canvas.hidden, true);
});

test("results that are always too late for their frames end the lock", () => {
  lock.show(0);
  for (let timestamp = 100; timestamp <= 4000; timestamp += 100) {
    frame(timestamp);
    if (timestamp % 200 === 0) lock.show(timestamp - 1000);
  }

  assert.equal(lock.show(4000), 4000);
  assert.equal(canvas.hidden, true);
});

test("after a release frames of before are not shown", () => {
  lock.show(0);
  frame(100);
  lock.release();

  assert.equal(lock.show(100), 100);
  assert.equal(canvas.hidden, true);
});

for (const [width, height, kept] of [[1920, 1080, [960, 540]], [1080, 1920, [540, 960]], [640, 480, [640, 480]]]) {
  test(`of a camera of ${width} x ${height} no larger frames are kept than ${kept.join(" x ")}`, () => {
    Object.assign(camera, { videoWidth: width, videoHeight: height });
    lock.show(0);
    for (let timestamp = 100; timestamp <= 1000; timestamp += 100) frame(timestamp);
    lock.show(1000);

    assert.equal(canvases.length, 9, "eight kept ones and the one that is seen");
    for (const one of canvases) assert.deepEqual([one.width, one.height], kept);
  });
}
