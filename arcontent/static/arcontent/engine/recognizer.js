// The page's door to the engine: a target file and a camera video go in, events come out. All computing happens
// in the worker; at most one frame is on its way at any time, so a slow phone skips frames instead of lagging.

import { FrameGrabber, watchFrames } from "./frames.js";
import { Pace, SMALL, THRIFTY } from "./pace.js";

/** @import { FromWorker, ResultMessage, ToWorker } from "./worker.js" */

/** A slow worker is given frames to search in no oftener: it would only warm the phone. */
const SEARCH_EVERY_MS = 110;

/**
 * Detail of "found" and "update". Of "lost", `homography` is null.
 * @typedef {object} Sight
 * @property {number} target number of the target in its file
 * @property {number[] | null} homography nine numbers, row by row: maps pixels of the picture (targetImage of the
 *   file, origin top left) to pixels of the video frame
 * @property {number} frameWidth of the video
 * @property {number} frameHeight
 * @property {number} timestamp of the frame, ms on the video's clock
 */

/**
 * Figures for tests and diagnostics.
 * @typedef {object} RecognizerStats
 * @property {number} frames new camera frames
 * @property {number} processed frames the worker has answered
 * @property {number} skipped frames that came while the worker was busy, or rested
 * @property {number} lastMs what the worker spent on the last frame
 * @property {string} form how frames are taken: "video-frame", "bitmap" or "canvas"
 * @property {number} pace how much less than everything is done for a frame: 0, 1 or 2 (pace.js)
 */

/** Something of the engine itself did not work; `code` says what. */
export class RecognizerError extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * Recognises pictures in a camera video.
 *
 * Dispatches "found" when a target is seen, "update" for each later frame it is seen in, "lost" when it has
 * been gone for three frames; each is a CustomEvent with a `Sight`. Dispatches "error", with a
 * `RecognizerError` as detail, when the worker breaks down, and "manner" when `form` or `pace` of the stats are others.
 */
export class Recognizer extends EventTarget {
  /** @param {{workerUrl: string | URL}} options the URL of worker.js */
  constructor({ workerUrl }) {
    super();
    /** @type {RecognizerStats} */
    this.stats = { frames: 0, processed: 0, skipped: 0, lastMs: 0, form: "", pace: 0 };
    /** @private */
    this.grabber = new FrameGrabber();
    /** @private */
    this.pace = new Pace();
    /** @private what the grabbing of the frame took that is on its way */
    this.grabMs = 0;
    /** @private */
    this.isSeeing = false;
    /** @private on the video's clock, of the last frame that was sent */
    this.sentAtMs = -Infinity;
    /** @private @type {RecognizerError | null} of a worker that broke down */
    this.failure = null;
    /** @private */
    this.worker = startedWorker(workerUrl);
    this.worker.addEventListener("message", (event) => this.receive(event.data));
    this.worker.addEventListener("error", (event) => {
      this.failure = new RecognizerError("engine_failed", event.message || "the worker could not be started");
      this.fail(this.failure);
    });
    /** @private @type {{resolve: (targets: {width: number, height: number}[]) => void, reject: (error: Error) => void} | null} */
    this.loading = null;
    /** @private */
    this.stopWatching = () => {};
    /** @private counts the starts: answers to frames of an earlier one are dropped */
    this.run = 0;
    /** @private */
    this.isBusy = false;
  }

  /**
   * Load a target. The worker warms up afterwards, until there are frames.
   * @param {ArrayBuffer} buffer a `.mind` file
   * @returns {Promise<{width: number, height: number}[]>} sizes of the pictures in the file, in pixels
   * @throws {Error} with `code` "bad_target" when the file cannot be used, "engine_failed" when the worker cannot
   */
  load(buffer) {
    return new Promise((resolve, reject) => {
      if (this.failure !== null) return reject(this.failure);
      this.loading?.reject(new RecognizerError("superseded", "another target was loaded meanwhile"));
      this.loading = { resolve, reject };
      this.send({ type: "load", buffer });
    });
  }

