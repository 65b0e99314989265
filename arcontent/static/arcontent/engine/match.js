// Matches descriptors of a frame with those of all targets at once by Hamming distance. Of 128 well-chosen bits each
// byte is a key into a table; only descriptors that agree in some byte are looked at (multi-index hashing, Norouzi et
// al. 2012), first in the 128 bits. Of many targets session.js has a rough look at all together, and a closer one at the
// likeliest: what a file of twenty costs beside one of one, `make bench-viewer` says.

import { WORDS } from "./freak.js";

/** @import { Keypoints } from "./detect.js" */
/** @import { Descriptions } from "./freak.js" */
/** @import { Target } from "./target.js" */

/**
 * The bits that are looked at first, two base-36 digits each, a line for each key. They were chosen once, greedily, on
 * frames of ten pictures in twelve views, hard ones among them: seldom wrong in a frame, as often set as not, and
 * telling little of the others of their key; 123 different ones, as some serve two keys. What chose them was not kept:
 * no command makes this list again, and another list is judged by what `make bench-viewer` then finds, in what time.
 */
export const EXTRACT = Uint16Array.from(
  (
    "1v9faabebrcii2ie" +
    "2v6w7za3a6e4fkhz" +
    "araxbycnd2fhieif" +
    "2o2x77d0e8f3ffg0" +
    "0v4f8keogngthri2" +
    "0s6e6n8j98bfevgb" +
    "1d597u8qdif4fgi7" +
    "1j5k9eb6cje3hsih" +
    "3l6b6p7s9vcvdpgy" +
    "0f299oasdtfug6ib" +
    "0z4n6aalcte2h7i2" +
    "0u3s465g7hcshwig" +
    "1t3j485wc2cgdoie" +
    "0o1r3r69dqe9fyhz" +
    "2w708lajbiewfegj" +
    "1y4o689mbpcce1eh"
  ).matchAll(/../g),
  ([digits]) => parseInt(digits, 36),
);
const TABLES = 16;
const EXTRACT_WORDS = 4;
/** Most of those bits in which a match may differ, in the first half and in all. */
const CLOSE = { of64: 16, of128: 32 };
/** The same where matches only tell which of many targets are worth a closer look. */
const ROUGH = { of64: 10, of128: 20 };
/** What so many rows have in common tells too little of any to be worth looking at them. */
const MOST_IN_BUCKET = 90;
/** Most bits of 666 in which a match may differ. */
const MOST_OF_ALL = 210;
/** A match must be this much better than the best match at another place of the same picture ... */
const RATIO = 0.8;
/** ... which is farther away than this share of the picture's short side. */
const OTHER_PLACE_SHARE = 0.06;

/**
 * Matches of one target, in parallel arrays of which the first `count` entries are meant.
 * @typedef {object} Matches
 * @property {number} count
 * @property {Uint32Array} keypoint row of the frame's keypoints
 * @property {Uint32Array} feature row of the target's features
 * @property {Uint8Array} kind which of the target's two feature lists
 * @property {Uint16Array} distance in bits
 */

/** Matches frames with targets. */
export class Matcher {
  /**
   * @param {readonly Target[]} targets
   * @param {number} capacity most keypoints of a frame
   * @param {{isRough?: boolean}} [options] whether fewer matches, sooner, are enough
   */
  constructor(targets, capacity, { isRough = false } = {}) {
    this.indexes = [0, 1].map((kind) => new Index(targets, kind, isRough ? ROUGH : CLOSE));
    /** @type {Matches[]} */
    this.matches = targets.map(() => ({
      count: 0,
      keypoint: new Uint32Array(capacity),
      feature: new Uint32Array(capacity),
      kind: new Uint8Array(capacity),
      distance: new Uint16Array(capacity),
    }));
  }

