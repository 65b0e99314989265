// Finds keypoints: extrema of the difference of the two images of an octave, in place and across the
// neighbouring octaves. Writes them into reusable arrays; what they look like is freak.js's matter.

/** @import { GreyImage } from "./image.js" */
/** @import { ScaleSpace } from "./pyramid.js" */

/** Least squared difference of an extremum. */
const LEAST_SQUARE = 9;
/** Largest (trace^2 / determinant) of the Hessian: rejects points on edges, (4 + 1)^2 / 4. */
const EDGE_LIMIT = 6.25;
const LEAST_DETERMINANT = 1e-4;
/** Keypoints keep this far from the border of their octave: the descriptor's pattern has to fit. */
const BORDER_PX = 7;
const BUCKETS = 10;

/**
 * How many keypoints are kept.
 * @typedef {object} DetectorLimits
 * @property {number} perBucket strongest kept in each cell of a 10 by 10 grid over the image
 * @property {number} total strongest kept in all
 */

/**
 * Keypoints of one image, in parallel arrays of which the first `count` entries are meant.
 * @typedef {object} Keypoints
 * @property {number} count
 * @property {Float32Array} x pixels of the image, pixel centres whole
 * @property {Float32Array} y
 * @property {Uint8Array} octave 1 to 3
 * @property {Uint8Array} kind 1 for a maximum of the difference, 0 for a minimum
 */

/** Finds keypoints in scale spaces of one size. */
export class Detector {
  /**
   * @param {ScaleSpace} space
   * @param {DetectorLimits} limits
   */
  constructor(space, limits) {
    this.space = space;
    this.limits = limits;
    /** @type {Float32Array[]} difference of the two images of each octave; that of octave 0 is not needed whole */
    this.differences = space.octaves.map(({ first }, index) =>
      index === 0 ? new Float32Array(0) : new Float32Array(first.data.length),
    );
    /** @type {number[]} x, y, octave, kind, strength, bucket of each candidate, flat */
    this.candidates = [];
    /** @type {Keypoints} */
    this.keypoints = {
      count: 0,
      x: new Float32Array(limits.total),
      y: new Float32Array(limits.total),
      octave: new Uint8Array(limits.total),
      kind: new Uint8Array(limits.total),
    };
  }

  /**
   * Find the keypoints of the image the scale space holds.
   * @returns {Keypoints} strongest first; overwritten by the next call
   */
  detect() {
    const { octaves } = this.space;
    for (let k = 1; k < octaves.length; k += 1) {
      const { first, second } = octaves[k];
      subtract(first.data, second.data, this.differences[k]);
    }
    this.candidates.length = 0;
    for (let k = 1; k + 1 < octaves.length; k += 1) this.scan(k);
    this.keepStrongest();
    return this.keypoints;
  }

  /** @param {number} k octave to look for extrema in */
  scan(k) {
    const { width, height } = this.space.octaves[k].first;
    const values = this.differences[k];
    for (let y = BORDER_PX; y < height - BORDER_PX; y += 1) {
      const end = (y + 1) * width - BORDER_PX;
      for (let at = y * width + BORDER_PX; at < end; at += 1) {
        const value = values[at];
        if (value * value < LEAST_SQUARE) continue;
        if (!isLocalExtremum(values, width, at)) continue;
        if (this.isExtremumAcrossOctaves(k, at - y * width, y, value)) this.refine(k, at, y);
      }
    }
  }

  /**
   * Compare with the 3x3 places in the finer and in the coarser octave, read by bilinear interpolation.
   * @param {number} k
   * @param {number} x
   * @param {number} y
   * @param {number} value
   */
  isExtremumAcrossOctaves(k, x, y, value) {
    const finer = this.space.octaves[k - 1];
    const coarser = this.space.octaves[k + 1].first;
    const values = this.differences[k + 1];
    const isMaximum = value > 0;
    for (let dy = -1; dy <= 1; dy += 1) {
      for (let dx = -1; dx <= 1; dx += 1) {
        const below = meanDifference(finer.first, finer.second, 2 * (x + dx), 2 * (y + dy));
        const above = sample(values, coarser, 0.5 * (x + dx) - 0.25, 0.5 * (y + dy) - 0.25);
        if (isMaximum ? below > value || above > value : below < value || above < value) return false;
      }
    }
    return true;
  }

