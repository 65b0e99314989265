import assert from "node:assert/strict";
import { test } from "node:test";

import { Crops } from "../../../arcontent/static/arcontent/engine/crops.js";
import { Detector } from "../../../arcontent/static/arcontent/engine/detect.js";
import { ScaleSpace } from "../../../arcontent/static/arcontent/engine/pyramid.js";
import { Session } from "../../../arcontent/static/arcontent/engine/session.js";
import { readTargets } from "../../../arcontent/static/arcontent/engine/target.js";
import { encodeMsgpack, mindFile } from "./mindfile.js";
import { cornerError, drawnFrame, drawnPicture, pose } from "./scenes.js";

const LIMITS = { perBucket: 20, total: 1500 };
const PICTURE = drawnPicture({ seed: 41, width: 240, height: 180 });
const detector = (width, height) => new Detector(new ScaleSpace(width, height), LIMITS);

test("nine crops in turn cover the whole frame, the middle first", () => {
  const crops = new Crops(detector(320, 320));
  const frame = drawnFrame({ picture: PICTURE });
  const seen = new Set();
  const places = [];

  for (let turn = 0; turn < 9; turn += 1) {
    crops.detect(frame);
    places.push([crops.left, crops.top]);
    for (let y = crops.top; y < crops.top + crops.crop.height; y += 20) {
      for (let x = crops.left; x < crops.left + crops.crop.width; x += 20) seen.add(`${x} ${y}`);
    }
  }
  crops.detect(frame);

  assert.deepEqual(places[0], [160, 80]);
  assert.deepEqual([crops.left, crops.top], places[0]);
  assert.equal(seen.size, 32 * 24);
});

test("a crop as wide as the frame moves up and down only", () => {
  const crops = new Crops(detector(300, 320));

  const frame = drawnFrame({ picture: PICTURE, width: 300, height: 480 });
  const places = Array.from({ length: 9 }, () => (crops.detect(frame), [crops.left, crops.top]));

  assert.deepEqual(new Set(places.map(String)), new Set(["0,80", "0,0", "0,160"]));
});

test("a slow phone finds a picture in a crop, where it is in the frame", () => {
  const targets = readTargets(encodeMsgpack(mindFile(PICTURE)));
  const truth = pose({ picture: PICTURE, zoom: 1.1, turn: 0.5, cx: 330, cy: 230 });
  const session = new Session(targets, 640, 480);
  session.isThrifty = true;

  const events = [drawnFrame({ picture: PICTURE }), drawnFrame({ picture: PICTURE, homography: truth })].map((frame, i) =>
    session.process(frame, 100 * i),
  );

  assert.deepEqual(events.map((event) => event?.type ?? null), [null, "found"]);
  assert.ok(session.crops?.turn === 1, "it was a crop");
  assert.ok(cornerError(events[1].homography, truth, PICTURE) < 0.5);
});
