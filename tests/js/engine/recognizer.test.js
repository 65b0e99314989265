import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Recognizer } from "../../../arcontent/static/arcontent/engine/recognizer.js";

/** Stands where the browser's worker does: keeps what it is sent, answers when told. */
class FakeWorker extends EventTarget {
  static last = null;
  sent = [];
  isTerminated = false;

  constructor(url, options) {
    super();
    Object.assign(this, { url, options });
    FakeWorker.last = this;
  }

  postMessage(message) {
    this.sent.push(message);
  }

  terminate() {
    this.isTerminated = true;
  }

  answer(data) {
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }

  frames() {
    return this.sent.filter(({ type }) => type === "frame");
  }
}

/** A video whose frames come when told; `takes` what createImageBitmap would. */
class FakeVideo {
  videoWidth = 1280;
  videoHeight = 720;
  callback = null;

  requestVideoFrameCallback(callback) {
    this.callback = callback;
    return 1;
  }

  cancelVideoFrameCallback() {
    this.callback = null;
  }

  async frame(mediaTime) {
    this.callback?.(0, { mediaTime });
    await new Promise(setImmediate);
  }
}

const saved = {};
beforeEach(() => {
  const fakes = {
    Worker: FakeWorker,
    OffscreenCanvas: class {},
    createImageBitmap: async (_video, { resizeWidth, resizeHeight }) => ({ width: resizeWidth, height: resizeHeight, close() { this.isClosed = true; } }),
  };
  for (const [name, fake] of Object.entries(fakes)) {
    saved[name] = globalThis[name];
    globalThis[name] = fake;
  }
});
afterEach(() => Object.assign(globalThis, saved));

function started() {
  const recognizer = new Recognizer({ workerUrl: "worker.js" });
  const video = new FakeVideo();
  const events = [];
  for (const type of ["found", "update", "lost", "error"]) recognizer.addEventListener(type, ({ detail }) => events.push([type, detail]));
  recognizer.start(video);
  return { recognizer, video, events, worker: FakeWorker.last };
}

const result = (run, ...events) => ({ type: "result", run, events, ms: 4 });

test("the worker is a module worker at the given address", () => {
  const { worker } = started();

  assert.deepEqual([worker.url, worker.options.type], ["worker.js", "module"]);
});

test("loading is settled by the worker's answer", async () => {
  const recognizer = new Recognizer({ workerUrl: "worker.js" });

  const good = recognizer.load(new ArrayBuffer(1));
  FakeWorker.last.answer({ type: "loaded", targets: [{ width: 4, height: 3 }] });
  assert.deepEqual(await good, [{ width: 4, height: 3 }]);

  const bad = recognizer.load(new ArrayBuffer(1));
  FakeWorker.last.answer({ type: "refused", code: "bad_target", message: "no" });
  await assert.rejects(bad, { code: "bad_target" });
});

test("loading fails when the worker cannot be started", async () => {
  const recognizer = new Recognizer({ workerUrl: "worker.js" });

  const loading = recognizer.load(new ArrayBuffer(1));
  FakeWorker.last.dispatchEvent(new Event("error"));

  await assert.rejects(loading, { code: "engine_failed" });
  await assert.rejects(recognizer.load(new ArrayBuffer(1)), { code: "engine_failed" }, "also what comes later");
});

test("one frame is on its way at a time; those that come meanwhile are skipped", async () => {
  const { recognizer, video, worker } = started();

  await video.frame(0.1);
  await video.frame(0.2);
  assert.equal(worker.frames().length, 1);
  worker.answer(result(worker.frames()[0].run));
  await video.frame(0.3);

  assert.deepEqual(worker.frames().map(({ timestamp }) => timestamp), [100, 300]);
  assert.deepEqual([recognizer.stats.frames, recognizer.stats.processed, recognizer.stats.skipped], [3, 1, 1]);
});

test("large frames are sent at the size that is processed, with the size of the video", async () => {
  const { video, worker } = started();

  await video.frame(0.1);

  const [{ source, frameWidth, frameHeight }] = worker.frames();
  assert.deepEqual([source.width, source.height, frameWidth, frameHeight], [640, 360, 1280, 720]);
});

test("an event carries its homography as nine numbers", async () => {
  const { video, worker, events } = started();
  await video.frame(0.1);
  const seen = { type: "found", target: 0, homography: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), frameWidth: 1280, frameHeight: 720, timestamp: 100 };

  worker.answer(result(worker.frames()[0].run, seen));

  assert.deepEqual(events, [["found", { target: 0, homography: [1, 2, 3, 4, 5, 6, 7, 8, 9], frameWidth: 1280, frameHeight: 720, timestamp: 100 }]]);
});

test("answers to frames from before a stop are dropped", async () => {
  const { recognizer, video, worker, events } = started();
  await video.frame(0.1);
  const { run } = worker.frames()[0];

  recognizer.stop();
  recognizer.start(video);
  worker.answer(result(run, { type: "found", target: 0, homography: null, frameWidth: 1, frameHeight: 1, timestamp: 0 }));
  await video.frame(0.2);

  assert.deepEqual(events, []);
  assert.equal(worker.frames().length, 2);
  assert.deepEqual(worker.sent.filter(({ type }) => type === "reset").length, 2);
});