  /**
   * Reject edges, place the extremum between the pixels, note it as a candidate.
   * @param {number} k
   * @param {number} at
   * @param {number} y
   */
  refine(k, at, y) {
    const { width } = this.space.octaves[k].first;
    const d = this.differences[k];
    const value = d[at];
    const dx = (d[at + 1] - d[at - 1]) * 0.5;
    const dy = (d[at + width] - d[at - width]) * 0.5;
    const dxx = d[at + 1] + d[at - 1] - 2 * value;
    const dyy = d[at + width] + d[at - width] - 2 * value;
    const dxy =
      (d[at + width + 1] - d[at + width - 1] - d[at - width + 1] + d[at - width - 1]) * 0.25;
    const determinant = dxx * dyy - dxy * dxy;
    if (Math.abs(determinant) < LEAST_DETERMINANT) return;
    if (Math.abs((dxx + dyy) ** 2 / determinant) >= EDGE_LIMIT) return;
    const size = 1 << k;
    const shift = 0.5 * size - 0.5;
    const px = (at - y * width - (dyy * dx - dxy * dy) / determinant) * size + shift;
    const py = (y - (dxx * dy - dxy * dx) / determinant) * size + shift;
    if (!(px >= 0 && py >= 0 && px < this.space.width && py < this.space.height)) return;
    const column = Math.floor((px * BUCKETS) / this.space.width);
    const row = Math.floor((py * BUCKETS) / this.space.height);
    this.candidates.push(px, py, k, value > 0 ? 1 : 0, Math.abs(value), row * BUCKETS + column);
  }

  /** Copy the strongest candidates of each bucket, strongest first, into the keypoints. */
  keepStrongest() {
    const { candidates, keypoints } = this;
    const order = new Uint32Array(candidates.length / 6);
    for (let i = 0; i < order.length; i += 1) order[i] = 6 * i;
    order.sort((a, b) => candidates[b + 4] - candidates[a + 4] || a - b);
    const room = new Int32Array(BUCKETS * BUCKETS).fill(this.limits.perBucket);
    let count = 0;
    for (const at of order) {
      if (count === this.limits.total) break;
      const bucket = candidates[at + 5];
      if (room[bucket] === 0) continue;
      room[bucket] -= 1;
      keypoints.x[count] = candidates[at];
      keypoints.y[count] = candidates[at + 1];
      keypoints.octave[count] = candidates[at + 2];
      keypoints.kind[count] = candidates[at + 3];
      count += 1;
    }
    keypoints.count = count;
  }
}

/** @param {Float32Array} a @param {Float32Array} b @param {Float32Array} result a - b */
function subtract(a, b, result) {
  for (let i = 0; i < result.length; i += 1) result[i] = a[i] - b[i];
}

/**
 * @param {Float32Array} values
 * @param {number} width
 * @param {number} at not on the border
 * @returns {boolean} whether no neighbour of the eight exceeds (or, below zero, undercuts) this value
 */
function isLocalExtremum(values, width, at) {
  const value = values[at];
  if (value > 0) {
    return (
      value >= values[at - 1] && value >= values[at + 1] &&
      value >= values[at - width] && value >= values[at + width] &&
      value >= values[at - width - 1] && value >= values[at - width + 1] &&
      value >= values[at + width - 1] && value >= values[at + width + 1]
    );
  }
  return (
    value <= values[at - 1] && value <= values[at + 1] &&
    value <= values[at - width] && value <= values[at + width] &&
    value <= values[at - width - 1] && value <= values[at - width + 1] &&
    value <= values[at + width - 1] && value <= values[at + width + 1]
  );
}

/**
 * Mean of (first - second) over the 2x2 block at (x, y), moved inside the image.
 * @param {GreyImage} first
 * @param {GreyImage} second
 * @param {number} x
 * @param {number} y
 */
function meanDifference(first, second, x, y) {
  const at = Math.min(y, first.height - 2) * first.width + Math.min(x, first.width - 2);
  const below = at + first.width;
  const a = first.data;
  const b = second.data;
  return (
    (a[at] + a[at + 1] + a[below] + a[below + 1] - b[at] - b[at + 1] - b[below] - b[below + 1]) * 0.25
  );
}

/**
 * @param {Float32Array} values
 * @param {GreyImage} shape whose width and height `values` have
 * @param {number} x at least 0, clamped to the last column
 * @param {number} y
 */
function sample(values, shape, x, y) {
  const x0 = Math.min(Math.floor(x), shape.width - 2);
  const y0 = Math.min(Math.floor(y), shape.height - 2);
  const fx = x - x0;
  const fy = y - y0;
  const at = y0 * shape.width + x0;
  const below = at + shape.width;
  return (
    (values[at] * (1 - fx) + values[at + 1] * fx) * (1 - fy) +
    (values[below] * (1 - fx) + values[below + 1] * fx) * fy
  );
}
