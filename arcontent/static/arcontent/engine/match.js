// Matches descriptors of a frame with those of a target by Hamming distance: exhaustively, but most pairs are
// turned down after 64 or 128 well-chosen bits.

import { WORDS } from "./freak.js";

/** @import { Keypoints } from "./detect.js" */
/** @import { Descriptions } from "./freak.js" */
/** @import { Features, Target } from "./target.js" */

/** Bits of the early look, and the most that may differ in its first half and in all of it. */
const EARLY_BITS = 128;
const EARLY_WORDS = EARLY_BITS / 32;
const MOST_OF_64 = 18;
const MOST_OF_128 = 36;
/** Most bits of 666 in which a match may differ. */
const MOST_OF_ALL = 210;
/** A match must be this much better than the best match at another place of the picture ... */
const RATIO = 0.8;
/** ... which is farther away than this share of the picture's short side. */
const OTHER_PLACE_SHARE = 0.06;
/** Descriptors looked at when the bits of the early look are chosen. */
const BIT_SAMPLE = 512;
/** Most that two bits of the early look may agree or disagree more than by chance, as a share. */
const MOST_CORRELATION = 0.5;

/**
 * Matches, in parallel arrays of which the first `count` entries are meant.
 * @typedef {object} Matches
 * @property {number} count
 * @property {Uint32Array} keypoint row of the frame's keypoints
 * @property {Uint32Array} feature row of the target's features
 * @property {Uint8Array} kind which of the target's two feature lists
 * @property {Uint16Array} distance in bits
 */

/**
 * What is compared first, of one kind of features.
 * @typedef {object} EarlyLook
 * @property {Features} features
 * @property {Int32Array[]} words `EARLY_WORDS` columns
 */

/** Matches frames with one target. */
export class Matcher {
  /**
   * @param {Target} target
   * @param {number} capacity most keypoints of a frame
   */
  constructor(target, capacity) {
    this.bits = chooseBits(target.features);
    /** @type {EarlyLook[]} */
    this.kinds = target.features.map((features) => {
      const words = Array.from({ length: EARLY_WORDS }, () => new Int32Array(features.count));
      for (let i = 0; i < features.count; i += 1) {
        for (let k = 0; k < EARLY_WORDS; k += 1) {
          words[k][i] = gatherWord(features.words, i * WORDS, this.bits, k * 32);
        }
      }
      return { features, words };
    });
    this.otherPlacePx = OTHER_PLACE_SHARE * Math.min(target.width, target.height);
    const most = Math.max(...target.features.map(({ count }) => count));
    this.rows = new Uint32Array(most);
    this.distances = new Uint16Array(most);
    /** @type {Matches} */
    this.matches = {
      count: 0,
      keypoint: new Uint32Array(capacity),
      feature: new Uint32Array(capacity),
      kind: new Uint8Array(capacity),
      distance: new Uint16Array(capacity),
    };
  }

  /**
   * @param {Keypoints} keypoints
   * @param {Descriptions} descriptions of the same keypoints
   * @returns {Matches} at most one for each keypoint; overwritten by the next call
   */
  match(keypoints, descriptions) {
    const { matches } = this;
    matches.count = 0;
    for (let i = 0; i < keypoints.count; i += 1) {
      const kind = keypoints.kind[i];
      const found = this.candidates(this.kinds[kind], descriptions.words, i * WORDS);
      const best = this.bestOf(found, this.kinds[kind].features);
      if (best < 0) continue;
      matches.keypoint[matches.count] = i;
      matches.feature[matches.count] = this.rows[best];
      matches.kind[matches.count] = kind;
      matches.distance[matches.count] = this.distances[best];
      matches.count += 1;
    }
    return matches;
  }

