import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Playback } from "../../../arcontent/static/arcontent/viewer/playback.js";

const SIGNED = "https://media.example/films/1.mp4?signature=first";

let video;
let told;
let playback;

/** A video element as far as playback touches it: it plays, refuses or fails as a test says. */
class FakeVideo extends EventTarget {
  attributes = new Map();
  paused = true;
  muted = true;
  error = null;
  textTracks = [];
  loads = 0;
  refusal = null;

  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }

  set src(url) {
    this.attributes.set("src", url);
    this.load();
  }

  replaceChildren() {}

  load() {
    this.crossOriginOfLoad = this.crossOrigin;
    this.loads += 1;
    this.error = null;
    this.paused = true;
  }

  async play() {
    const name = this.error === null ? this.refusal : "NotSupportedError";
    if (name !== null) throw new DOMException("no", name);
    this.paused = false;
    this.dispatchEvent(new Event("play"));
  }

  pause() {
    this.paused = true;
    this.dispatchEvent(new Event("pause"));
  }

  fail() {
    this.error = { code: 4 };
    this.dispatchEvent(new Event("error"));
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const film = (url = SIGNED) => ({ url, width_px: 4, height_px: 3, duration_s: 5, poster_url: null });

beforeEach(() => {
  globalThis.document = { createElement: () => ({}) };
  video = new FakeVideo();
  told = [];
  playback = new Playback(video);
  playback.onFailed = () => told.push("failed");
  playback.onRefused = () => told.push("refused");
});

afterEach(() => delete globalThis.document);

test("a video that is drawn on a canvas is fetched so that its pixels may be read", () => {
  playback.load(film(), { isDrawn: true });

  assert.equal(video.crossOriginOfLoad, "anonymous");
});

test("a plain video needs no permission of the host it comes from", () => {
  playback.load(film());

  assert.equal(video.crossOriginOfLoad, undefined);
});

test("a new signature of the same address does not begin the video anew", () => {
  playback.load(film());
  playback.load(film(SIGNED.replace("first", "second")));

  assert.equal(video.getAttribute("src"), SIGNED);
  assert.equal(video.loads, 1);
});

test("another video is loaded, and so is the same one after it has failed", () => {
  playback.load(film());
  playback.load(film("https://media.example/films/2.mp4"));
  assert.equal(video.loads, 2);

  video.fail();
  playback.load(film("https://media.example/films/2.mp4?signature=second"));
  assert.equal(video.loads, 3);
  assert.equal(video.error, null);
});

test("a video that comes while it is to be seen already plays, unless the visitor paused", async () => {
  assert.equal(playback.hasVideo, false);
  playback.show();
  await settled();

  playback.load(film());
  assert.equal(playback.hasVideo, true);
  assert.equal(video.paused, false);

  playback.togglePause();
  playback.load(film("https://media.example/films/2.mp4"));
  assert.equal(video.paused, true);
});

test("a video that comes before it is to be seen waits", () => {
  playback.load(film());

  assert.equal(video.paused, true);
});

test("a video that failed before it was to be seen is told of when it is", async () => {
  playback.load(film());
  video.fail();
  assert.deepEqual(told, []);

  playback.show();
  await settled();

  assert.deepEqual(told, ["failed"]);
});

test("a video that fails while it is seen is told of", async () => {
  playback.load(film());
  playback.show();
  video.fail();

  assert.deepEqual(told, ["failed"]);
});

test("a failed video is loaded again when the visitor wants it, and plays", async () => {
  playback.load(film());
  playback.show();
  video.fail();

  playback.reload();
  await settled();

  assert.equal(video.loads, 2);
  assert.equal(video.paused, false);
});

test("a failed video that is no longer seen when it can be loaded again waits until it is", async () => {
  playback.load(film());
  playback.show();
  video.fail();
  playback.hide();

  playback.reload();
  await settled();
  assert.deepEqual([video.loads, video.paused], [2, true]);

  playback.show();
  assert.equal(video.paused, false);
});

test("a failed video whose address was signed anew is loaded from there", () => {
  playback.load(film());
  playback.show();
  video.fail();

  const signedAnew = SIGNED.replace("first", "second");
  playback.load(film(signedAnew));
  playback.reload();

  assert.equal(video.getAttribute("src"), signedAnew);
  assert.equal(video.paused, false);
});

test("the tap that opens the camera gives a failed video another chance", async () => {
  playback.load(film());
  video.fail();

  playback.prime();
  await settled();

  assert.equal(video.loads, 2);
  assert.equal(video.paused, true);
});

test("a video the browser does not let play is told of, and one tap plays it", async () => {
  playback.load(film());
  video.refusal = "NotAllowedError";
  playback.show();
  await settled();

  assert.deepEqual(told, ["refused"]);
  assert.equal(playback.isPaused, true);

  video.refusal = null;
  playback.togglePause();
  assert.equal(video.paused, false);
  assert.equal(playback.isPaused, false);
});

test("a video that was paused while it is not seen is not played when it is seen again", () => {
  playback.load(film());
  playback.show();
  playback.togglePause();
  playback.hide();
  assert.equal(playback.isPaused, true);

  playback.show();

  assert.equal(video.paused, true);
});

test("a video that waits to be seen is not paused by the visitor", () => {
  playback.load(film());
  playback.show();
  playback.hide();

  assert.equal(playback.isPaused, false);
});

for (const [language, shown] of [
  ["pt-BR", "pt-BR"],
  ["pt-AO", "pt"],
  ["ru-RU", "ru"],
  ["de", "en"],
]) {
  test(`a visitor whose browser speaks ${language} is shown captions in ${shown}`, (context) => {
    const { navigator } = globalThis;
    context.after(() => Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true }));
    Object.defineProperty(globalThis, "navigator", { value: { language }, configurable: true });
    video.textTracks = ["en", "pt", "pt-BR", "ru"].map((code) => ({ language: code, mode: "disabled" }));

    playback.toggleCaptions();

    const showing = video.textTracks.filter(({ mode }) => mode === "showing");
    assert.deepEqual(showing.map((track) => track.language), [shown]);
  });
}
