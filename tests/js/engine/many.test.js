// A file of twenty targets: each is told as itself. What twenty cost in finds the bench measures, in harder views.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { Session } from "../../../arcontent/static/arcontent/engine/session.js";
import { readTargets } from "../../../arcontent/static/arcontent/engine/target.js";
import { encodeMsgpack, mindFile } from "./mindfile.js";
import { drawnFrame, drawnPicture, pose } from "./scenes.js";

const MANY = 20;
const VIEWS = [{ zoom: 1.2, turn: 0.4 }, { zoom: 0.5, turn: 2, cx: 200, cy: 300 }, { zoom: 0.45, tilt: 0.9, cx: 420 }];

describe("of twenty targets in one file", () => {
  let pictures;
  let targets;
  let ground;

  before(() => {
    pictures = Array.from({ length: MANY }, (_, i) => drawnPicture({ seed: 300 + i, width: 240, height: 180, shapes: 90 }));
    targets = readTargets(encodeMsgpack(mindFile(...pictures)));
    ground = drawnPicture({ seed: 43, width: 640, height: 480, shapes: 300 });
  });

  const frameOf = (picture, view) => drawnFrame({ picture, homography: pose({ picture, ...view }), ground });

  test("each that is found is told as itself; of these, drawn and easily seen, no fewer are found than alone", () => {
    const session = new Session(targets, 640, 480);
    let time = 0;
    let together = 0;
    let alone = 0;
    for (const [number, picture] of pictures.entries()) {
      const frame = frameOf(picture, VIEWS[number % VIEWS.length]);
      const event = session.process(frame, (time += 100));
      session.lose();
      if (event !== null) assert.equal(event.target, number);
      if (event !== null) together += 1;
      if (new Session([targets[number]], 640, 480).process(frame, 0) !== null) alone += 1;
    }

    assert.ok(together >= alone, `${together} together, ${alone} alone`);
    assert.ok(together >= 18, `${together} of ${MANY}`);
  });

  test("none is found where there is none", () => {
    const stranger = drawnPicture({ seed: 400, width: 240, height: 180, shapes: 90 });
    const session = new Session(targets, 640, 480);

    const events = [ground, ...VIEWS.map((view) => frameOf(stranger, view))].map((frame, i) => session.process(frame, 100 * i));

    assert.deepEqual(events, [null, null, null, null]);
  });
});