  /**
   * Collect the features that are near enough to be the best match or its rival, into `rows` and `distances`.
   * @param {EarlyLook} look
   * @param {Uint32Array} words
   * @param {number} start of the frame's descriptor in `words`
   * @returns {number} how many
   */
  candidates({ features, words: [first, second, third, fourth] }, words, start) {
    const a = gatherWord(words, start, this.bits, 0);
    const b = gatherWord(words, start, this.bits, 32);
    const c = gatherWord(words, start, this.bits, 64);
    const d = gatherWord(words, start, this.bits, 96);
    const { rows, distances } = this;
    const theirs = features.words;
    let bound = MOST_OF_ALL / RATIO;
    let found = 0;
    for (let i = 0; i < features.count; i += 1) {
      const of64 = onesOfTwo(a ^ first[i], b ^ second[i]);
      if (of64 > MOST_OF_64) continue;
      if (of64 + onesOfTwo(c ^ third[i], d ^ fourth[i]) > MOST_OF_128) continue;
      let distance = 0;
      const from = i * WORDS;
      for (let k = 0; k < WORDS && distance <= bound; k += 3) {
        distance +=
          onesOfTwo(words[start + k] ^ theirs[from + k], words[start + k + 1] ^ theirs[from + k + 1]) +
          onesOfTwo(words[start + k + 2] ^ theirs[from + k + 2], 0);
      }
      if (distance > bound) continue;
      rows[found] = i;
      distances[found] = distance;
      found += 1;
      bound = Math.min(bound, distance / RATIO);
    }
    return found;
  }

  /**
   * @param {number} found how many candidates there are
   * @param {Features} features
   * @returns {number} place in `rows` of the best match, or -1 when it is too far or has a rival elsewhere
   */
  bestOf(found, features) {
    const { rows, distances } = this;
    if (found === 0) return -1;
    let best = 0;
    for (let i = 1; i < found; i += 1) if (distances[i] < distances[best]) best = i;
    if (distances[best] > MOST_OF_ALL) return -1;
    const x = features.x[rows[best]];
    const y = features.y[rows[best]];
    const limit = this.otherPlacePx * this.otherPlacePx;
    for (let i = 0; i < found; i += 1) {
      if (distances[best] < RATIO * distances[i]) continue;
      const dx = features.x[rows[i]] - x;
      const dy = features.y[rows[i]] - y;
      if (dx * dx + dy * dy > limit) return -1;
    }
    return best;
  }
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

/**
 * @param {Uint32Array} words
 * @param {number} start of the descriptor
 * @param {Uint16Array} bits
 * @param {number} from first of 32 entries of `bits`
 */
function gatherWord(words, start, bits, from) {
  let word = 0;
  for (let i = from; i < from + 32; i += 1) {
    const bit = bits[i];
    word = (word << 1) | ((words[start + (bit >>> 5)] >>> (31 - (bit & 31))) & 1);
  }
  return word;
}

/**
 * Choose the bits that tell most: even in themselves, and little bound to one another.
 * @param {[Features, Features]} features
 * @returns {Uint16Array} 128 bit numbers, best first
 */
export function chooseBits(features) {
  const { columns, samples, columnWords } = transposed(features);
  const bitCount = columns.length / columnWords;
  const balance = Array.from({ length: bitCount }, (_, bit) => {
    let ones = 0;
    for (let k = 0; k < columnWords; k += 1) ones += onesOfTwo(columns[bit * columnWords + k], 0);
    return Math.abs(ones / samples - 0.5);
  });
  const order = balance.map((_, bit) => bit).sort((a, b) => balance[a] - balance[b] || a - b);
  /** @type {number[]} */
  const chosen = [];
  for (let limit = MOST_CORRELATION; chosen.length < EARLY_BITS; limit += 0.1) {
    for (const bit of order) {
      if (chosen.length === EARLY_BITS) break;
      const isBound = chosen.some((other) => {
        if (other === bit) return true;
        let differing = 0;
        for (let k = 0; k < columnWords; k += 1) {
          differing += onesOfTwo(columns[bit * columnWords + k] ^ columns[other * columnWords + k], 0);
        }
        return Math.abs(1 - (2 * differing) / samples) > limit;
      });
      if (!isBound) chosen.push(bit);
    }
  }
  return Uint16Array.from(chosen);
}

/**
 * Descriptors as columns: the answers of all sampled descriptors for one bit lie side by side.
 * @param {[Features, Features]} features
 */
function transposed(features) {
  const total = features[0].count + features[1].count;
  const samples = Math.min(BIT_SAMPLE, total);
  const columnWords = Math.ceil(samples / 32);
  const columns = new Int32Array(666 * columnWords);
  for (let sample = 0; sample < samples; sample += 1) {
    const row = Math.floor((sample * total) / samples);
    const list = row < features[0].count ? features[0] : features[1];
    const start = (row < features[0].count ? row : row - features[0].count) * WORDS;
    for (let bit = 0; bit < 666; bit += 1) {
      const isSet = (list.words[start + (bit >>> 5)] >>> (31 - (bit & 31))) & 1;
      columns[bit * columnWords + (sample >>> 5)] |= isSet << (sample & 31);
    }
  }
  return { columns, samples, columnWords };
}
