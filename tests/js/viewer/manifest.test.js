import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { NotFetched, fetchTarget, settledManifest } from "../../../arcontent/static/arcontent/viewer/manifest.js";

let answers;

beforeEach(() => {
  mock.method(globalThis, "fetch", async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  });
});
afterEach(() => mock.restoreAll());

const json = (status) => new Response(JSON.stringify({ status, videos: [] }));

test("a content in preparation is looked at again until it is settled", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  answers = [json("processing"), json("processing"), json("ready")];
  const seen = [];

  const waiting = settledManifest("/manifest", ({ status }) => {
    seen.push(status);
    setImmediate(() => mock.timers.runAll());
  });

  assert.equal((await waiting).status, "ready");
  assert.deepEqual(seen, ["processing", "processing"]);
  mock.timers.reset();
});

test("a manifest that is refused is not fetched", async () => {
  answers = [new Response("", { status: 503 })];

  await assert.rejects(settledManifest("/manifest", assert.fail), NotFetched);
});

test("a network that is down is told as such", async () => {
  answers = [new TypeError("failed to fetch")];

  await assert.rejects(fetchTarget("/target", assert.fail), NotFetched);
});

test("a target comes whole, and its coming is told", async () => {
  const parts = [new Uint8Array([1, 2, 3]), new Uint8Array([4])];
  const body = new ReadableStream({
    pull(controller) {
      const part = parts.shift();
      if (part) controller.enqueue(part);
      else controller.close();
    },
  });
  answers = [new Response(body, { headers: { "Content-Length": "4" } })];
  const shares = [];

  const buffer = await fetchTarget("/target", (share) => shares.push(share));

  assert.deepEqual([...new Uint8Array(buffer)], [1, 2, 3, 4]);
  assert.deepEqual(shares, [0.75, 1]);
});

test("a target that breaks off is not fetched", async () => {
  const body = new ReadableStream({
    pull(controller) {
      controller.error(new TypeError("connection lost"));
    },
  });
  answers = [new Response(body)];

  await assert.rejects(fetchTarget("/target", () => {}), NotFetched);
});
