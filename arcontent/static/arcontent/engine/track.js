// Follows a target from a pose that is nearly right to the one that fits the frame, and says whether the target
// is really there. The picture itself is the reference in every frame, so errors do not add up.

import { MOST_CORNERS } from "./corners.js";
import { adjugate, isPlausible, mix, normalizedAt, project, refine, roomForPairs, squareOff } from "./homography.js";
import { blankImage, halveInto } from "./image.js";
import { MOST_BLUR, PatchAligner } from "./patch.js";

/** @import { Homography } from "./homography.js" */
/** @import { GreyImage } from "./image.js" */
/** @import { Target, TemplateLevel } from "./target.js" */

/** Halvings of the frame, coarse to fine and the finest once more; on first sight its blur is to be found out, too. */
const PASSES = [3, 3, 2, 1, 0, 0];
const FIRST_PASSES = [3, 3, 2, 1, 1, 0, 0];
const FRAME_LEVELS = 4;
/** A patch is looked for when its centre is this far inside the frame, in pixels of the level. */
const MARGIN_PX = 6;
/** How far a patch may be found from where it was expected, in pixels of the level. */
const REACH_PX = 6;
const LEAST_LIKENESS_COARSE = 0.5;
const LEAST_LIKENESS_FINE = 0.6;
const REFINE_STEPS = 6;
/** Tukey's limit in the finest pass. */
const LAST_LIMIT_PX = 1.5;
/**
 * Up to the first value the frame itself is used, from the second its half: variances of the blur, in square pixels,
 * and pixels of the frame for one of the finest template.
 */
const BLURRED = [1.2, MOST_BLUR];
const CLOSE = [1.7, 2.2];
/** The frame itself is not looked at while its half is blurred like this. */
const HALF_BLURRED = 0.35;
/** Share of a change of the blur that is followed at once. */
const BLUR_GAIN = 0.5;
/** Share of the visible patches that must agree before a level changes the pose, by level. */
const LEAST_SHARE = [0, 0.25, 0.3, 0.5];
/** How far a patch of trust 1 may well be off, in pixels of the level. */
const SPREAD_PX = 1;
/** Squared gradients of a patch, summed, from which on stronger ones hardly say more. */
const AVERAGE_MOMENT = 12_000;
/** What is taken for unlikeness that means nothing: noise and rounding. */
const DOUBT = 0.02;
/** A pass over fewer patches than this does not change the pose. */
const LEAST_PATCHES = 6;

/** The frame's image pyramid, filled anew for each frame. */
export class FramePyramid {
  /** @param {number} width of the frames to come @param {number} height */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    /** @type {GreyImage[]} finest first */
    this.levels = [];
    for (let i = 0; i < FRAME_LEVELS; i += 1) this.levels.push(blankImage(width >> i, height >> i));
  }

  /** @param {GreyImage} frame */
  fill(frame) {
    this.levels[0] = frame;
    for (let i = 1; i < FRAME_LEVELS; i += 1) halveInto(this.levels[i - 1], this.levels[i]);
  }
}

/**
 * What the last look at a frame found.
 * @typedef {object} Sighting
 * @property {Homography} homography picture to frame
 * @property {number} visible patches that should be in the frame
 * @property {number} inliers patches that were found where the pose has them
 * @property {number} likeness mean normalised correlation of the patches that were found
 * @property {Blur} blur
 */

/**
 * How much more the frame is blurred than the picture: the variance in the frame and in its half, in square pixels
 * of each. They are told apart as the templates for both are not equally sharp.
 * @typedef {[number, number]} Blur
 */

/** Tracks one target. */
export class Tracker {
  /** @param {Target} target */
  constructor(target) {
    this.target = target;
    /** The strongest corners of a level that are looked at. */
    this.mostPatches = Infinity;
    this.pairs = roomForPairs(MOST_CORNERS);
    this.likeness = new Float64Array(MOST_CORNERS);
    this.aligner = new PatchAligner();
    this.warp = new Float64Array(4);
    this.blurSums = { above: 0, below: 0 };
  }

