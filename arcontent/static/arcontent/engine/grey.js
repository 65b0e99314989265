// Makes grey images of what cameras deliver. Grey is brightness as video has it: the weights of BT.601, by which
// the targets are made, too, and stock runtimes see.

import { blankImage } from "./image.js";

/** @import { GreyImage } from "./image.js" */

const RED = 0.299;
const GREEN = 0.587;
const BLUE = 0.114;
/** Of video range, ITU-R BT.601: black is 16, and white is 219 steps above it. */
const BLACK = 16;
const STEPS = 219;

/**
 * Where the brightness plane of a copied video frame lies, and how its numbers are meant.
 * @typedef {object} BrightnessPlane
 * @property {number} width in pixels
 * @property {number} height
 * @property {number} offset of the first pixel, in bytes
 * @property {number} stride from row to row, in bytes
 * @property {boolean} isFullRange 0 to 255 rather than 16 to 235
 */

/**
 * @param {Uint8Array | Uint8ClampedArray} pixels four bytes each: red, green, blue and alpha
 * @param {number} width
 * @param {number} height
 * @param {boolean} [isBlueFirst] blue, green, red and alpha instead
 * @returns {GreyImage}
 */
export function greyFromRgba(pixels, width, height, isBlueFirst = false) {
  const image = blankImage(width, height);
  const { data } = image;
  const [first, third] = isBlueFirst ? [BLUE, RED] : [RED, BLUE];
  for (let i = 0, at = 0; i < data.length; i += 1, at += 4) {
    data[i] = first * pixels[at] + GREEN * pixels[at + 1] + third * pixels[at + 2];
  }
  return image;
}

/**
 * Read the brightness plane of a frame in I420 or NV12. That of BT.709 weighs the colours a little otherwise; on
 * seeded frames targets were found in it as often.
 * @param {Uint8Array} bytes
 * @param {BrightnessPlane} plane
 * @returns {GreyImage}
 */
export function greyFromBrightness(bytes, { width, height, offset, stride, isFullRange }) {
  const image = blankImage(width, height);
  const { data } = image;
  const greys = Float32Array.from({ length: 256 }, (_, value) => {
    return isFullRange ? value : Math.min(Math.max((255 / STEPS) * (value - BLACK), 0), 255);
  });
  for (let y = 0, at = 0; y < height; y += 1) {
    const from = offset + y * stride;
    for (let x = 0; x < width; x += 1, at += 1) data[at] = greys[bytes[from + x]];
  }
  return image;
}

/**
 * Shrink an image by a whole number: each pixel becomes the mean of a square block.
 * @param {GreyImage} image
 * @param {number} factor 1 or more; rows and columns that fill no block are dropped
 * @returns {GreyImage} `image` itself when the factor is 1
 */
export function shrunk(image, factor) {
  if (factor === 1) return image;
  const small = blankImage(Math.floor(image.width / factor), Math.floor(image.height / factor));
  for (let y = 0; y < small.height * factor; y += 1) {
    const to = Math.floor(y / factor) * small.width;
    for (let x = 0, at = y * image.width; x < small.width * factor; x += 1, at += 1) {
      small.data[to + Math.floor(x / factor)] += image.data[at];
    }
  }
  const share = 1 / (factor * factor);
  for (let i = 0; i < small.data.length; i += 1) small.data[i] *= share;
  return small;
}
