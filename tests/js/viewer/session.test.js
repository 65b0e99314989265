import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { CameraProblem } from "../../../arcontent/static/arcontent/viewer/camera.js";
import { Session } from "../../../arcontent/static/arcontent/viewer/session.js";

let said;
let placed;
let behindMs;
let parts;
let session;

/** A session whose parts only note what they are told. */
beforeEach(() => {
  [said, placed, behindMs] = [[], [], 0];
  const note = (what) => () => void said.push(what);
  const video = Object.assign(new EventTarget(), { videoWidth: 640 });
  parts = {
    camera: { video, open: async () => true, close: note("closed") },
    recognizer: Object.assign(new EventTarget(), { start: note("started"), stop: note("stopped") }),
    pictures: [{ width: 4, height: 3 }],
    stage: { isOfFrame: true, place: (pose) => parts.stage.isOfFrame && placed.push(pose.homography[2]) > 0 },
    lock: { show: (timestamp) => (said.push("shown"), timestamp + behindMs), release: note("released") },
    light: { isDoubtful: false, vouched: 0, vouch() { this.vouched += 1; }, start() {}, stop() { this.onChange(null); }, onChange() {} },
    listener: {
      onSearching: note("searching"),
      onTurned: note("turned"),
      onFound: note("found"),
      onLost: note("lost"),
      onTrouble: (trouble) => trouble !== null && said.push(trouble),
      onProblem: (code) => said.push(code),
    },
  };
  session = new Session(parts);
});

function sight(type, { x = 0, timestamp = 5 } = {}) {
  const detail = { target: 0, homography: [1, 0, x, 0, 1, 0, 0, 0, 1], frameWidth: 640, frameHeight: 480, timestamp };
  parts.recognizer.dispatchEvent(new CustomEvent(type, { detail }));
}

test("what is seen is shown together with its frame", async () => {
  await session.open();
  sight("found");

  assert.deepEqual(said, ["started", "searching", "shown", "found"]);
});

test("over its own frame the overlay is put where the picture was found", async () => {
  await session.open();
  sight("found");
  sight("update", { x: 30, timestamp: 55 });

  assert.deepEqual(placed, [0, 30]);
});

test("over the live video the overlay goes on as it went, frame by frame, until the picture is lost", async () => {
  behindMs = 50;
  await session.open();
  sight("found");
  sight("update", { x: 30, timestamp: 55 });
  parts.lock.onLiveFrame(130);
  const [, , , behind, later] = placed;

  assert.ok(behind > 45 && behind <= 60, `${behind}`);
  assert.ok(later > behind + 10, `${later}`);

  parts.recognizer.dispatchEvent(new Event("lost"));
  placed.length = 0;
  parts.lock.onLiveFrame(160);
  assert.deepEqual(placed, []);
});

test("when the camera's frames change their size, the picture is lost until it is found in the new ones", async () => {
  await session.open();
  sight("found");
  said.length = 0;

  parts.camera.video.dispatchEvent(new Event("resize"));
  parts.stage.isOfFrame = false;
  sight("update");
  assert.deepEqual(said, ["released", "lost", "turned"]);

  parts.stage.isOfFrame = true;
  sight("found");
  assert.deepEqual(said.slice(3), ["shown", "found"]);
});

test("the size of the first frame is no change", async () => {
  const opening = session.open();
  parts.camera.video.dispatchEvent(new Event("resize"));
  await opening;

  assert.deepEqual(said, ["started", "searching"]);
});

test("a page that is seen again asks for the camera once, however often it is told so", async () => {
  await session.open();
  session.sleep();
  said.length = 0;

  await Promise.all([session.wake(), session.wake()]);
  await session.wake();

  assert.deepEqual(said, ["started", "searching"]);
});

test("nothing is shown any more once it is closed", async () => {
  await session.open();
  session.close();
  said.length = 0;

  sight("found");
  parts.camera.video.dispatchEvent(new Event("resize"));

  assert.deepEqual(said, []);
});

test("a camera that stops ends the session, which says why", async () => {
  await session.open();
  sight("found");
  said.length = 0;

  parts.camera.onStopped();

  assert.deepEqual(said, ["stopped", "closed", "released", "lost", "camera_stopped"]);
});

test("an engine that breaks down ends the session, which says so once", async () => {
  await session.open();
  said.length = 0;

  for (let i = 0; i < 2; i += 1) parts.recognizer.dispatchEvent(new CustomEvent("error", { detail: new Error("no") }));

  assert.deepEqual(said, ["stopped", "closed", "released", "engine_failed"]);
});

test("when the camera is silenced the picture is lost at once, and there again with the first frame of it", async () => {
  await session.open();
  sight("found");
  said.length = 0;

  parts.camera.onMuted();
  assert.deepEqual(said, ["released", "lost"]);
  sight("update");
  assert.deepEqual(said.slice(2), ["shown", "found"]);
});

test("in a picture that stands still nothing is found until it moves", async () => {
  await session.open();
  sight("found");
  said.length = 0;

  assert.equal(parts.light.vouched, 1);

  parts.light.onChange("camera_frozen");
  sight("update");
  assert.deepEqual(said, ["released", "lost", "camera_frozen"]);
  assert.equal(parts.light.vouched, 1);

  parts.light.onChange(null);
  sight("update");
  assert.deepEqual(said.slice(3), ["shown", "found"]);
});

test("a camera that was given back and shows nothing after two seconds is opened anew", async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  await session.open();
  said.length = 0;

  parts.camera.onUnmuted();
  parts.light.isDoubtful = true;
  mock.timers.tick(1900);
  assert.deepEqual(said, []);
  mock.timers.tick(100);
  await undefined;

  assert.deepEqual(said, ["stopped", "closed", "released", "started", "searching"]);
});

test("a camera that was given back and shows something stays open, and so does a session that sleeps asleep", async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  await session.open();
  said.length = 0;
  parts.camera.onUnmuted();
  mock.timers.tick(2000);
  assert.deepEqual(said, []);

  parts.camera.onUnmuted();
  parts.light.isDoubtful = true;
  session.sleep();
  said.length = 0;
  mock.timers.tick(2000);

  assert.deepEqual(said, []);
});

test("a mistake of ours while opening ends the session, and is told to whoever looks", async ({ mock }) => {
  const complaints = mock.method(console, "error", () => {});
  const mistake = new TypeError("a mistake");
  parts.recognizer.start = () => { throw mistake; };

  await session.open();

  assert.equal(said.at(-1), "engine_failed");
  assert.deepEqual(complaints.mock.calls[0].arguments, [mistake]);
});

test("a problem of the camera ends the session with its own word", async () => {
  parts.camera.open = async () => { throw new CameraProblem("camera_absent"); };

  await session.open();

  assert.equal(said.at(-1), "camera_absent");
});

test("another camera is opened by one tap, and a second one meanwhile changes nothing", async () => {
  globalThis.document = { hidden: false };
  let open;
  let chosen = 0;
  parts.camera.chooseNext = async () => { chosen += 1; };
  await session.switchCamera();
  assert.equal(chosen, 0, "none is open yet");
  await session.open();
  said.length = 0;

  parts.camera.open = () => new Promise((resolve) => { open = resolve; });
  const taps = [session.switchCamera(), session.switchCamera()];
  await new Promise(setImmediate);
  taps.push(session.switchCamera());
  open(true);
  await Promise.all(taps);
  delete globalThis.document;

  assert.equal(chosen, 1);
  assert.deepEqual(said, ["stopped", "closed", "released", "started", "searching"]);
});
