// Shows the camera's frame and the overlay that was computed for it together. The engine needs a moment for each
// frame; over the live video the overlay would trail behind a picture that moves by just that moment. Where the engine
// is too slow for that, by what is measured, the live video is the lesser evil.

import { LockBudget } from "./budget.js";
import { watchFrames } from "../engine/frames.js";

/** So many frames back the engine may be. */
const KEPT_FRAMES = 8;
/** Frames are kept no larger: nine canvases of a camera of 1920 pixels would be 75 MB. */
const LONGER_SIDE_PX = 960;
/** Without a new result for so long the live video is shown again, rather than a camera that stands still. */
const PATIENCE_MS = 1000;

/** @typedef {{timestamp: number, atMs: number, isDrawn: boolean, canvas: HTMLCanvasElement}} KeptFrame */

export class FrameLock {
  /** @param {{camera: HTMLVideoElement, canvas: HTMLCanvasElement}} elements the canvas lies over the camera's video */
  constructor({ camera, canvas }) {
    /** @private */
    this.camera = camera;
    /** @private */
    this.canvas = canvas;
    /** @private */
    this.budget = new LockBudget();
    /** @private @type {KeptFrame[]} the newest last */
    this.kept = [];
    /** @private @type {(() => void) | null} */
    this.stopWatching = null;
    /** @private @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** Told of each camera frame that is seen in the live video. @type {(timestamp: number) => void} */
    this.onLiveFrame = () => {};
  }

  /**
   * Show the frame of a result, if they are young enough. The first results only begin the keeping of frames.
   * @param {number} timestamp of the frame, as the engine tells it
   * @returns {number} of the frame that is seen now: this one, or the newest of the live video
   */
  show(timestamp) {
    this.stopWatching ??= watchFrames(this.camera, (time) => this.keep(time));
    const newest = this.kept.length > 0 ? this.kept[this.kept.length - 1].timestamp : NaN;
    if (Number.isNaN(newest)) return timestamp;
    const frame = this.kept.find((kept) => kept.timestamp === timestamp);
    this.budget.result(frame === undefined ? Infinity : performance.now() - frame.atMs);
    if (frame === undefined || !frame.isDrawn || !this.budget.fits) return this.passOver(newest);
    const { width, height } = frame.canvas;
    if (!draw(frame.canvas, width, height, this.canvas)) return this.passOver(newest);
    this.canvas.hidden = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.showLive(), PATIENCE_MS);
    return timestamp;
  }

  /** @private @param {number} newest */
  passOver(newest) {
    this.showLive();
    return newest;
  }

  /** Keep no more frames, and show the live video. */
  release() {
    this.stopWatching?.();
    this.stopWatching = null;
    this.budget.pause();
    for (const frame of this.kept) frame.timestamp = NaN;
    this.showLive();
  }

  /** @private */
  showLive() {
    clearTimeout(this.timer);
    this.canvas.hidden = true;
  }

  /** @private @param {number} timestamp */
  keep(timestamp) {
    this.budget.frame();
    const oldest = this.kept.length < KEPT_FRAMES ? undefined : this.kept.shift();
    const canvas = oldest?.canvas ?? document.createElement("canvas");
    const { videoWidth, videoHeight } = this.camera;
    const scale = Math.min(1, LONGER_SIDE_PX / Math.max(videoWidth, videoHeight));
    const [width, height] = [Math.round(scale * videoWidth), Math.round(scale * videoHeight)];
    const isDrawn = this.budget.fits && draw(this.camera, width, height, canvas);
    this.kept.push({ timestamp, atMs: performance.now(), isDrawn, canvas });
    if (this.canvas.hidden) this.onLiveFrame(timestamp);
  }
}

/**
 * @param {CanvasImageSource} source @param {number} width @param {number} height
 * @param {HTMLCanvasElement} canvas takes this size
 * @returns {boolean} whether it could: phones that are short of memory give nothing to draw with
 */
function draw(source, width, height, canvas) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d", { alpha: false });
  context?.drawImage(source, 0, 0, width, height);
  return context !== null;
}
