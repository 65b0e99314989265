// From matches to poses: each match votes for those that tell the same story, and each of the best groups is
// tried as a homography (RANSAC, then Gauss-Newton). What comes out are proposals; track.js decides.

import { isPlausible, project, refine, roomForPairs, throughFourPairs } from "./homography.js";

/** @import { Keypoints } from "./detect.js" */
/** @import { Descriptions } from "./freak.js" */
/** @import { Homography, Pairs } from "./homography.js" */
/** @import { Matches } from "./match.js" */
/** @import { Target } from "./target.js" */

/**
 * A pose that the matches speak for.
 * @typedef {object} Proposal
 * @property {Homography} homography
 * @property {number} inliers
 */

const MOST_MATCHES = 1200;
const GROUPS = 6;
const LEAST_INLIERS = 6;
/** How far two matches may differ and still agree. */
const ANGLE_RAD = 0.6;
const OCTAVES = 1.3;
const PLACE_PX = 10;
const PLACE_SHARE = 0.35;
const TRIES = 100;
const INLIER_PX = 6;
const REFINE_STEPS = 6;
const REFINE_FROM_PX = 10;
const REFINE_TO_PX = 5;
const TURN = 2 * Math.PI;

/** Proposes poses of one target. */
export class PoseFinder {
  /** @param {Target} target */
  constructor(target) {
    this.target = target;
    this.all = roomForPairs(MOST_MATCHES);
    this.group = roomForPairs(MOST_MATCHES);
    this.angle = new Float64Array(MOST_MATCHES);
    this.size = new Float64Array(MOST_MATCHES);
  }

  /**
   * @param {Matches} matches
   * @param {Keypoints} keypoints
   * @param {Descriptions} descriptions
   * @returns {Proposal[]} most inliers first
   */
  propose(matches, keypoints, descriptions) {
    this.collect(matches, keypoints, descriptions);
    const random = seededRandom(matches.count);
    /** @type {Proposal[]} */
    const proposals = [];
    for (const members of this.groups()) {
      copyRows(this.all, members, this.group);
      const proposal = this.fit(random);
      if (proposal !== null) proposals.push(proposal);
    }
    return proposals.sort((a, b) => b.inliers - a.inliers);
  }

  /**
   * Write the matches as pairs of points with the turn and the size each implies.
   * @param {Matches} matches
   * @param {Keypoints} keypoints
   * @param {Descriptions} descriptions
   */
  collect(matches, keypoints, descriptions) {
    const { all } = this;
    all.count = Math.min(matches.count, MOST_MATCHES);
    for (let i = 0; i < all.count; i += 1) {
      const features = this.target.features[matches.kind[i]];
      const feature = matches.feature[i];
      const keypoint = matches.keypoint[i];
      all.x[i] = features.x[feature];
      all.y[i] = features.y[feature];
      all.u[i] = keypoints.x[keypoint] + 0.5;
      all.v[i] = keypoints.y[keypoint] + 0.5;
      all.weight[i] = 1;
      this.angle[i] = descriptions.angle[keypoint] - features.angle[feature];
      this.size[i] = Math.log2((1 << keypoints.octave[keypoint]) / features.size[feature]);
    }
  }

  /**
   * The largest groups of matches that agree with one of them.
   * @returns {number[][]} rows of `all`; no group is built around a member of an earlier one
   */
  groups() {
    const { count } = this.all;
    const votes = new Uint16Array(count);
    for (let i = 0; i < count; i += 1) votes[i] = this.agreeing(i).length;
    const isTaken = new Uint8Array(count);
    /** @type {number[][]} */
    const groups = [];
    while (groups.length < GROUPS) {
      let best = -1;
      for (let i = 0; i < count; i += 1) {
        if (isTaken[i] === 0 && (best < 0 || votes[i] > votes[best])) best = i;
      }
      if (best < 0 || votes[best] < LEAST_INLIERS) break;
      const members = this.agreeing(best);
      for (const member of members) isTaken[member] = 1;
      groups.push(members);
    }
    return groups;
  }

