// A video that can be seen through. Browsers agree on no format with transparency, so such a video carries it
// beside its picture: the upper half of each frame is what is seen, the lower half says how opaque it is, from
// black to white. Here both are put together on a canvas, without WebGL.

import { watchFrames } from "../engine/frames.js";

/** @typedef {import("./overlay.js").Size} Size */

/** Pixels; on a phone the overlay is hardly ever larger, and each pixel is touched. */
const LONGER_SIDE = 640;

/**
 * Put the two halves of a frame together: afterwards its upper half is as opaque as its lower half is bright.
 * @param {Uint8ClampedArray} pixels red, green, blue, alpha of all rows, the upper half's first; changed in place
 */
export function joinHalves(pixels) {
  const half = pixels.length / 2;
  for (let at = 0; at < half; at += 4) pixels[at + 3] = pixels[half + at + 1]; // a grey pixel's green is its grey
}

/**
 * The size at which a video is drawn.
 * @param {Size} video both halves together
 * @returns {Size} of one half
 */
export function drawnSize({ width, height }) {
  const half = height / 2;
  const scale = Math.min(1, LONGER_SIDE / Math.max(width, half));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(half * scale)) };
}

export class SeeThrough {
  /** @param {{video: HTMLVideoElement, canvas: HTMLCanvasElement}} elements the canvas is seen, the video is not */
  constructor({ video, canvas }) {
    /** @private */
    this.video = video;
    /** @private */
    this.shown = canvas.getContext("2d");
    /** @private */
    this.halves = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    watchFrames(video, () => this.draw());
  }

  /** A frame that can't be put together is an error of the video. @private */
  draw() {
    const { video, shown, halves } = this;
    if (shown === null || halves === null || video.videoWidth === 0) return;
    const { width, height } = drawnSize({ width: video.videoWidth, height: video.videoHeight });
    resize(halves.canvas, width, 2 * height);
    resize(shown.canvas, width, height);
    try {
      halves.drawImage(video, 0, 0, width, 2 * height);
      const { data } = halves.getImageData(0, 0, width, 2 * height);
      joinHalves(data);
      shown.putImageData(new ImageData(data.subarray(0, 4 * width * height), width, height), 0, 0);
    } catch {
      video.pause(); // nobody sees it, and no further frame comes
      video.dispatchEvent(new Event("error"));
    }
  }
}

/** @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
function resize(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}