  /**
   * @param {FramePyramid} frame
   * @param {Homography} start a pose at most some tens of pixels off
   * @param {Blur | null} known blur of the frame before
   * @returns {Sighting | null} null when too little of the target is there to fit a pose to
   */
  track(frame, start, known = null) {
    /** @type {Blur} */
    const blur = known === null ? [0, 0] : [...known];
    const passes = known === null ? FIRST_PASSES : PASSES;
    const gain = known === null ? 1 : BLUR_GAIN;
    let homography = start;
    /** @type {Sighting | null} */
    let half = null;
    /** @type {Sighting | null} */
    let full = null;
    for (const [index, level] of passes.entries()) {
      if (level === 0 && half !== null) {
        if (this.zoomAt(frame, homography) >= CLOSE[1] || (blur[0] === MOST_BLUR && blur[1] >= HALF_BLURRED)) break;
        if (known === null && passes[index - 1] === 1) blur[0] = Math.min(4 * blur[1], MOST_BLUR);
      }
      const limitPx = index === passes.length - 1 ? LAST_LIMIT_PX : 2 * 2 ** level;
      const sighting = this.pass(frame, homography, level, limitPx, blur);
      if (sighting !== null) homography = sighting.homography;
      if (sighting !== null && level < 2) {
        const missing = (2 * this.blurSums.above) / this.blurSums.below;
        if (missing > -Infinity) blur[level] = Math.min(Math.max(blur[level] + gain * missing, 0), MOST_BLUR);
      }
      if (level === 1) half = sighting;
      if (level === 0) full = sighting;
    }
    if (full === null || half === null) return full ?? half;
    const share = Math.max(shareOf(blur[0], BLURRED), shareOf(this.zoomAt(frame, full.homography), CLOSE));
    if (share === 0) return full;
    return { ...(share > 0.5 ? half : full), homography: this.mixed(full, half, share) };
  }

  /**
   * The finest level is the most exact, unless the frame is blurred: then it is the half. In between, a mixture,
   * so that nothing jumps.
   * @param {Sighting} full in the frame itself
   * @param {Sighting} half in the frame at half its resolution
   * @param {number} share of the half
   */
  mixed(full, half, share) {
    const [x, y] = [this.target.width / 2, this.target.height / 2];
    const [fine, coarse] = [normalizedAt(full.homography, x, y), normalizedAt(half.homography, x, y)];
    return mix(fine, coarse, Math.min(share, 1));
  }

  /**
   * Align the patches in one level of the frame and fit the pose to them.
   * @param {FramePyramid} frame
   * @param {Homography} start
   * @param {number} level
   * @param {number} limitPx patches farther off are outliers
   * @param {Blur} blur
   * @returns {Sighting | null}
   */
  pass(frame, start, level, limitPx, blur) {
    const { pairs } = this;
    const { width, height } = this.target;
    this.aligner.blurBy(blur[level] ?? blur[1] / 4 ** (level - 1));
    const visible = this.alignPatches(frame, start, level);
    if (pairs.count < LEAST_PATCHES) return null;
    const spreadPx = SPREAD_PX * 2 ** level;
    const options = { steps: REFINE_STEPS, fromPx: 2 * limitPx, toPx: limitPx, width, height, spreadPx };
    const homography = refine(start, pairs, options);
    if (homography === null || !isPlausible(homography, width, height)) return null;
    let inliers = 0;
    let sum = 0;
    for (let i = 0; i < pairs.count; i += 1) {
      const [u, v] = project(homography, pairs.x[i], pairs.y[i]);
      if (squareOff(pairs, i, u - pairs.u[i], v - pairs.v[i]) > limitPx * limitPx) continue;
      inliers += 1;
      sum += this.likeness[i];
    }
    if (inliers < LEAST_PATCHES || inliers < LEAST_SHARE[level] * visible) return null;
    return { homography, visible, inliers, likeness: sum / inliers, blur };
  }

