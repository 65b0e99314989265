// How much is done for each frame, by how long the last ones took: on a phone that is slow, or has become hot, less.
// Times go in, a level comes out; there is no clock here, so the same times give the same levels.

/** From level to level: everything; fewer patches, and no part of the frame magnified; smaller frames, too. */
export const THRIFTY = 1;
export const SMALL = 2;

/** So many frames are judged by their median. */
const FRAMES = 15;
/** Above this less is done ... */
const SLOW_MS = 25;
/** ... and below this, which is less than half of it, more again. */
const FAST_MS = 10;
/** More is done again after so many fast groups of frames; twice as many each time that it was too much. */
const PATIENCE = 4;
const MOST_PATIENCE = 64;

export class Pace {
  constructor() {
    this.level = 0;
    /** @private @type {number[]} */
    this.times = [];
    /** @private fast groups in a row */
    this.fast = 0;
    /** @private */
    this.patience = PATIENCE;
    /** @private whether the last change was to do more */
    this.hasRisen = false;
  }

  /** @param {number} ms that a frame took, from its grabbing to its answer's making */
  add(ms) {
    this.times.push(ms);
    if (this.times.length < FRAMES) return;
    const median = this.times.sort((a, b) => a - b)[FRAMES >> 1];
    this.times = [];
    this.fast = median < FAST_MS ? this.fast + 1 : 0;
    if (median > SLOW_MS && this.level < SMALL) {
      if (this.hasRisen) this.patience = Math.min(2 * this.patience, MOST_PATIENCE);
      this.change(1);
    } else if (this.fast >= this.patience && this.level > 0) this.change(-1);
  }

  /** @private @param {1 | -1} step */
  change(step) {
    this.level += step;
    this.hasRisen = step < 0;
    this.fast = 0;
  }
}
