import assert from "node:assert/strict";
import { test } from "node:test";

import { PageState } from "../../../arcontent/static/arcontent/viewer/states.js";

test("the root shows the state from the beginning", () => {
  const root = { dataset: {} };

  const state = new PageState(root);

  assert.equal(root.dataset.arState, "loading");
  assert.ok(state.is("ready", "loading"));
});

test("each step of a visit is shown on the root", () => {
  const root = { dataset: {} };
  const state = new PageState(root);

  for (const name of ["ready", "loading", "searching", "tracking", "searching", "fallback", "ready"]) {
    state.to(name);
    assert.equal(root.dataset.arState, name);
  }
});

test("a state that may not follow is refused and changes nothing", () => {
  const root = { dataset: {} };
  const state = new PageState(root);
  state.to("fallback");

  assert.throws(() => state.to("tracking"), /tracking may not follow fallback/);
  assert.equal(root.dataset.arState, "fallback");
});

test("staying is allowed", () => {
  const state = new PageState({ dataset: {} });

  state.to("loading");

  assert.equal(state.name, "loading");
});

test("how the engine works here is noted beside the state", () => {
  const root = { dataset: {} };

  new PageState(root).note({ form: "bitmap", pace: 1 });

  assert.deepEqual(root.dataset, { arState: "loading", arForm: "bitmap", arPace: "1" });
});
