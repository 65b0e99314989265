// Reads a `.mind` file into what recognition needs: the descriptors of each target, and an image pyramid with
// the places worth tracking. Everything from the file is checked here and trusted afterwards.

import { WORDS } from "./freak.js";
import { blankImage, halveInto } from "./image.js";
import { MalformedMsgpack, decodeMsgpack } from "./msgpack.js";
import { cornersToTrack } from "./corners.js";

/** @import { GreyImage } from "./image.js" */
/** @import { Corners } from "./corners.js" */

/** The file is not a `.mind` file that can be recognised. */
export class BadTarget extends Error {
  code = "bad_target";
}

/**
 * Described points of one kind (maxima or minima), of all sizes of the picture together.
 * @typedef {object} Features
 * @property {number} count
 * @property {Float32Array} x pixels of the picture, from its top left corner
 * @property {Float32Array} y
 * @property {Float32Array} size of the point: its octave's pixel in pixels of the picture
 * @property {Float32Array} angle radians
 * @property {Uint32Array} words `WORDS` for each point
 */

/**
 * One resolution of the picture.
 * @typedef {object} TemplateLevel
 * @property {GreyImage} image
 * @property {number} scale pixels of the image for one pixel of the picture
 * @property {Corners} corners in pixels of the picture
 */

/**
 * A picture that can be recognised.
 * @typedef {object} Target
 * @property {number} width in pixels of the picture
 * @property {number} height
 * @property {[Features, Features]} features minima, maxima
 * @property {TemplateLevel[]} levels finest first; made when first asked for, which takes a while
 */

const VERSION = 2;
const LEAST_TEMPLATE_SIDE_PX = 24;
const LEAST_POINTS = 8;
const MOST_SIDE_PX = 20_000;
/** Most by which a tracking image's size may differ from the picture's size times its scale. */
const MOST_ROUNDING_PX = 2;

/**
 * @param {ArrayBuffer} buffer a `.mind` file
 * @returns {Target[]} at least one
 * @throws {BadTarget}
 */
export function readTargets(buffer) {
  const file = asMap(decode(buffer), "the file");
  if (file.v !== VERSION) throw new BadTarget(`version ${String(file.v)} of the file is not known`);
  const list = asList(file.dataList, "dataList");
  if (list.length === 0) throw new BadTarget("the file has no target");
  return list.map(readTarget);
}

/** @param {ArrayBuffer} buffer */
function decode(buffer) {
  try {
    return decodeMsgpack(buffer);
  } catch (error) {
    if (error instanceof MalformedMsgpack) throw new BadTarget(error.message);
    throw error;
  }
}

/** @param {unknown} data @returns {Target} */
function readTarget(data) {
  const entry = asMap(data, "a target");
  const size = asMap(entry.targetImage, "targetImage");
  const width = asSide(size.width, "targetImage.width");
  const height = asSide(size.height, "targetImage.height");
  const keyframes = asList(entry.matchingData, "matchingData").map((item) => asMap(item, "a keyframe"));
  const features = /** @type {[Features, Features]} */ (
    ["minimaPoints", "maximaPoints"].map((key) => readFeatures(keyframes, key))
  );
  if (features[0].count + features[1].count < LEAST_POINTS) throw new BadTarget("the target has too few points");
  const { image, scale } = largestImage(asList(entry.trackingData, "trackingData"), width, height);
  /** @type {TemplateLevel[] | null} */
  let levels = null;
  return {
    width, height, features,
    get levels() {
      return (levels ??= templateLevels(image, scale));
    },
  };
}

/**
 * Join the points of one kind of all keyframes.
 * @param {Record<string, unknown>[]} keyframes
 * @param {string} key
 * @returns {Features}
 */
