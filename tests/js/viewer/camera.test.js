import assert from "node:assert/strict";
import { test } from "node:test";

import { codeOf, nextOf, obstacleOf, wished } from "../../../arcontent/static/arcontent/viewer/camera.js";

for (const [name, code] of [
  ["NotAllowedError", "camera_refused"],
  ["SecurityError", "camera_refused"],
  ["NotFoundError", "camera_absent"],
  ["OverconstrainedError", "camera_absent"],
  ["NotReadableError", "camera_busy"],
  ["AbortError", "camera_busy"],
  ["TypeError", "camera_failed"],
]) {
  test(`${name} means ${code}`, () => {
    assert.equal(codeOf(Object.assign(new Error(), { name })), code);
  });
}

test("what is no error at all means that the camera failed", () => {
  assert.equal(codeOf("no"), "camera_failed");
});

test("an insecure page has no camera, whatever the browser has", () => {
  const navigator = { mediaDevices: { getUserMedia() {} } };

  assert.equal(obstacleOf({ isSecureContext: false, navigator }), "camera_insecure");
  assert.equal(obstacleOf({ isSecureContext: true, navigator }), null);
});

for (const navigator of [{}, { mediaDevices: {} }]) {
  test(`a browser with ${JSON.stringify(navigator)} has no camera`, () => {
    assert.equal(obstacleOf({ isSecureContext: true, navigator }), "camera_unsupported");
  });
}

test("without a choice the camera that looks away from the visitor is asked for", () => {
  assert.equal(wished(null).video.facingMode, "environment");
});

test("a camera that was chosen is asked for, and another will do", () => {
  const { video } = wished("two");

  assert.deepEqual(video.deviceId, { ideal: "two" });
  assert.equal(video.facingMode, undefined);
});

for (const [choices, open, next] of [
  [["one", "two", "three"], "one", "two"],
  [["one", "two", "three"], "three", "one"],
  [["one", "two"], "gone", "one"],
  [["one"], "one", "one"],
  [[], "one", null],
]) {
  test(`of ${choices.join(", ") || "none"} the camera after ${open} is ${next}`, () => {
    assert.equal(nextOf(choices, open), next);
  });
}
