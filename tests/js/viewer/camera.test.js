import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Camera, codeOf, nextOf, obstacleOf, wished } from "../../../arcontent/static/arcontent/viewer/camera.js";

for (const [name, code] of [
  ["NotAllowedError", "camera_refused"],
  ["SecurityError", "camera_refused"],
  ["NotFoundError", "camera_absent"],
  ["OverconstrainedError", "camera_absent"],
  ["NotReadableError", "camera_busy"],
  ["AbortError", "camera_busy"],
  ["TypeError", "camera_failed"],
]) {
  test(`${name} means ${code}`, () => {
    assert.equal(codeOf(Object.assign(new Error(), { name })), code);
  });
}

test("what is no error at all means that the camera failed", () => {
  assert.equal(codeOf("no"), "camera_failed");
});

test("an insecure page has no camera, whatever the browser has", () => {
  const navigator = { mediaDevices: { getUserMedia() {} } };

  assert.equal(obstacleOf({ isSecureContext: false, navigator }), "camera_insecure");
  assert.equal(obstacleOf({ isSecureContext: true, navigator }), null);
});

for (const navigator of [{}, { mediaDevices: {} }]) {
  test(`a browser with ${JSON.stringify(navigator)} has no camera`, () => {
    assert.equal(obstacleOf({ isSecureContext: true, navigator }), "camera_unsupported");
  });
}

test("without a choice the camera that looks away from the visitor is asked for", () => {
  assert.equal(wished(null).video.facingMode, "environment");
});

test("a camera that was chosen is asked for, and no other", () => {
  const { video } = wished("two");

  assert.deepEqual(video.deviceId, { exact: "two" });
  assert.equal(video.facingMode, undefined);
});

for (const [choices, open, next] of [
  [["one", "two", "three"], "one", "two"],
  [["one", "two", "three"], "three", "one"],
  [["one", "two"], "gone", "one"],
  [["one"], "one", "one"],
  [[], "one", null],
]) {
  test(`of ${choices.join(", ") || "none"} the camera after ${open} is ${next}`, () => {
    assert.equal(nextOf(choices, open), next);
  });
}

// --- A browser with two cameras ---------------------------------------------------------------------

const saved = {};
let asked;
let answers;
let refusals;
let memory;

/** A stream of a camera. */
function streamOf(deviceId) {
  const track = Object.assign(new EventTarget(), { stop() { track.isStopped = true; }, getSettings: () => ({ deviceId }) });
  return { track, getTracks: () => [track], getVideoTracks: () => [track] };
}

function mishap(name) {
  return Object.assign(new Error(), { name });
}

