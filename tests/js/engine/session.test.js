import assert from "node:assert/strict";
import { test } from "node:test";

import { Session } from "../../../arcontent/static/arcontent/engine/session.js";
import { readTargets } from "../../../arcontent/static/arcontent/engine/target.js";
import { warmUp } from "../../../arcontent/static/arcontent/engine/warm.js";
import { encodeMsgpack, mindFile } from "./mindfile.js";
import { cornerError, drawnFrame, drawnPicture, pose } from "./scenes.js";

const PICTURES = [drawnPicture({ seed: 41 }), drawnPicture({ seed: 42, width: 300, height: 300 })];
const TARGETS = readTargets(encodeMsgpack(mindFile(...PICTURES)));
const CLUTTER = drawnPicture({ seed: 43, width: 640, height: 480, shapes: 300 });
const FRAME_MS = 1000 / 15;

const shown = (number, view) => drawnFrame({ picture: PICTURES[number], homography: pose({ picture: PICTURES[number], ...view }), ground: CLUTTER });
const types = (events) => events.map((event) => event?.type ?? null);

/** Feed frames at 15 a second. */
function run(session, frames, from = 0) {
  return frames.map((frame, i) => session.process(frame, (from + i) * FRAME_MS));
}

test("a picture is found in its first frame, updated in the next, and lost after three without it", () => {
  const frame = shown(0, { zoom: 1.2, turn: 0.3 });

  const events = run(new Session(TARGETS, 640, 480), [CLUTTER, frame, frame, CLUTTER, CLUTTER, CLUTTER, CLUTTER]);

  assert.deepEqual(types(events), [null, "found", "update", null, null, "lost", null]);
  assert.equal(events[5].homography, null);
});

test("the homography says where the picture is", () => {
  const view = { zoom: 1.1, turn: -0.6, tilt: 0.4, cx: 300, cy: 250 };

  const [found] = run(new Session(TARGETS, 640, 480), [shown(0, view)]);

  const error = cornerError(found.homography, pose({ picture: PICTURES[0], ...view }), PICTURES[0]);
  assert.ok(error < 0.3, `${error} px`);
});

test("each target of a file is recognised as itself", () => {
  for (const number of [0, 1]) {
    const [found] = run(new Session(TARGETS, 640, 480), [shown(number, { zoom: 1.1 })]);

    assert.deepEqual([found.type, found.target], ["found", number]);
  }
});

test("a picture too small to be described is found in the part that is magnified next", () => {
  const frame = shown(0, { zoom: 0.2, cx: 300, cy: 230 });

  const events = run(new Session(TARGETS, 640, 480), [frame, frame]);

  assert.deepEqual(types(events), [null, "found"]);
  const error = cornerError(events[1].homography, pose({ picture: PICTURES[0], zoom: 0.2, cx: 300, cy: 230 }), PICTURES[0]);
  assert.ok(error < 0.3, `${error} px`);
});

test("a picture that is missed for two frames is updated when it is back, elsewhere", () => {
  const frames = [shown(0, { cx: 250 }), CLUTTER, CLUTTER, shown(0, { cx: 390, turn: 1 })];

  const events = run(new Session(TARGETS, 640, 480), frames);

  assert.deepEqual(types(events), ["found", null, null, "update"]);
});

test("a jump across the frame is caught in the same frame", () => {
  const events = run(new Session(TARGETS, 640, 480), [shown(0, { cx: 200 }), shown(0, { cx: 440, cy: 200, turn: 2 })]);

  assert.deepEqual(types(events), ["found", "update"]);
});

test("while tracking one target another is not reported", () => {
  const first = shown(0, { zoom: 0.8, cx: 160, cy: 130 });
  const both = drawnFrame({ picture: PICTURES[1], homography: pose({ picture: PICTURES[1], zoom: 0.7, cx: 480, cy: 330 }), ground: first });

  const events = run(new Session(TARGETS, 640, 480), [first, both, both]);

  assert.deepEqual(events.map(({ type, target }) => [type, target]), [["found", 0], ["update", 0], ["update", 0]]);
});

