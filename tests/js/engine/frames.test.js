import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { FrameGrabber, watchFrames } from "../../../arcontent/static/arcontent/engine/frames.js";

const NAMES = ["VideoFrame", "MediaStreamTrackProcessor", "createImageBitmap", "OffscreenCanvas", "document", "requestAnimationFrame", "cancelAnimationFrame"];
const saved = new Map(NAMES.map((name) => [name, globalThis[name]]));

/** A browser that has these parts and no others of those that matter here. */
function browserWith(parts) {
  for (const name of NAMES) delete globalThis[name];
  Object.assign(globalThis, parts);
}

afterEach(() => {
  for (const [name, part] of saved) {
    if (part === undefined) delete globalThis[name];
    else globalThis[name] = part;
  }
});

const VIDEO = { videoWidth: 1280, videoHeight: 720 };
const bitmaps = { OffscreenCanvas: class {}, createImageBitmap: async (_video, { resizeWidth }) => ({ width: resizeWidth, close() {} }) };
const canvases = {
  document: {
    createElement: () => ({
      getContext: () => ({ drawImage() {}, getImageData: (_x, _y, width, height) => ({ width, height, data: new Uint8ClampedArray(4) }) }),
    }),
  },
};

/** A VideoFrame of the video; `facts` say otherwise. Frames of old browsers do not tell whether they are turned. */
function videoFrames(facts = {}, { tellRotation = true } = {}) {
  return {
    VideoFrame: class {
      static {
        if (tellRotation) this.prototype.rotation = 0;
      }
      static closed = 0;
      format = "NV12";
      visibleRect = { width: VIDEO.videoWidth, height: VIDEO.videoHeight };
      displayWidth = VIDEO.videoWidth;
      displayHeight = VIDEO.videoHeight;
      constructor() {
        Object.assign(this, facts);
      }
      close() {
        this.constructor.closed += 1;
      }
    },
  };
}

for (const [form, parts, factor] of [
  ["video-frame", { ...videoFrames(), ...bitmaps, ...canvases }, 2],
  ["bitmap", { ...bitmaps, ...canvases }, 1],
  ["canvas", canvases, 1],
  ["canvas", { ...canvases, createImageBitmap: bitmaps.createImageBitmap }, 1],
]) {
  test(`a browser with ${Object.keys(parts)} takes frames as ${form}`, async () => {
    browserWith(parts);
    const grabber = new FrameGrabber();

    const shot = await grabber.grab(VIDEO);

    assert.equal(grabber.form, form);
    assert.deepEqual([shot.factor, shot.frameWidth, shot.frameHeight], [factor, 1280, 720]);
  });
}

for (const facts of [{ format: null }, { rotation: 90 }, { flip: true }, { displayWidth: 720, displayHeight: 1280 }]) {
  test(`frames with ${JSON.stringify(facts)} are closed, and taken as bitmaps from then on`, async () => {
    browserWith({ ...videoFrames(facts), ...bitmaps, ...canvases });
    const grabber = new FrameGrabber();

    await grabber.grab(VIDEO);
    await grabber.grab(VIDEO);

    assert.equal(grabber.form, "bitmap");
    assert.equal(globalThis.VideoFrame.closed, 1);
  });
}

test("frames that do not tell whether they are turned are not taken, as they may stand on their heads", async () => {
  browserWith({ ...videoFrames({}, { tellRotation: false }), ...bitmaps, ...canvases });

  assert.equal(new FrameGrabber().form, "bitmap");
});

test("frames that do not tell it are taken in Chromium", async () => {
  browserWith({ ...videoFrames({}, { tellRotation: false }), ...bitmaps, ...canvases, MediaStreamTrackProcessor: class {} });
  const grabber = new FrameGrabber();

  await grabber.grab(VIDEO);

  assert.equal(grabber.form, "video-frame");
});

test("a form that throws is left for the next", async () => {
  const refuses = async () => {
    throw new DOMException("no", "InvalidStateError");
  };
  browserWith({ ...canvases, OffscreenCanvas: class {}, createImageBitmap: refuses });
  const grabber = new FrameGrabber();

  const shot = await grabber.grab(VIDEO);

  assert.equal(grabber.form, "canvas");
  assert.equal(shot.source.width, 640);
});

test("where not even a canvas can be drawn on it is said, not taken for a video without a picture", async () => {
  browserWith({ document: { createElement: () => ({ getContext: () => null }) } });

  await assert.rejects(new FrameGrabber().grab(VIDEO), /no canvas/);
});

test("a video without a picture yet gives no frame, and costs no form", async () => {
  browserWith({ ...videoFrames(), ...bitmaps });
  const grabber = new FrameGrabber();

  assert.equal(await grabber.grab({ videoWidth: 0, videoHeight: 0 }), null);
  assert.equal(grabber.form, "video-frame");
});

test("where frames are not announced they are told by the video's clock, until stopped", () => {
  const looks = [];
  browserWith({
    requestAnimationFrame: (look) => looks.push(look),
    cancelAnimationFrame: (handle) => looks.splice(handle - 1, 1, () => assert.fail("it was stopped")),
  });
  const video = { currentTime: 0.5 };
  const times = [];
  const look = () => looks.at(-1)();

  const stop = watchFrames(video, (time) => times.push(time));
  look();
  look();
  video.currentTime = 0.54;
  look();
  assert.deepEqual(times, [500, 540]);

  stop();
  assert.throws(look, /it was stopped/);
});

test("where frames are announced each is told with its own time, until stopped", () => {
  const callbacks = new Map();
  const video = {
    requestVideoFrameCallback: (callback) => callbacks.set(callbacks.size + 1, callback).size,
    cancelVideoFrameCallback: (handle) => callbacks.delete(handle),
  };
  const times = [];

  const stop = watchFrames(video, (time) => times.push(time));
  callbacks.get(1)(0, { mediaTime: 0.1 });
  callbacks.get(2)(0, { mediaTime: 0.2 });
  stop();
  assert.equal(callbacks.has(3), false);

  callbacks.get(2)(0, { mediaTime: 0.3 });
  assert.deepEqual(times, [100, 200]);
});

test("bitmaps are made smaller when asked for, and large again later", async () => {
  browserWith({ ...bitmaps, ...canvases });
  const grabber = new FrameGrabber();

  grabber.small = true;
  const small = await grabber.grab(VIDEO);
  grabber.small = false;
  const large = await grabber.grab(VIDEO);

  assert.deepEqual([small.source.width, large.source.width], [480, 640]);
});

test("VideoFrames stay as large as they are, as shrinking them costs more than it saves", async () => {
  browserWith({ ...videoFrames(), ...bitmaps, ...canvases });
  const grabber = new FrameGrabber();

  grabber.small = true;
  const { factor } = await grabber.grab(VIDEO);

  assert.equal(factor, 2);
  assert.equal(grabber.form, "video-frame");
});

test("smaller frames are drawn on a canvas where there are no bitmaps", async () => {
  browserWith(canvases);
  const grabber = new FrameGrabber();

  grabber.small = true;
  const { source } = await grabber.grab(VIDEO);

  assert.deepEqual([source.width, source.height], [480, 270]);
});
