import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { watchAttention } from "../../../arcontent/static/arcontent/viewer/attention.js";

let page;
let view;
let told;

beforeEach(() => {
  page = Object.assign(new EventTarget(), { hidden: false });
  view = new EventTarget();
  told = [];
  watchAttention(page, view, (isSeen) => told.push(isSeen));
});

test("a page that another tab or app covers is not seen until that is gone", () => {
  for (const hidden of [true, false]) {
    page.hidden = hidden;
    page.dispatchEvent(new Event("visibilitychange"));
  }

  assert.deepEqual(told, [false, true]);
});

test("a page that is left, and kept for going back, is seen again when it is gone back to", () => {
  view.dispatchEvent(new Event("pagehide"));
  view.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));

  assert.deepEqual(told, [false, true]);
});

test("a page that is shown for the first time is nothing new", () => {
  view.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));

  assert.deepEqual(told, []);
});
