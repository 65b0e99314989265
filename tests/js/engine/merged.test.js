// One file of several targets, as the compiler's side merges it: each picture is found as its own number.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { greyFromRgba } from "../../../arcontent/static/arcontent/engine/grey.js";
import { Session } from "../../../arcontent/static/arcontent/engine/session.js";
import { readTargets } from "../../../arcontent/static/arcontent/engine/target.js";
import { project } from "../../../arcontent/static/arcontent/engine/homography.js";
import { askPython, isMissing } from "./python.js";

/** Seed, width and height. */
const PICTURES = [[21, 640, 480], [22, 500, 500], [23, 400, 600], [24, 900, 300]];
const VIEWS = [{}, { fill: 0.5, roll_deg: 60 }, { fill: 0.7, tilt_deg: 45, tilt_axis_deg: 20 }];

describe("a merged file of four targets", { skip: isMissing }, () => {
  let folder = "";
  let truth;
  let targets;
  let frames;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "engine-"));
    truth = askPython("merged", { folder, pictures: PICTURES, views: VIEWS });
    const file = readFileSync(join(folder, "merged.mind"));
    targets = readTargets(file.buffer.slice(file.byteOffset, file.byteOffset + file.length));
    frames = readFileSync(join(folder, "frames.rgba"));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** The frame of a picture in a view. */
  function frameOf(picture, view) {
    const length = truth.width * truth.height * 4;
    const at = (picture * VIEWS.length + view) * length;
    return greyFromRgba(frames.subarray(at, at + length), truth.width, truth.height);
  }

  function cornerError({ target, homography }, corners) {
    const { width, height } = targets[target];
    const outline = [[0, 0], [width, 0], [width, height], [0, height]];
    const offs = outline.map(([x, y], i) => {
      const [u, v] = project(homography, x, y);
      return Math.hypot(u - corners[i][0], v - corners[i][1]);
    });
    return offs.reduce((a, b) => a + b) / offs.length;
  }

  test("has the sizes of its pictures, in order", () => {
    assert.deepEqual(targets.map(({ width, height }) => [width, height]), PICTURES.map(([, ...size]) => size));
  });

  for (const picture of PICTURES.keys()) {
    test(`shows picture ${picture} as number ${picture}, where it is, from every side`, () => {
      for (const [view, corners] of truth.corners[picture].entries()) {
        const event = new Session(targets, truth.width, truth.height).process(frameOf(picture, view), 0);

        assert.equal(event?.type, "found", `view ${view}`);
        assert.equal(event.target, picture, `view ${view}`);
        const error = cornerError(event, corners);
        assert.ok(error < 0.5, `view ${view}: ${error} px`);
      }
    });
  }

  test("tells that one picture is gone before it tells of the next", () => {
    const session = new Session(targets, truth.width, truth.height);
    const shown = [1, 1, 3, 3, 3, 3, 3];

    const events = shown.map((picture, i) => session.process(frameOf(picture, 0), 100 * i));

    assert.deepEqual(
      events.filter((event) => event !== null && event.type !== "update").map(({ type, target }) => [type, target]),
      [["found", 1], ["lost", 1], ["found", 3]],
    );
  });
});
