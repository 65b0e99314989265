// The worker: targets and frames come in, what was recognised goes out. One frame at a time, in order; the page
// (recognizer.js) sends the next one when it has the answer to the last.

import { greyFromBrightness, greyFromRgba, shrunk } from "./grey.js";
import { Session } from "./session.js";
import { BadTarget, readTargets } from "./target.js";
import { warmUp } from "./warm.js";

/** @import { GreyImage } from "./image.js" */
/** @import { RecognitionEvent } from "./session.js" */
/** @import { Target } from "./target.js" */

/**
 * A camera frame. `source` is at most `factor` times larger than what is to be processed.
 * @typedef {object} FrameMessage
 * @property {"frame"} type
 * @property {number} run which start() of the page it belongs to
 * @property {boolean} isThrifty whether to do less than usual
 * @property {VideoFrame | ImageBitmap | ImageData} source
 * @property {number} factor what a VideoFrame is to be shrunk by; the others are of the right size already
 * @property {number} frameWidth of the video
 * @property {number} frameHeight
 * @property {number} timestamp ms
 */

/**
 * @typedef {{type: "load", buffer: ArrayBuffer} | {type: "reset"} | FrameMessage} ToWorker
 * @typedef {{type: "loaded", targets: {width: number, height: number}[]}} LoadedMessage
 * @typedef {{type: "refused", code: string, message: string}} RefusedMessage
 * @typedef {{type: "unreadable", run: number, message: string}} UnreadableMessage a frame that could not be read in this form
 */

/**
 * The answer to a frame.
 * @typedef {object} ResultMessage
 * @property {"result"} type
 * @property {number} run
 * @property {(RecognitionEvent & {frameWidth: number, frameHeight: number, timestamp: number})[]} events
 * @property {number} ms spent on it here
 *
 * @typedef {LoadedMessage | RefusedMessage | UnreadableMessage | ResultMessage} FromWorker
 */

/** The size most cameras are asked for; the warm-up runs at it. */
const USUAL_WIDTH = 640;
const USUAL_HEIGHT = 480;

const scope =
  /** @type {{postMessage(message: FromWorker): void, onmessage: ((event: MessageEvent<ToWorker>) => void) | null}} */ (
    /** @type {unknown} */ (self)
  );

/** @type {Target[]} */
let targets = [];
/** @type {Session | null} */
let session = null;
/** @type {ReturnType<typeof warmUp> | null} what is left of the warm-up */
let warming = null;
/** @type {OffscreenCanvas | null} */
let canvas = null;
/** Bytes of the last VideoFrame, kept for the next. */
let bytes = new Uint8Array(0);

scope.onmessage = ({ data }) => {
  if (data.type === "load") load(data.buffer);
  else if (data.type === "reset") session?.lose();
  else answer(data).catch(reportError); // reaches the page as an error of the worker
};

/** @param {ArrayBuffer} buffer */
function load(buffer) {
  try {
    targets = readTargets(buffer);
  } catch (error) {
    if (!(error instanceof BadTarget)) throw error;
    scope.postMessage({ type: "refused", code: error.code, message: error.message });
    return;
  }
  session = new Session(targets, USUAL_WIDTH, USUAL_HEIGHT); // a phone that is short of memory has no room for it
  scope.postMessage({ type: "loaded", targets: targets.map(({ width, height }) => ({ width, height })) });
  warming = warmUp(session, targets[0]);
  warm();
}

/** Go on warming up, until that is done or there is real work. */
function warm() {
  if (warming?.next().done === false) setTimeout(warm);
}

/** @param {FrameMessage} message */
async function answer({ run, isThrifty, source, factor, frameWidth, frameHeight, timestamp }) {
  const start = performance.now();
  warming?.return();
  warming = null;
  /** @type {GreyImage} */
  let image;
  try {
    image = await greyOf(source, factor);
  } catch (error) {
    scope.postMessage({ type: "unreadable", run, message: String(error) });
    return;
  } finally {
    if ("close" in source) source.close();
  }
  const seen = recognise(image, timestamp, isThrifty);
  const [scaleX, scaleY] = [frameWidth / image.width, frameHeight / image.height];
  const events = seen.map((event) => ({
    ...event, homography: scaled(event.homography, scaleX, scaleY), frameWidth, frameHeight, timestamp,
  }));
  scope.postMessage({ type: "result", run, events, ms: performance.now() - start });
}

/**
 * Frames of a new size (the phone was turned) begin a new session.
 * @param {GreyImage} image
 * @param {number} timestamp
 * @param {boolean} isThrifty
 */
function recognise(image, timestamp, isThrifty) {
  /** @type {(RecognitionEvent | null)[]} */
  const events = [];
  if (session?.width !== image.width || session.height !== image.height) {
    if (session !== null) events.push(session.lose());
    session = new Session(targets, image.width, image.height);
  }
  session.isThrifty = isThrifty;
  events.push(session.process(image, timestamp));
  return events.filter((event) => event !== null);
}

/**
 * @param {VideoFrame | ImageBitmap | ImageData} source
 * @param {number} factor
 * @returns {Promise<GreyImage>}
 */
async function greyOf(source, factor) {
  if (source instanceof ImageData) return greyFromRgba(source.data, source.width, source.height);
  if (source instanceof ImageBitmap) return greyOfBitmap(source);
  return shrunk(await greyOfVideoFrame(source), factor);
}

/** @param {ImageBitmap} bitmap */
function greyOfBitmap(bitmap) {
  const { width, height } = bitmap;
  if (canvas?.width !== width || canvas.height !== height) {
    canvas = new OffscreenCanvas(width, height);
  }
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("no 2-D canvas in a worker here");
  context.drawImage(bitmap, 0, 0);
  return greyFromRgba(context.getImageData(0, 0, width, height).data, width, height);
}

/** @param {VideoFrame} frame */
async function greyOfVideoFrame(frame) {
  const { format, visibleRect, colorSpace } = frame;
  if (format === null || visibleRect === null) throw new Error("the frame's pixels are out of reach");
  const size = frame.allocationSize();
  if (bytes.length !== size) bytes = new Uint8Array(size);
  const planes = await frame.copyTo(bytes);
  const { width, height } = visibleRect;
  if (/^(RGB|BGR)[AX]$/.test(format)) {
    return greyFromRgba(packedRows(planes[0], width, height), width, height, format.startsWith("B"));
  }
  if (format !== "I420" && format !== "NV12") throw new Error(`frames in ${format} are not read`);
  return greyFromBrightness(bytes, { width, height, ...planes[0], isFullRange: colorSpace.fullRange === true });
}

/**
 * @param {PlaneLayout} plane
 * @param {number} width
 * @param {number} height
 */
function packedRows({ offset, stride }, width, height) {
  if (stride !== 4 * width) throw new Error("rows of pixels with gaps are not read");
  return bytes.subarray(offset, offset + stride * height);
}

/**
 * @param {ArrayLike<number> | null} homography to the processed image
 * @param {number} scaleX
 * @param {number} scaleY
 * @returns {Float64Array | null} to the video's frame
 */
function scaled(homography, scaleX, scaleY) {
  return homography && Float64Array.from(homography, (value, i) => value * (i < 3 ? scaleX : i < 6 ? scaleY : 1));
}
