import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { GRACE_MS, Presence } from "../../../arcontent/static/arcontent/viewer/presence.js";

let said;
let presence;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  said = [];
  presence = new Presence({ onFound: () => said.push("found"), onLost: () => said.push("lost") });
});

test("what is seen is found at once, and once", () => {
  presence.seen();
  presence.seen();

  assert.deepEqual(said, ["found"]);
});

test("what is missed is lost when the grace is over, not before", () => {
  presence.seen();
  presence.missed();

  mock.timers.tick(GRACE_MS - 1);
  assert.deepEqual(said, ["found"]);
  mock.timers.tick(1);
  assert.deepEqual(said, ["found", "lost"]);
});

test("what is seen again within the grace was never lost", () => {
  presence.seen();
  presence.missed();
  mock.timers.tick(GRACE_MS - 1);
  presence.seen();
  mock.timers.tick(10 * GRACE_MS);

  assert.deepEqual(said, ["found"]);
});

test("being missed again and again does not prolong the grace", () => {
  presence.seen();
  presence.missed();
  mock.timers.tick(GRACE_MS - 1);
  presence.missed();
  mock.timers.tick(1);

  assert.deepEqual(said, ["found", "lost"]);
});

test("what was never seen is not lost", () => {
  presence.missed();
  presence.forget();
  mock.timers.tick(10 * GRACE_MS);

  assert.deepEqual(said, []);
});

test("what is forgotten is lost at once, and once", () => {
  presence.seen();
  presence.missed();
  presence.forget();
  mock.timers.tick(10 * GRACE_MS);

  assert.deepEqual(said, ["found", "lost"]);
});
