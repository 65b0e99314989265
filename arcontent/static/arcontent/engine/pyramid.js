// The scale space that keypoints and descriptors are read from (targets.md of the format: binomial blur,
// two images an octave, each octave half the one before). Buffers are made once and used for every frame.

import { blankImage, halveInto } from "./image.js";

/** @import { GreyImage } from "./image.js" */

/**
 * One octave: the image, and the same image blurred once more.
 * @typedef {object} Octave
 * @property {GreyImage} first
 * @property {GreyImage} second descriptors are sampled from this one
 */

const MAX_OCTAVES = 5;
const LEAST_SIDE_PX = 8;

export class ScaleSpace {
  /**
   * @param {number} width in pixels, of the images to come
   * @param {number} height
   */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    /** @type {Octave[]} largest first; at most five, none with a side under 8 pixels */
    this.octaves = [];
    for (let w = width, h = height; this.octaves.length < MAX_OCTAVES; w >>= 1, h >>= 1) {
      if (Math.min(w, h) < LEAST_SIDE_PX) break;
      this.octaves.push({ first: blankImage(w, h), second: blankImage(w, h) });
    }
    this.rows = new Float32Array(width * height);
  }

  /**
   * Fill all octaves from one image.
   * @param {GreyImage} image of the size given at construction
   */
  fill(image) {
    let before = image;
    for (const [index, octave] of this.octaves.entries()) {
      if (index === 0) blurInto(before, octave.first, this.rows);
      else halveInto(before, octave.first);
      blurInto(octave.first, octave.second, this.rows);
      before = octave.second;
    }
  }
}

/**
 * Blur with the binomial [1 4 6 4 1] / 16 in both directions; beyond the border the edge pixel repeats.
 *
 * @param {GreyImage} source at least 4 by 4
 * @param {GreyImage} target of the same size, overwritten; not `source`
 * @param {Float32Array} rows room for one image of that size
 */
export function blurInto(source, target, rows) {
  blurRows(source, rows);
  blurColumns(rows, target);
}

/** @param {GreyImage} source @param {Float32Array} rows 16 times the blurred rows, overwritten */
function blurRows(source, rows) {
  const { width, height, data } = source;
  for (let y = 0; y < height; y += 1) {
    const start = y * width;
    const end = start + width;
    let a = data[start];
    let b = a;
    let c = a;
    let d = data[start + 1];
    for (let at = start; at < end - 2; at += 1) {
      const e = data[at + 2];
      rows[at] = a + e + 4 * (b + d) + 6 * c;
      a = b;
      b = c;
      c = d;
      d = e;
    }
    rows[end - 2] = a + d + 4 * (b + d) + 6 * c;
    rows[end - 1] = b + d + 4 * (c + d) + 6 * d;
  }
}

/** @param {Float32Array} rows @param {GreyImage} target */
function blurColumns(rows, target) {
  const { width, height, data } = target;
  const last = (height - 1) * width;
  for (let y = 0; y < height; y += 1) {
    const start = y * width;
    let above2 = Math.max(0, start - 2 * width);
    let above = Math.max(0, start - width);
    let below = Math.min(last, start + width);
    let below2 = Math.min(last, start + 2 * width);
    for (let at = start; at < start + width; at += 1) {
      data[at] =
        (rows[above2] + rows[below2] + 4 * (rows[above] + rows[below]) + 6 * rows[at]) * (1 / 256);
      above2 += 1;
      above += 1;
      below += 1;
      below2 += 1;
    }
  }
}