  /**
   * @param {Keypoints} keypoints
   * @param {Descriptions} descriptions of the same keypoints
   * @returns {Matches[]} of each target, at most one for each keypoint; overwritten by the next call
   */
  match(keypoints, descriptions) {
    for (const matches of this.matches) matches.count = 0;
    for (const index of this.indexes) index.stamps.fill(0);
    for (let i = 0; i < keypoints.count; i += 1) {
      const kind = keypoints.kind[i];
      const index = this.indexes[kind];
      index.look(descriptions.words, i);
      index.settle();
      for (let target = 0; target < this.matches.length; target += 1) {
        const row = index.best[target];
        if (row < 0) continue;
        const matches = this.matches[target];
        matches.keypoint[matches.count] = i;
        matches.feature[matches.count] = row - index.firsts[target];
        matches.kind[matches.count] = kind;
        matches.distance[matches.count] = index.distances[row];
        matches.count += 1;
      }
    }
    return this.matches;
  }
}

/** All targets' features of one kind, to be found by what they look like. */
class Index {
  /**
   * @param {readonly Target[]} targets
   * @param {number} kind
   * @param {{of64: number, of128: number}} most of the chosen bits in which a match may differ
   */
  constructor(targets, kind, most) {
    this.most = most;
    const lists = targets.map(({ features }) => features[kind]);
    /** First row of each target. */
    this.firsts = lists.map((_, i) => lists.slice(0, i).reduce((sum, { count }) => sum + count, 0));
    this.target = Uint16Array.from(lists.flatMap(({ count }, i) => Array(count).fill(i)));
    const { length } = this.target;
    this.x = new Float32Array(length);
    this.y = new Float32Array(length);
    this.words = new Uint32Array(length * WORDS);
    for (const [i, { x, y, words }] of lists.entries()) {
      this.x.set(x, this.firsts[i]);
      this.y.set(y, this.firsts[i]);
      this.words.set(words, this.firsts[i] * WORDS);
    }
    this.farPx = targets.map(({ width, height }) => OTHER_PLACE_SHARE * Math.min(width, height));
    this.extracts = new Int32Array(length * EXTRACT_WORDS);
    for (let row = 0; row < length; row += 1) {
      extract(this.words, row * WORDS, this.extracts, row * EXTRACT_WORDS);
    }
    this.tables = Array.from({ length: TABLES }, (_, table) => sortedByKey(this.extracts, table));
    this.extract = new Int32Array(EXTRACT_WORDS);
    /** The keypoint that each row was last compared with, counted from one. */
    this.stamps = new Uint32Array(length);
    this.distances = new Uint16Array(length);
    /** Rows that are near enough to be a target's best match or its rival. */
    this.near = new Uint32Array(length);
    this.nearCount = 0;
    /** Of each target: its nearest row, or -1; and the distance beyond which nothing matters. */
    this.best = new Int32Array(lists.length);
    this.bounds = new Float64Array(lists.length);
  }

  /**
   * Collect the rows near a descriptor.
   * @param {Uint32Array} words
   * @param {number} keypoint whose descriptor in `words` it is
   */
  look(words, keypoint) {
    this.nearCount = 0;
    this.best.fill(-1);
    this.bounds.fill(MOST_OF_ALL / RATIO);
    extract(words, keypoint * WORDS, this.extract, 0);
    const { extracts, stamps } = this;
    const { of64: mostOf64, of128: mostOf128 } = this.most;
    const [a, b, c, d] = this.extract;
    for (let table = 0; table < TABLES; table += 1) {
      const { rows, starts } = this.tables[table];
      const key = keyOf(this.extract, 0, table);
      const end = starts[key + 1];
      if (end - starts[key] > MOST_IN_BUCKET) continue;
      for (let i = starts[key]; i < end; i += 1) {
        const row = rows[i];
        const at = row * EXTRACT_WORDS;
        const of64 = onesOfTwo(a ^ extracts[at], b ^ extracts[at + 1]);
        if (of64 > mostOf64) continue;
        if (of64 + onesOfTwo(c ^ extracts[at + 2], d ^ extracts[at + 3]) > mostOf128) continue;
        if (stamps[row] === keypoint + 1) continue;
        stamps[row] = keypoint + 1;
        this.compare(row, words, keypoint * WORDS);
      }
    }
  }