test("a form of frames that the worker cannot read gives way to the next", async () => {
  const { recognizer, video, worker, events } = started();
  await video.frame(0.1);
  assert.equal(recognizer.stats.form, "bitmap");

  globalThis.document = { createElement: () => ({ getContext: () => ({ drawImage() {}, getImageData: (_x, _y, width, height) => ({ width, height, data: new Uint8ClampedArray(4) }) }) }) };
  worker.answer({ type: "unreadable", run: 1, message: "no canvas" });
  await video.frame(0.2);
  delete globalThis.document;

  assert.equal(recognizer.stats.form, "canvas");
  assert.equal(worker.frames().length, 2);
  assert.deepEqual(events, []);
});

test("a broken worker is reported", () => {
  const { worker, events } = started();

  worker.dispatchEvent(Object.assign(new Event("error"), { message: "out of memory" }));

  assert.deepEqual([events[0][0], events[0][1].code], ["error", "engine_failed"]);
});

test("after a mishap in the worker, frames are sent again once it is started anew", async () => {
  const { recognizer, worker, video } = started();
  await video.frame(1);
  worker.dispatchEvent(Object.assign(new Event("error"), { message: "a mishap" }));

  recognizer.stop();
  recognizer.start(video);
  await video.frame(2);

  assert.equal(worker.frames().length, 2);
});

test("closing ends the worker and what was being loaded", async () => {
  const recognizer = new Recognizer({ workerUrl: "worker.js" });
  const loading = recognizer.load(new ArrayBuffer(1));

  recognizer.close();

  assert.equal(FakeWorker.last.isTerminated, true);
  await assert.rejects(loading, { code: "closed" });
});

test("where the browser does not announce frames, the video's clock does", async () => {
  const looks = [];
  globalThis.requestAnimationFrame = (callback) => looks.push(callback);
  globalThis.cancelAnimationFrame = () => looks.splice(0);
  const video = { videoWidth: 640, videoHeight: 480, currentTime: 0.5 };
  const recognizer = new Recognizer({ workerUrl: "worker.js" });

  recognizer.start(video);
  looks.shift()();
  looks.shift()();
  video.currentTime = 0.6;
  looks.shift()();
  recognizer.stop();
  delete globalThis.requestAnimationFrame;
  delete globalThis.cancelAnimationFrame;

  assert.equal(recognizer.stats.frames, 2);
  assert.equal(looks.length, 0);
});

test("how frames are taken and how much is done for each is told whenever it changes", async () => {
  const { recognizer, video, worker } = started();
  const told = [];
  recognizer.addEventListener("manner", () => told.push([recognizer.stats.form, recognizer.stats.pace]));

  for (let i = 0; i < 15; i += 1) {
    await video.frame(0.1 * i);
    worker.answer({ ...result(worker.frames().at(-1).run), ms: 60 });
  }

  assert.deepEqual(told, [["bitmap", 0], ["bitmap", 1]]);
});

test("a browser that refuses workers made of modules is given a classic script", () => {
  const asked = [];
  globalThis.Worker = class extends FakeWorker {
    constructor(url, options) {
      asked.push(options.type);
      if (options.type === "module") throw new TypeError("Module scripts are not supported on DedicatedWorker yet");
      super(url, options);
    }
  };

  new Recognizer({ workerUrl: "worker.js" });

  assert.deepEqual(asked, ["module", undefined]);
  assert.equal(FakeWorker.last.url, "worker.js");
});

test("any other refusal of a worker is not hidden", () => {
  globalThis.Worker = class {
    constructor() {
      throw new DOMException("blocked", "SecurityError");
    }
  };

  assert.throws(() => new Recognizer({ workerUrl: "worker.js" }), { name: "SecurityError" });
});

test("a slow worker is given a frame to search in every 110 ms at most, and each one while it follows", async () => {
  const { recognizer, video, worker } = started();
  const sight = (type) => ({ type, target: 0, homography: null, frameWidth: 1280, frameHeight: 720, timestamp: 0 });
  const sent = async (times, ...events) => {
    const before = worker.frames().length;
    for (const time of times) {
      await video.frame(time);
      if (recognizer.isBusy) worker.answer({ ...result(worker.frames().at(-1).run, ...events), ms: 60 });
    }
    return worker.frames().slice(before).map(({ timestamp }) => Math.round(timestamp));
  };
  const times = (from, count) => Array.from({ length: count }, (_, i) => from + i / 20);

  assert.equal((await sent(times(0, 15))).length, 15, "not before it is known to be slow");
  assert.deepEqual(await sent(times(1, 7)), [1000, 1150, 1300]);
  assert.deepEqual(await sent([1.45], sight("found")), [1450]);
  assert.deepEqual(await sent(times(1.5, 3), sight("update")), [1500, 1550, 1600]);
  assert.deepEqual(await sent([0]), [0], "the camera was opened anew, and its clock too");
});

test("a slow worker is asked for less, and gets smaller frames once nothing is followed", async () => {
  const { recognizer, video, worker } = started();
  const sight = (type) => ({ type, target: 0, homography: null, frameWidth: 1280, frameHeight: 720, timestamp: 0 });
  const go = async (count, ...events) => {
    for (let i = 0; i < count; i += 1) {
      await video.frame(0.1);
      worker.answer({ ...result(worker.frames().at(-1).run, ...events), ms: 60 });
    }
  };

  await go(15, sight("update"));
  assert.equal(recognizer.stats.pace, 1);
  await go(15, sight("update"));
  await go(1, sight("update"));
  assert.deepEqual([worker.frames().at(-1).isThrifty, worker.frames().at(-1).source.width], [true, 640]);
  await go(1, sight("lost"));
  await video.frame(1);

  assert.equal(recognizer.stats.pace, 2);
  assert.equal(worker.frames().at(-1).source.width, 480);
});
