import assert from "node:assert/strict";
import { test } from "node:test";

import { Look } from "../../../arcontent/static/arcontent/viewer/look.js";

/** A page with a stage, as far as a look touches them. */
function page() {
  const root = { dataset: {} };
  const video = { requestVideoFrameCallback: () => 1 };
  const canvas = { hidden: true, getContext: () => null };
  const stage = { overlay: video, cleared: 0, clear: () => (stage.cleared += 1) };
  return { root, stage, video, canvas, look: new Look({ root, stage, video, canvas }) };
}

const chosen = (choice = {}) => ({ fit: "cover", when_lost: "hide", stacked_alpha: false, ...choice });

test("a manifest that says nothing of it means a video that covers the picture and goes with it", () => {
  const { root, stage, video, look } = page();

  look.choose(undefined);

  assert.equal(root.dataset.fit, "cover");
  assert.equal(stage.overlay, video);
  assert.equal(look.leave(), false);
  assert.equal("left" in root.dataset, false);
});

for (const fit of ["contain", "stretch"]) {
  test(`the style sheet is told to ${fit}`, () => {
    const { root, look } = page();

    look.choose(chosen({ fit }));

    assert.equal(root.dataset.fit, fit);
  });
}

test("a video that stays keeps its place until the picture is seen again", () => {
  const { root, stage, look } = page();
  look.choose(chosen({ when_lost: "keep" }));

  assert.equal(look.leave(), true);
  assert.equal(root.dataset.left, "keep");
  assert.equal(stage.cleared, 0);

  assert.equal(look.end(), true);
  assert.equal("left" in root.dataset, false);
  assert.equal(look.end(), false);
});

test("a video that fills the screen leaves its place", () => {
  const { root, stage, look } = page();
  look.choose(chosen({ when_lost: "full_screen" }));

  assert.equal(look.leave(), true);
  assert.equal(root.dataset.left, "full_screen");
  assert.equal(stage.cleared, 1);
});

for (const [whenLost, isTaken] of [["keep", true], ["full_screen", false]]) {
  test(`when the phone is turned, a video that was left to ${whenLost} is ${isTaken ? "taken away" : "left there"}`, () => {
    const { root, look } = page();
    look.choose(chosen({ when_lost: whenLost }));
    look.leave();

    assert.equal(look.turn(), isTaken);
    assert.equal("left" in root.dataset, !isTaken);
  });
}

test("a see-through video is drawn on the canvas, which lies on the picture in its place", () => {
  globalThis.document = { createElement: () => ({ getContext: () => null }) };
  try {
    const { root, stage, canvas, look } = page();

    look.choose(chosen({ stacked_alpha: true }));

    assert.equal(stage.overlay, canvas);
    assert.equal(canvas.hidden, false);
    assert.equal(root.dataset.seeThrough, "");
  } finally {
    delete globalThis.document;
  }
});