function readFeatures(keyframes, key) {
  const points = keyframes.flatMap((keyframe) => {
    const scale = asPositive(keyframe.scale, "the scale of a keyframe");
    return asList(keyframe[key], key).map((point) => ({ scale, point: asMap(point, "a point") }));
  });
  const column = () => new Float32Array(points.length);
  const features = {
    count: points.length, x: column(), y: column(), size: column(), angle: column(),
    words: new Uint32Array(points.length * WORDS),
  };
  for (const [i, { scale, point }] of points.entries()) {
    features.x[i] = (asNumber(point.x, "x") + 0.5) / scale;
    features.y[i] = (asNumber(point.y, "y") + 0.5) / scale;
    features.size[i] = asPositive(point.scale, "the scale of a point") / scale;
    features.angle[i] = asNumber(point.angle, "angle");
    const words = asList(point.descriptors, "descriptors");
    if (words.length !== WORDS) throw new BadTarget("a descriptor has the wrong length");
    for (let k = 0; k < WORDS; k += 1) features.words[i * WORDS + k] = asNumber(words[k], "descriptors");
  }
  return features;
}

/**
 * The largest tracking image; some compilers leave a stub in the place of one.
 * @param {unknown[]} entries
 * @param {number} pictureWidth
 * @param {number} pictureHeight
 * @returns {{image: GreyImage, scale: number}}
 */
function largestImage(entries, pictureWidth, pictureHeight) {
  /** @type {{image: GreyImage, scale: number} | null} */
  let largest = null;
  for (const item of entries) {
    const entry = asMap(item, "a tracking image");
    const width = asSide(entry.width, "the width of a tracking image");
    const height = asSide(entry.height, "the height of a tracking image");
    const { data } = entry;
    if (!(data instanceof Uint8Array) || data.length !== width * height) {
      throw new BadTarget("a tracking image has not as many bytes as pixels");
    }
    if (largest !== null && width <= largest.image.width) continue;
    // The size of the image is rounded, its scale is not: places follow the scale.
    const scale = asPositive(entry.scale, "the scale of a tracking image");
    largest = { image: { width, height, data: Float32Array.from(data) }, scale };
  }
  if (largest === null || Math.min(largest.image.width, largest.image.height) < LEAST_TEMPLATE_SIDE_PX) {
    throw new BadTarget("the target has no image to track");
  }
  const { image, scale } = largest;
  const off = Math.max(Math.abs(pictureWidth * scale - image.width), Math.abs(pictureHeight * scale - image.height));
  if (off > MOST_ROUNDING_PX) {
    throw new BadTarget("the scale of a tracking image is not that of its size");
  }
  return largest;
}

/**
 * @param {GreyImage} image the finest
 * @param {number} scale of it
 * @returns {TemplateLevel[]}
 */
function templateLevels(image, scale) {
  /** @type {TemplateLevel[]} */
  const levels = [];
  while (Math.min(image.width, image.height) >= LEAST_TEMPLATE_SIDE_PX) {
    levels.push({ image, scale, corners: cornersToTrack(image, scale) });
    const half = blankImage(image.width >> 1, image.height >> 1);
    halveInto(image, half);
    [image, scale] = [half, scale / 2];
  }
  return levels;
}

/** @param {unknown} value @param {string} what @returns {Record<string, unknown>} */
function asMap(value, what) {
  const hasPrototype = Object.getPrototypeOf(Object(value)) !== null; // as all but the maps that were read
  if (hasPrototype) throw new BadTarget(`${what} is not a map`);
  return /** @type {Record<string, unknown>} */ (value);
}

/** @param {unknown} value @param {string} what @returns {unknown[]} */
function asList(value, what) {
  if (!Array.isArray(value)) throw new BadTarget(`${what} is not a list`);
  return value;
}

/** @param {unknown} value @param {string} what @returns {number} */
function asNumber(value, what) {
  if (!Number.isFinite(value)) throw new BadTarget(`${what} is not a number`);
  return /** @type {number} */ (value);
}

/** @param {unknown} value @param {string} what */
function asPositive(value, what) {
  const number = asNumber(value, what);
  if (number <= 0) throw new BadTarget(`${what} is not positive`);
  return number;
}

/** @param {unknown} value @param {string} what */
function asSide(value, what) {
  const number = asPositive(value, what);
  if (!Number.isInteger(number) || number > MOST_SIDE_PX) throw new BadTarget(`${what} is not a size in pixels`);
  return number;
}
