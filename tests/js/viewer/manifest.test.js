import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { NotFetched, fetchTarget, settledManifest } from "../../../arcontent/static/arcontent/viewer/manifest.js";

let answers;

beforeEach(() => {
  mock.method(globalThis, "fetch", async (url, { signal } = {}) => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    if (answer === SILENCE) return broken(signal);
    if (answer instanceof Response) return answer;
    signal?.addEventListener("abort", () => answer.break(signal.reason));
    return answer.response;
  });
});
afterEach(() => {
  mock.restoreAll();
  mock.timers.reset();
});

/** The answer of a server that never answers. */
const SILENCE = Symbol("silence");
/** How long a visitor waits for a byte. */
const STALLED_MS = 30_000;

/** Never kept, and broken once somebody gives up. */
const broken = (signal) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

/** An answer of four bytes of which one comes at each `send`. Whoever gives it up breaks its body. */
function slowBody() {
  let body;
  const stream = new ReadableStream({ start: (controller) => void (body = controller) });
  const response = new Response(stream, { headers: { "Content-Length": "4" } });
  return { response, send: () => body.enqueue(new Uint8Array(1)), break: (reason) => body.error(reason) };
}

/** Let everything happen that waits for no timer. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

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
});

test("a manifest that is refused is not fetched", async () => {
  answers = [new Response("", { status: 503 })];

  await assert.rejects(settledManifest("/manifest", assert.fail), NotFetched);
});

for (const [what, text] of [
  ["a manifest that is cut short", '{"status": "ready", "vid'],
  ["the page of a network that wants a visitor to sign in", "<!doctype html><title>Welcome</title>"],
  ["an answer that is no manifest", '{"detail": "no"}'],
  ["an answer of nothing", "null"],
]) {
  test(`${what} is none fetched`, async () => {
    answers = [new Response(text)];

    await assert.rejects(settledManifest("/manifest", assert.fail), NotFetched);
  });
}

test("a server that is silent for half a minute is given up", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  answers = [SILENCE];
  let outcome = "waiting";

  settledManifest("/manifest", assert.fail).catch((error) => void (outcome = error));
  mock.timers.tick(STALLED_MS - 1);
  await settled();
  assert.equal(outcome, "waiting");

  mock.timers.tick(1);
  await settled();
  assert.ok(outcome instanceof NotFetched);
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

test("a target may come slowly, and is given up once nothing comes any more", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const slow = slowBody();
  answers = [slow];
  const shares = [];
  let outcome = "waiting";
  fetchTarget("/target", (share) => shares.push(share)).catch((error) => void (outcome = error));
  await settled();

  for (const share of [0.25, 0.5]) {
    mock.timers.tick(STALLED_MS - 1);
    slow.send();
    await settled();
    assert.equal(shares.at(-1), share);
  }
  mock.timers.tick(STALLED_MS);
  await settled();

  assert.ok(outcome instanceof NotFetched);
});