  /**
   * Begin to process a playing video, from "nothing seen". A video that was being processed is left.
   * @param {HTMLVideoElement} video
   */
  start(video) {
    this.stop();
    this.isSeeing = false;
    this.send({ type: "reset" });
    this.stopWatching = watchFrames(video, (timestamp) => {
      this.stats.frames += 1;
      if (this.isBusy || this.isResting(timestamp)) this.stats.skipped += 1;
      else void this.process(video, timestamp, this.run);
    });
  }

  /** Stop processing; no event is dispatched until the next start. The worker and its target stay. */
  stop() {
    this.stopWatching();
    this.stopWatching = () => {};
    this.run += 1;
  }

  /** Stop for good and free the worker. */
  close() {
    this.stop();
    this.worker.terminate();
    this.loading?.reject(new RecognizerError("closed", "the recognizer was closed"));
    this.loading = null;
  }

  /** @private @param {number} timestamp of a new frame */
  isResting(timestamp) {
    if (this.isSeeing || this.pace.level < THRIFTY) return false;
    return Math.abs(timestamp - this.sentAtMs) < SEARCH_EVERY_MS;
  }

  /**
   * @private
   * @param {HTMLVideoElement} video
   * @param {number} timestamp
   * @param {number} run
   */
  async process(video, timestamp, run) {
    this.isBusy = true;
    this.sentAtMs = timestamp;
    try {
      // Frames of another size are searched anew, so nothing changes while a picture is followed.
      if (!this.isSeeing) this.grabber.small = this.pace.level >= SMALL;
      const startedAt = performance.now();
      const shot = await this.grabber.grab(video);
      this.grabMs = performance.now() - startedAt;
      this.tellManner();
      if (shot === null || run !== this.run) {
        if (shot !== null && "close" in shot.source) shot.source.close();
        this.isBusy = false;
        return;
      }
      const { source, transfer, factor, frameWidth, frameHeight } = shot;
      const isThrifty = this.pace.level >= THRIFTY;
      this.send({ type: "frame", run, isThrifty, source, factor, frameWidth, frameHeight, timestamp }, transfer);
    } catch (error) {
      this.fail(new RecognizerError("no_frames", String(error)));
    }
  }

  /** @private @param {FromWorker} message */
  receive(message) {
    if (message.type === "loaded") {
      this.loading?.resolve(message.targets);
      this.loading = null;
    } else if (message.type === "refused") {
      this.loading?.reject(new RecognizerError(message.code, message.message));
      this.loading = null;
    } else if (message.type === "unreadable") {
      this.isBusy = false;
      if (!this.grabber.fallBack()) this.fail(new RecognizerError("no_frames", message.message));
    } else {
      this.isBusy = false;
      this.report(message);
    }
  }

  /** @private @param {ResultMessage} result */
  report({ run, events, ms }) {
    this.stats.processed += 1;
    this.stats.lastMs = ms;
    this.pace.add(this.grabMs + ms);
    this.tellManner();
    if (run !== this.run) return;
    for (const { type, homography, ...rest } of events) {
      /** @type {Sight} */
      const detail = { ...rest, homography: homography && Array.from(homography) };
      this.isSeeing = type !== "lost";
      this.dispatchEvent(new CustomEvent(type, { detail }));
    }
  }

  /** @private */
  tellManner() {
    const { stats, grabber, pace } = this;
    if (stats.form === grabber.form && stats.pace === pace.level) return;
    [stats.form, stats.pace] = [grabber.form, pace.level];
    this.dispatchEvent(new Event("manner"));
  }

  /** @private @param {RecognizerError} error */
  fail(error) {
    this.isBusy = false;
    this.loading?.reject(error);
    this.loading = null;
    this.dispatchEvent(new CustomEvent("error", { detail: error }));
  }

  /** @private @param {ToWorker} message @param {Transferable[]} [transfer] */
  send(message, transfer = []) {
    this.worker.postMessage(message, transfer);
  }
}

/**
 * Start the worker. Browsers that know no workers made of modules either pass over the wish or refuse it; they are
 * given it as a classic script, which it is too once it is joined into one file.
 * @param {string | URL} url
 */
function startedWorker(url) {
  const name = "recognizer";
  try {
    return new Worker(url, { type: "module", name });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return new Worker(url, { name });
  }
}
