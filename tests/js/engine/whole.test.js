// The whole chain without a browser: a target from the Python compiler, camera clips with a known truth, and the
// session that a worker would run. What is asked here is what a visitor would notice.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { greyFromBrightness } from "../../../arcontent/static/arcontent/engine/grey.js";
import { Session } from "../../../arcontent/static/arcontent/engine/session.js";
import { readTargets } from "../../../arcontent/static/arcontent/engine/target.js";
import { project } from "../../../arcontent/static/arcontent/engine/homography.js";
import { askPython, isMissing } from "./python.js";

const [WIDTH, HEIGHT] = [640, 480];
const FRAME_BYTES = WIDTH * HEIGHT * 1.5;
const STILL = 4;
const MOVING = 14;

const ORDINARY = {
  "head-on": { views: [{}] },
  "tilted by 30 degrees": { views: [{ tilt_deg: 30, tilt_axis_deg: 30 }] },
  "tilted by 60 degrees about the horizontal": { views: [{ tilt_deg: 60 }] },
  "tilted by 60 degrees about the vertical": { views: [{ tilt_deg: 60, tilt_axis_deg: 90 }] },
  "on a fifth of the frame": { views: [{ fill: 0.2 }] },
  "on four fifths of the frame": { views: [{ fill: 0.8 }] },
  "on its side": { views: [{ roll_deg: 90 }] },
  "turned by 135 degrees": { views: [{ roll_deg: 135 }] },
  "upside down": { views: [{ roll_deg: 180 }] },
  "in a quarter of the light": { conditions: { light: 0.25 } },
  "in half as much light again": { conditions: { light: 1.5 } },
  "blurred by a pixel": { conditions: { blur_px: 1 } },
  "blurred by two pixels": { conditions: { blur_px: 2 } },
  "in strong noise": { conditions: { noise: 8 } },
  "half covered": { conditions: { covered: 0.5 } },
  "in the corner of the frame": { views: [{ fill: 0.4, centre: [0.2, 0.25] }] },
  "small, tilted and turned": { views: [{ fill: 0.4, tilt_deg: 60, roll_deg: 45 }] },
  "moving": { views: [{ fill: 0.4, centre: [0.35, 0.4] }, { fill: 0.6, roll_deg: 40, tilt_deg: 30, centre: [0.65, 0.55] }] },
};

const PICTURES = { "a poster": ["poster", 1], "a photograph": ["photo", "coffee"] };

/** Run a session over a clip. */
function watch(targets, path, truth) {
  const file = readFileSync(path);
  const start = file.indexOf(10) + 1;
  const session = new Session(targets, WIDTH, HEIGHT);
  const plane = { width: WIDTH, height: HEIGHT, offset: 0, stride: WIDTH, isFullRange: false };
  return truth.map((_, number) => {
    const at = start + number * (FRAME_BYTES + "FRAME\n".length) + "FRAME\n".length;
    return session.process(greyFromBrightness(file.subarray(at, at + FRAME_BYTES), plane), (number * 1000) / 15);
  });
}

function cornerErrors(events, corners, { width, height }) {
  const outline = [[0, 0], [width, 0], [width, height], [0, height]];
  return events.flatMap((event, number) => {
    if (!event?.homography || !corners[number]) return [];
    const offs = outline.map(([x, y], i) => {
      const [u, v] = project(event.homography, x, y);
      return Math.hypot(u - corners[number][i][0], v - corners[number][i][1]);
    });
    return [offs.reduce((a, b) => a + b) / 4];
  });
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

for (const [name, picture] of Object.entries(PICTURES)) {
  describe(`${name} before the camera`, { skip: isMissing }, () => {
    let folder = "";
    let truth;
    let targets;

    before(() => {
      folder = mkdtempSync(join(tmpdir(), "engine-"));
      const wish = ([clip, { views = [{}], conditions = {}, shows = picture }]) => ({
        name: clip, shows, views, conditions, frames: views.length > 1 ? MOVING : STILL,
      });
      const strangers = {
        "an empty scene": { shows: null },
        "another poster": { shows: ["poster", 7], views: [{ roll_deg: -30 }, { fill: 0.9, tilt_deg: 40 }] },
        "another photograph": { shows: ["photo", "chelsea"], views: [{ fill: 0.4 }, { fill: 0.9, roll_deg: 60 }] },
      };
      truth = askPython("camera", { folder, picture, clips: Object.entries({ ...ORDINARY, ...strangers }).map(wish) });
      const file = readFileSync(join(folder, "target.mind"));
      targets = readTargets(file.buffer.slice(file.byteOffset, file.byteOffset + file.length));
    });
    after(() => rmSync(folder, { recursive: true }));

    for (const condition of Object.keys(ORDINARY)) {
      test(`${condition}, it is found at once, within half a pixel, and lost when it leaves`, () => {
        const corners = truth.corners[condition];

        const events = watch(targets, join(folder, `${condition}.y4m`), corners);

        const types = events.map((event) => event?.type ?? null);
        const first = corners.findIndex((seen) => seen !== null);
        const last = corners.findLastIndex((seen) => seen !== null);
        const found = types.indexOf("found");
        assert.ok(found === first || found === first + 1, `found in frame ${found} of ${types}`);
        const missed = types.slice(found, last + 1).filter((type) => type === null).length;
        assert.equal(missed, 0, `${types}`);
        assert.equal(types.indexOf("lost"), last + 3, `${types}`);
        const error = median(cornerErrors(events, corners, truth));
        assert.ok(error <= 0.5, `${error} px`);
      });
    }

    for (const stranger of ["an empty scene", "another poster", "another photograph"]) {
      test(`it is never found in ${stranger}`, () => {
        const corners = truth.corners[stranger];

        const events = watch(targets, join(folder, `${stranger}.y4m`), corners);

        assert.ok(events.every((event) => event === null));
      });
    }
  });
}
