import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

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
    light: { start() {}, stop() {} },
    listener: {
      onSearching: note("searching"),
      onTurned: note("turned"),
      onFound: note("found"),
      onLost: note("lost"),
      onProblem: note("problem"),
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