  /**
   * @param {number} row
   * @param {Uint32Array} words
   * @param {number} start of the descriptor in `words`
   */
  compare(row, words, start) {
    const { distances, best, bounds, words: theirs } = this;
    const target = this.target[row];
    const bound = bounds[target];
    const from = row * WORDS;
    let distance = 0;
    for (let k = 0; k < WORDS && distance <= bound; k += 3) {
      distance +=
        onesOfTwo(words[start + k] ^ theirs[from + k], words[start + k + 1] ^ theirs[from + k + 1]) +
        onesOfTwo(words[start + k + 2] ^ theirs[from + k + 2], 0);
    }
    if (distance > bound) return;
    distances[row] = distance;
    this.near[this.nearCount] = row;
    this.nearCount += 1;
    bounds[target] = Math.min(bound, distance / RATIO);
    if (best[target] < 0 || distance < distances[best[target]]) best[target] = row;
  }

  /** Give up the best rows that are too far, or have a rival elsewhere in the picture. */
  settle() {
    const { target, best, distances, near, x, y } = this;
    for (let i = 0; i < this.nearCount; i += 1) {
      const rival = near[i];
      const of = target[rival];
      const row = best[of];
      if (row < 0) continue;
      const isBeaten = distances[row] < RATIO * distances[rival];
      const isFar = (x[rival] - x[row]) ** 2 + (y[rival] - y[row]) ** 2 > this.farPx[of] ** 2;
      if (distances[row] > MOST_OF_ALL || (isFar && !isBeaten)) best[of] = -1;
    }
  }
}

/**
 * Copy the bits of `EXTRACT`.
 * @param {Uint32Array} words
 * @param {number} start of the descriptor in `words`
 * @param {Int32Array} to
 * @param {number} at first word written
 */
function extract(words, start, to, at) {
  for (let i = 0; i < EXTRACT.length; i += 1) {
    const bit = EXTRACT[i];
    const word = at + (i >>> 5);
    to[word] = (to[word] << 1) | ((words[start + (bit >>> 5)] >>> (31 - (bit & 31))) & 1);
  }
}

/**
 * @param {Int32Array} extracts
 * @param {number} at first word of the extract
 * @param {number} table
 * @returns {number} the byte of the extract that the table goes by
 */
function keyOf(extracts, at, table) {
  return (extracts[at + (table >>> 2)] >>> (8 * (table & 3))) & 255;
}

/**
 * @param {Int32Array} extracts
 * @param {number} table
 * @returns {{rows: Uint32Array, starts: Uint32Array}} rows of the extracts, key by key, and where those of each key
 *   begin; the last entry says where all end
 */
function sortedByKey(extracts, table) {
  const rows = new Uint32Array(extracts.length / EXTRACT_WORDS);
  const starts = new Uint32Array(257);
  for (let row = 0; row < rows.length; row += 1) starts[keyOf(extracts, row * EXTRACT_WORDS, table) + 1] += 1;
  for (let key = 0; key < 256; key += 1) starts[key + 1] += starts[key];
  const next = starts.slice();
  for (let row = 0; row < rows.length; row += 1) {
    const key = keyOf(extracts, row * EXTRACT_WORDS, table);
    rows[next[key]] = row;
    next[key] += 1;
  }
  return { rows, starts };
}

/**
 * Ones in two words together.
 * @param {number} p
 * @param {number} q
 */
function onesOfTwo(p, q) {
  let a = p - ((p >>> 1) & 0x55555555);
  let b = q - ((q >>> 1) & 0x55555555);
  a = (a & 0x33333333) + ((a >>> 2) & 0x33333333);
  b = (b & 0x33333333) + ((b >>> 2) & 0x33333333);
  const bytes = ((a + (a >>> 4)) & 0x0f0f0f0f) + ((b + (b >>> 4)) & 0x0f0f0f0f);
  return Math.imul(bytes, 0x01010101) >>> 24;
}
