// Makes grey images of what cameras deliver. Grey is the mean of red, green and blue, as in the targets; from
// video's brightness and colour planes that mean is computed, because brightness alone weighs green most.

import { blankImage } from "./image.js";

/** @import { GreyImage } from "./image.js" */

/**
 * Where the planes of a copied video frame lie, and how its numbers are meant.
 * @typedef {object} YuvLayout
 * @property {number} width in pixels
 * @property {number} height
 * @property {{offset: number, stride: number}[]} planes three of I420 or two of NV12
 * @property {boolean} isFullRange 0 to 255 rather than 16 to 235
 * @property {boolean} isBt709 colours after BT.709 rather than BT.601
 */

/**
 * @param {Uint8Array | Uint8ClampedArray} pixels four bytes each, in any order of the colours, alpha last
 * @param {number} width
 * @param {number} height
 * @returns {GreyImage}
 */
export function greyFromRgba(pixels, width, height) {
  const image = blankImage(width, height);
  const { data } = image;
  for (let i = 0, at = 0; i < data.length; i += 1, at += 4) {
    data[i] = (pixels[at] + pixels[at + 1] + pixels[at + 2]) * (1 / 3);
  }
  return image;
}

/**
 * @param {Uint8Array} bytes a frame in I420 or NV12: brightness, and colour at half the resolution
 * @param {YuvLayout} layout
 * @returns {GreyImage}
 */
export function greyFromYuv(bytes, { width, height, planes, isFullRange, isBt709 }) {
  const image = blankImage(width, height);
  const { data } = image;
  const [luma, blue, red] = [planes[0], planes[1], planes[2] ?? planes[1]];
  const chromaStep = planes.length === 2 ? 2 : 1;
  const redShift = planes.length === 2 ? 1 : 0;
  const gain = isFullRange ? 1 : 255 / 219;
  const chromaGain = isFullRange ? 1 : 255 / 224;
  // (R + G + B) / 3 = Y + these times Cb and Cr, from the standards' matrices.
  const byBlue = chromaGain * (isBt709 ? 0.5561 : 0.476);
  const byRed = chromaGain * (isBt709 ? 0.3689 : 0.2293);
  const shift = -128 * (byBlue + byRed) - (isFullRange ? 0 : 16 * gain);
  for (let y = 0; y < height; y += 1) {
    const fromLuma = luma.offset + y * luma.stride;
    const fromBlue = blue.offset + (y >> 1) * blue.stride;
    const fromRed = red.offset + (y >> 1) * red.stride + redShift;
    for (let x = 0, at = y * width; x < width; x += 1, at += 1) {
      const chroma = (x >> 1) * chromaStep;
      const value =
        gain * bytes[fromLuma + x] + byBlue * bytes[fromBlue + chroma] + byRed * bytes[fromRed + chroma] + shift;
      data[at] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
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