test("clutter and an unknown picture are never found", () => {
  const stranger = drawnPicture({ seed: 44 });
  const frames = [0.6, 0.9, 1.4].map((zoom) => drawnFrame({ picture: stranger, homography: pose({ picture: stranger, zoom, turn: zoom }), ground: CLUTTER }));

  const events = run(new Session(TARGETS, 640, 480), [CLUTTER, ...frames]);

  assert.deepEqual(types(events), [null, null, null, null]);
});

const SIGHTS = [
  [9, 20, 1, null], [12, 41, 1, null], [12, 40, 1, "found"], [18, 40, 0.8, null], [22, 40, 0.8, "found"],
  [11, 15, 0.7, "found"], [15, 75, 0.94, "found"], [15, 76, 0.94, null], [15, 75, 0.93, null],
];
for (const [inliers, visible, likeness, type] of SIGHTS) {
  test(`${inliers} of ${visible} patches like ${likeness} are ${type === null ? "not " : ""}enough to be found`, () => {
    const session = new Session(TARGETS, 640, 480);
    const homography = pose({ picture: PICTURES[0] });
    session.seekers[0].finder.propose = () => [{ homography, inliers: 50 }];
    session.seekers[0].tracker.track = () => ({ homography, inliers, visible, likeness, blur: [0, 0] });

    assert.deepEqual(types(run(session, [CLUTTER])), [type]);
  });
}

test("the same frames give the same events, number by number", () => {
  const frames = [CLUTTER, shown(0, { tilt: 0.5 }), shown(0, { tilt: 0.5, cx: 325 }), CLUTTER];

  assert.deepEqual(run(new Session(TARGETS, 640, 480), frames), run(new Session(TARGETS, 640, 480), frames));
});

test("searches are no closer than the battery can bear", () => {
  const session = new Session(TARGETS, 640, 480);

  session.process(CLUTTER, 0);
  const tooSoon = session.process(shown(0, {}), 20);
  const inTime = session.process(shown(0, {}), 60);

  assert.deepEqual(types([tooSoon, inTime]), [null, "found"]);
});

test("giving up says lost once", () => {
  const session = new Session(TARGETS, 640, 480);
  run(session, [shown(0, {})]);

  assert.deepEqual(types([session.lose(), session.lose()]), ["lost", null]);
});

test("frames of a turned phone are recognised by a session of their size", () => {
  const portrait = drawnFrame({ picture: PICTURES[0], homography: pose({ picture: PICTURES[0], cx: 240, cy: 320 }), width: 480, height: 640 });

  const [found] = run(new Session(TARGETS, 480, 640), [portrait]);

  assert.equal(found?.type, "found");
});

test("a warmed session is as good as new, even when it was interrupted", () => {
  const warmed = new Session(TARGETS, 640, 480);
  const steps = warmUp(warmed, TARGETS[0]);
  assert.equal([steps.next(), steps.next()][1].value?.type, "update");
  steps.return();
  const frames = [shown(0, { turn: 0.2 }), shown(0, { turn: 0.21 })];

  assert.deepEqual(run(warmed, frames), run(new Session(TARGETS, 640, 480), frames));
});

test("a slow phone finds a picture in a part of the frame as it is, and tells where it is in the frame", () => {
  const picture = drawnPicture({ seed: 41, width: 240, height: 180 });
  const targets = readTargets(encodeMsgpack(mindFile(picture)));
  const truth = pose({ picture, zoom: 1.1, turn: 0.5, cx: 330, cy: 230 });
  const session = new Session(targets, 640, 480);
  session.isThrifty = true;

  const events = [drawnFrame({ picture }), drawnFrame({ picture, homography: truth })].map((frame, i) =>
    session.process(frame, 100 * i),
  );

  assert.deepEqual(events.map((event) => event?.type ?? null), [null, "found"]);
  assert.equal(session.small?.image.width, 320);
  assert.ok(cornerError(events[1].homography, truth, picture) < 0.5);
});
