import assert from "node:assert/strict";
import { test } from "node:test";

import { Beacons } from "../../../arcontent/static/arcontent/viewer/beacons.js";

/** A sender that remembers what it was given. */
function recorder({ takesBeacons = true } = {}) {
  const beacons = [];
  const requests = [];
  return {
    beacons,
    requests,
    sendBeacon: (url, body) => takesBeacons && beacons.push({ url, body }) > 0,
    fetch: async (url, options) => void requests.push({ url, options }),
  };
}

test("a beacon says the code and the event as JSON, and nothing else", async () => {
  const sender = recorder();

  new Beacons({ url: "/events", code: "abc", sender }).count("opened");

  const [{ url, body }] = sender.beacons;
  assert.equal(url, "/events");
  assert.equal(body.type, "application/json");
  assert.deepEqual(JSON.parse(await body.text()), { code: "abc", event: "opened" });
});

test("opened, found and played are counted once, clicks each time", async () => {
  const sender = recorder();
  const beacons = new Beacons({ url: "/events", code: "abc", sender });

  for (const event of ["opened", "found", "played", "clicked"]) {
    beacons.count(event);
    beacons.count(event);
  }

  const texts = await Promise.all(sender.beacons.map(({ body }) => body.text()));
  const events = texts.map((text) => JSON.parse(text).event);
  assert.deepEqual(events, ["opened", "found", "played", "clicked", "clicked"]);
});

test("what the browser does not take as a beacon is posted, to outlive the page", () => {
  const sender = recorder({ takesBeacons: false });

  new Beacons({ url: "/events", code: "abc", sender }).count("found");

  assert.equal(sender.requests.length, 1);
  assert.equal(sender.requests[0].options.method, "POST");
  assert.equal(sender.requests[0].options.keepalive, true);
});

test("a browser without beacons posts", () => {
  const sender = { ...recorder(), sendBeacon: undefined };

  new Beacons({ url: "/events", code: "abc", sender }).count("found");

  assert.equal(sender.requests.length, 1);
});