  /**
   * Matches that fit the similarity that one match implies: about its turn, its size, and where it puts them.
   * @param {number} voter
   * @returns {number[]} rows of `all`, the voter's own too
   */
  agreeing(voter) {
    const { x, y, u, v, count } = this.all;
    const scale = 2 ** this.size[voter];
    const cos = scale * Math.cos(this.angle[voter]);
    const sin = scale * Math.sin(this.angle[voter]);
    /** @type {number[]} */
    const members = [];
    for (let i = 0; i < count; i += 1) {
      if (Math.abs(this.size[i] - this.size[voter]) > OCTAVES) continue;
      const turn = this.angle[i] - this.angle[voter];
      if (Math.abs(turn - TURN * Math.round(turn / TURN)) > ANGLE_RAD) continue;
      const dx = x[i] - x[voter];
      const dy = y[i] - y[voter];
      const du = cos * dx - sin * dy;
      const dv = sin * dx + cos * dy;
      const off = Math.hypot(u[i] - u[voter] - du, v[i] - v[voter] - dv);
      if (off <= PLACE_PX + PLACE_SHARE * Math.hypot(du, dv)) members.push(i);
    }
    return members;
  }

  /**
   * Fit a homography to the present group.
   * @param {() => number} random
   * @returns {Proposal | null}
   */
  fit(random) {
    const { group, target } = this;
    const { width, height } = target;
    /** @type {Homography | null} */
    let best = null;
    let least = group.count * INLIER_PX * INLIER_PX;
    const four = [0, 0, 0, 0];
    for (let i = 0; i < TRIES; i += 1) {
      drawFour(four, group.count, random);
      const homography = throughFourPairs(group, four);
      if (homography === null || !isPlausible(normalized(homography), width, height)) continue;
      const cost = truncatedCost(homography, group, least);
      if (cost < least) {
        least = cost;
        best = homography;
      }
    }
    if (best === null) return null;
    const options = { steps: REFINE_STEPS, fromPx: REFINE_FROM_PX, toPx: REFINE_TO_PX, width, height };
    const refined = refine(best, group, options);
    if (refined === null || !isPlausible(refined, width, height)) return null;
    const inliers = countInliers(refined, group);
    return inliers < LEAST_INLIERS ? null : { homography: refined, inliers };
  }
}

/**
 * @param {Homography} h
 * @returns {Homography} with positive depth where that can be had by a change of sign
 */
function normalized(h) {
  return h[8] < 0 ? h.map((value) => -value) : h;
}

/**
 * @param {Pairs} from
 * @param {number[]} rows
 * @param {Pairs} to
 */
function copyRows(from, rows, to) {
  to.count = rows.length;
  for (const [i, row] of rows.entries()) {
    to.x[i] = from.x[row];
    to.y[i] = from.y[row];
    to.u[i] = from.u[row];
    to.v[i] = from.v[row];
    to.weight[i] = from.weight[row];
  }
}

/**
 * Draw four different numbers below `count`, which is at least six.
 * @param {number[]} four overwritten
 * @param {number} count
 * @param {() => number} random
 */
function drawFour(four, count, random) {
  for (let i = 0; i < 4; i += 1) {
    do four[i] = Math.floor(random() * count);
    while (four.indexOf(four[i]) < i);
  }
}

/**
 * Sum of squared errors, each at most `INLIER_PX` squared (MSAC).
 * @param {Homography} h
 * @param {Pairs} pairs
 * @param {number} enough the sum is not followed beyond
 */
function truncatedCost(h, pairs, enough) {
  let cost = 0;
  for (let i = 0; i < pairs.count && cost < enough; i += 1) {
    const w = 1 / (h[6] * pairs.x[i] + h[7] * pairs.y[i] + h[8]);
    const du = (h[0] * pairs.x[i] + h[1] * pairs.y[i] + h[2]) * w - pairs.u[i];
    const dv = (h[3] * pairs.x[i] + h[4] * pairs.y[i] + h[5]) * w - pairs.v[i];
    const square = du * du + dv * dv;
    cost += square < INLIER_PX * INLIER_PX ? square : INLIER_PX * INLIER_PX;
  }
  return cost;
}

/** @param {Homography} h @param {Pairs} pairs */
function countInliers(h, pairs) {
  let inliers = 0;
  for (let i = 0; i < pairs.count; i += 1) {
    const [u, v] = project(h, pairs.x[i], pairs.y[i]);
    if (Math.hypot(u - pairs.u[i], v - pairs.v[i]) < INLIER_PX) inliers += 1;
  }
  return inliers;
}

/**
 * Numbers in [0, 1) that are the same on every run (a linear congruential generator with the constants of
 * Numerical Recipes, high bits first: good enough to draw samples with).
 * @param {number} seed
 * @returns {() => number}
 */
export function seededRandom(seed) {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 4294967296;
  };
}