beforeEach(() => {
  [asked, answers, refusals, memory] = [[], [], [], {}];
  const mediaDevices = {
    getUserMedia: ({ video }) => {
      asked.push(video.deviceId?.exact ?? video.facingMode);
      const refused = refusals.shift();
      if (refused !== undefined) return Promise.reject(mishap(refused));
      return answers.shift() ?? Promise.resolve(streamOf(video.deviceId?.exact ?? "back"));
    },
    enumerateDevices: async () => ["back", "front"].map((deviceId) => ({ kind: "videoinput", deviceId })),
  };
  const fakes = {
    navigator: { mediaDevices },
    window: { isSecureContext: true, navigator: { mediaDevices } },
    localStorage: { getItem: (name) => memory[name] ?? null, setItem: (name, value) => { memory[name] = value; } },
  };
  for (const [name, value] of Object.entries(fakes)) {
    saved[name] = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
});
afterEach(() => {
  for (const [name, descriptor] of Object.entries(saved)) {
    delete globalThis[name];
    if (descriptor !== undefined) Object.defineProperty(globalThis, name, descriptor);
  }
});

/** Let time pass, a third of a second and then again, until an opening has come to its end. */
async function patiently(mock, opening) {
  let isOver = false;
  const over = () => { isOver = true; };
  opening.then(over, over);
  while (!isOver) {
    await new Promise(setImmediate);
    mock.timers.tick(300);
  }
  return opening;
}

/** A camera with a video of its own. */
function camera() {
  return new Camera(new FakeVideo());
}

test("a camera that was chosen is opened now and at the next visit", async () => {
  const first = camera();
  await first.open();
  await first.chooseNext();
  assert.deepEqual(memory, {}, "not before it was opened");

  await first.open();
  await camera().open();

  assert.deepEqual(asked, ["environment", "front", "front"]);
});

for (const [name, times] of [["NotReadableError", 2], ["OverconstrainedError", 1], ["NotFoundError", 1]]) {
  test(`where the chosen camera answers ${name}, the usual one is opened, and stays`, async ({ mock }) => {
    mock.timers.enable({ apis: ["setTimeout"] });
    memory["vertexar.camera"] = "gone";
    refusals = Array(times).fill(name);
    const one = camera();

    assert.equal(await patiently(mock, one.open()), true);
    await one.open();

    assert.deepEqual(asked, [...Array(times).fill("gone"), "environment", "environment"]);
  });
}

test("who refuses the camera is not asked for another", async () => {
  memory["vertexar.camera"] = "front";
  refusals = ["NotAllowedError"];

  await assert.rejects(camera().open(), { code: "camera_refused" });

  assert.deepEqual(asked, ["front"]);
});

test("an answer to an earlier question, be it a refusal, changes nothing", async () => {
  let refuse;
  let give;
  answers = [new Promise((_, reject) => { refuse = reject; }), new Promise((resolve) => { give = resolve; })];
  const one = camera();
  const first = one.open();
  const second = one.open();

  refuse(mishap("NotAllowedError"));
  assert.equal(await first, false);
  give(streamOf("back"));

  assert.equal(await second, true);
});

// --- A stream that has trouble ------------------------------------------------------------------------

/** A camera's video, which plays when it is told to, unless a test says otherwise. */
class FakeVideo extends EventTarget {
  srcObject = null;
  plays = 0;
  answer = async () => {};

  play() {
    this.plays += 1;
    return this.answer();
  }
}

/** An open camera, and what it tells. */
async function opened() {
  const video = new FakeVideo();
  const one = new Camera(video);
  const told = [];
  one.onMuted = () => told.push("muted");
  one.onUnmuted = () => told.push("unmuted");
  one.onStopped = () => told.push("stopped");
  const stream = streamOf("back");
  answers = [Promise.resolve(stream)];
  await one.open();
  return { one, video, told, track: stream.track };
}

test("a camera that ends by itself is told of, and one that was closed is not", async () => {
  const { one, told, track } = await opened();

  track.dispatchEvent(new Event("ended"));
  assert.deepEqual(told, ["stopped"]);

  one.close();
  for (const type of ["ended", "mute", "unmute"]) track.dispatchEvent(new Event(type));
  assert.deepEqual(told, ["stopped"]);
});

test("a camera that the system silences is told of, and plays again when it is given back", async () => {
  const { video, told, track } = await opened();

  track.dispatchEvent(new Event("mute"));
  assert.deepEqual(told, ["muted"]);
  track.dispatchEvent(new Event("unmute"));

  assert.deepEqual(told, ["muted", "unmuted"]);
  assert.equal(video.plays, 2);
});

test("a camera whose first frame has come is not given back", async () => {
  const { told, track } = await opened();

  track.dispatchEvent(new Event("unmute"));

  assert.deepEqual(told, []);
});

test("the video of an open camera does not stay paused, be it that it may not play", async () => {
  const { one, video } = await opened();
  video.answer = () => Promise.reject(mishap("NotAllowedError"));

  video.dispatchEvent(new Event("pause"));
  assert.equal(video.plays, 2);

  one.close();
  video.dispatchEvent(new Event("pause"));
  assert.equal(video.plays, 2);
});

test("a video that does not play the camera is a camera that failed, and is given back", async () => {
  const video = new FakeVideo();
  video.answer = () => Promise.reject(mishap("NotSupportedError"));
  const stream = streamOf("back");
  answers = [Promise.resolve(stream)];

  await assert.rejects(new Camera(video).open(), { code: "camera_failed" });

  assert.equal(stream.track.isStopped, true);
});

test("a stream without a first frame is a busy camera after eight seconds, and is given back", async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const video = new FakeVideo();
  video.answer = () => new Promise(() => {});
  const stream = streamOf("back");
  answers = [Promise.resolve(stream)];
  const refused = assert.rejects(new Camera(video).open(), { code: "camera_busy" });
  while (video.plays === 0) await Promise.resolve();

  mock.timers.tick(7900);
  assert.equal(stream.track.isStopped, undefined);
  mock.timers.tick(200);

  await refused;
  assert.equal(stream.track.isStopped, true);
});

test("who takes long to allow the camera is waited for", async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let allow;
  answers = [new Promise((resolve) => { allow = resolve; })];
  const opening = camera().open();

  mock.timers.tick(120_000);
  allow(streamOf("back"));

  assert.equal(await opening, true);
});

for (const name of ["NotReadableError", "AbortError"]) {
  test(`a camera that answers ${name} may not be free yet, and is asked for once more`, async ({ mock }) => {
    mock.timers.enable({ apis: ["setTimeout"] });
    refusals = [name];

    assert.equal(await patiently(mock, camera().open()), true);

    assert.deepEqual(asked, ["environment", "environment"]);
  });
}

test("a camera that is busy a second time is told of", async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  refusals = ["NotReadableError", "NotReadableError"];

  await assert.rejects(patiently(mock, camera().open()), { code: "camera_busy" });
});

test("a camera that is closed before it is asked for once more is not", async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  refusals = ["NotReadableError"];
  const one = camera();
  const opening = one.open();
  await new Promise(setImmediate);
  one.close();

  assert.equal(await patiently(mock, opening), false);
  assert.deepEqual(asked, ["environment"]);
});
