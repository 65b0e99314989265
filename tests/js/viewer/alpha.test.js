import assert from "node:assert/strict";
import { test } from "node:test";

import { SeeThrough, drawnSize, joinHalves } from "../../../arcontent/static/arcontent/viewer/alpha.js";

test("the upper half becomes as opaque as the lower half is bright, and keeps its colours", () => {
  const pixels = Uint8ClampedArray.from([
    10, 20, 30, 255, 40, 50, 60, 255, // what is seen
    255, 255, 255, 255, 7, 7, 7, 255, // how opaque
  ]);

  joinHalves(pixels);

  assert.deepEqual([...pixels.subarray(0, 8)], [10, 20, 30, 255, 40, 50, 60, 7]);
});

test("a small video is drawn at its own size, of half its height", () => {
  assert.deepEqual(drawnSize({ width: 320, height: 480 }), { width: 320, height: 240 });
});

test("a large video is drawn smaller, in its own form", () => {
  assert.deepEqual(drawnSize({ width: 1920, height: 2160 }), { width: 640, height: 360 });
  assert.deepEqual(drawnSize({ width: 1080, height: 3840 }), { width: 360, height: 640 });
});

test("however flat a video is, there is something to draw on", () => {
  assert.deepEqual(drawnSize({ width: 4000, height: 2 }), { width: 640, height: 1 });
});

test("a frame that can't be read stops the video and is told as an error of it", () => {
  const told = [];
  let drawFrame;
  const refuse = () => {
    throw new DOMException("the pixels of another host", "SecurityError");
  };
  const context = () => ({ canvas: {}, drawImage() {}, getImageData: refuse, putImageData: () => told.push("shown") });
  const video = Object.assign(new EventTarget(), {
    videoWidth: 4,
    videoHeight: 6,
    requestVideoFrameCallback: (callback) => ((drawFrame = callback), 1),
    pause: () => told.push("paused"),
  });
  video.addEventListener("error", () => told.push("error"));
  globalThis.document = { createElement: () => ({ getContext: context }) };
  try {
    new SeeThrough({ video, canvas: { getContext: context } });
  } finally {
    delete globalThis.document;
  }

  drawFrame(0, { mediaTime: 0 });

  assert.deepEqual(told, ["paused", "error"]);
});