  /**
   * Find the patches of the fitting template level in one level of the frame, into `pairs` and `likeness`.
   * @param {FramePyramid} frame
   * @param {Homography} h
   * @param {number} level of the frame
   * @returns {number} how many patches should be visible
   */
  alignPatches(frame, h, level) {
    const { pairs, aligner, warp, blurSums } = this;
    const image = frame.levels[level];
    const size = 2 ** level;
    const { image: template, corners, scale } = this.fittingTemplate(frame, h, size);
    const leastLikeness = level > 0 ? LEAST_LIKENESS_COARSE : LEAST_LIKENESS_FINE;
    const margin = MARGIN_PX * size;
    let visible = 0;
    pairs.count = 0;
    blurSums.above = blurSums.below = 0;
    for (let i = 0; i < Math.min(corners.x.length, this.mostPatches); i += 1) {
      const x = corners.x[i];
      const y = corners.y[i];
      const inverse = 1 / (h[6] * x + h[7] * y + h[8]);
      const u = (h[0] * x + h[1] * y + h[2]) * inverse;
      const v = (h[3] * x + h[4] * y + h[5]) * inverse;
      if (!(u > margin && v > margin && u < frame.width - margin && v < frame.height - margin)) continue;
      // How the picture moves under a step in the frame: the inverse of the homography's derivative here.
      const ux = (h[0] - u * h[6]) * inverse;
      const uy = (h[1] - u * h[7]) * inverse;
      const vx = (h[3] - v * h[6]) * inverse;
      const vy = (h[4] - v * h[7]) * inverse;
      const unit = (scale * size) / (ux * vy - uy * vx);
      warp[0] = vy * unit;
      warp[1] = -uy * unit;
      warp[2] = -vx * unit;
      warp[3] = ux * unit;
      if (!aligner.draw(template, x * scale - 0.5, y * scale - 0.5, warp)) continue;
      visible += 1;
      if (!aligner.align(image, u / size - 0.5, v / size - 0.5, REACH_PX)) continue;
      if (aligner.likeness < leastLikeness) continue;
      aligner.weighBlur(image, blurSums);
      pairs.x[pairs.count] = x;
      pairs.y[pairs.count] = y;
      pairs.u[pairs.count] = (aligner.x + 0.5) * size;
      pairs.v[pairs.count] = (aligner.y + 0.5) * size;
      this.weigh(pairs.count);
      this.likeness[pairs.count] = aligner.likeness;
      pairs.count += 1;
    }
    return visible;
  }

  /**
   * Note how much the place of the patch that was aligned last says, and in which direction: by the squared gradients
   * of the patch, as in the least squares over all its pixels.
   * @param {number} row of `pairs`
   */
  weigh(row) {
    const { pairs, aligner } = this;
    const { momentXX, momentXY, momentYY, likeness } = aligner;
    const most = 0.5 * (momentXX + momentYY) + Math.hypot(0.5 * (momentXX - momentYY), momentXY);
    pairs.uu[row] = momentXX / most;
    pairs.uv[row] = momentXY / most;
    pairs.vv[row] = momentYY / most;
    pairs.weight[row] = trust(likeness) * most / (most + AVERAGE_MOMENT);
  }

  /**
   * The template level whose pixels come nearest to the frame level's, where the frame looks at the picture.
   * @param {FramePyramid} frame
   * @param {Homography} h
   * @param {number} size pixels of the frame in one of its level
   * @returns {TemplateLevel}
   */
  fittingTemplate(frame, h, size) {
    const { levels } = this.target;
    const finest = Math.log2(this.zoomAt(frame, h) / size);
    return levels[Math.min(Math.max(Math.round(-finest), 0), levels.length - 1)];
  }

  /** @param {FramePyramid} frame @param {Homography} h */
  zoomAt(frame, h) {
    const { width, height, levels } = this.target;
    const [cx, cy] = project(adjugate(h), frame.width / 2, frame.height / 2);
    const x = Math.min(Math.max(cx, 0), width);
    const y = Math.min(Math.max(cy, 0), height);
    const depth = h[6] * x + h[7] * y + h[8];
    const determinant =
      h[0] * (h[4] * h[8] - h[5] * h[7]) -
      h[1] * (h[3] * h[8] - h[5] * h[6]) +
      h[2] * (h[3] * h[7] - h[4] * h[6]);
    return Math.sqrt(Math.abs(determinant / depth ** 3)) / levels[0].scale;
  }
}

/**
 * @param {number} value
 * @param {number[]} range
 * @returns {number} how far along the range it is, from 0 to 1
 */
function shareOf(value, [from, to]) {
  return Math.min(Math.max((value - from) / (to - from), 0), 1);
}

/**
 * How much a patch's place says: about the inverse of its variance. A patch half covered by something is like the
 * picture to 0.7 and off by a pixel, one in plain sight is like it to 0.98.
 * @param {number} likeness normalised cross-correlation
 */
function trust(likeness) {
  const square = likeness * likeness;
  return square / (1 + DOUBT - square);
}
