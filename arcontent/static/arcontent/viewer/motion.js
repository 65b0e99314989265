// Where the picture is in the frame that is seen by now: over the live video the overlay would trail behind by what the
// engine takes, so the last motion is carried on. Times are those of frames, on the video's clock.

import { corners } from "./overlay.js";

/** @typedef {import("./stage.js").Pose} Pose */

/** Motion is carried on for so long at most: a hand has changed its mind by then. */
const FARTHEST_MS = 120;
/** Poses farther apart than this tell no speed. */
const LONGEST_STEP_MS = 250;
/** The share of a motion that is taken to last. */
const MOMENTUM = 0.8;
/**
 * Pixels of the frame that the corner that moves most has gone between two poses. Up to the first value it is a tremor,
 * which turns back sooner than it could be followed, from the second on it is a motion.
 */
const TREMOR_PX = 1.5;
const MOTION_PX = 5;

export class Motion {
  constructor() {
    /** @private @type {Pose | null} */
    this.last = null;
    /** @private */
    this.lastAtMs = 0;
    /** @private @type {number[] | null} what is added to the last homography in a millisecond */
    this.perMs = null;
  }

  /** Forget: the next pose has no past. */
  forget() {
    this.last = null;
    this.perMs = null;
  }

  /** @param {Pose} pose its homography's depth is 1 in the middle of the picture @param {number} timestampMs of its frame */
  add(pose, timestampMs) {
    const step = timestampMs - this.lastAtMs;
    const isNext = this.last !== null && step > 0 && step <= LONGEST_STEP_MS && isAlike(this.last, pose);
    this.perMs = this.last !== null && isNext ? speed(this.last, pose, step) : null;
    this.last = pose;
    this.lastAtMs = timestampMs;
  }

  /**
   * @param {number} timestampMs of the frame that is seen
   * @returns {Pose | null} null when nothing is known
   */
  at(timestampMs) {
    const { last, perMs } = this;
    if (last === null || perMs === null) return last;
    const ahead = Math.min(Math.max(timestampMs - this.lastAtMs, 0), FARTHEST_MS);
    return { ...last, homography: last.homography.map((value, i) => value + perMs[i] * ahead) };
  }
}

/** @param {Pose} from @param {Pose} to @param {number} ms between them */
function speed(from, to, ms) {
  const before = corners(from.homography, from.picture);
  const moved = corners(to.homography, to.picture).map(({ x, y }, i) => Math.hypot(x - before[i].x, y - before[i].y));
  const share = (Math.max(...moved) - TREMOR_PX) / (MOTION_PX - TREMOR_PX);
  const gain = (MOMENTUM * Math.min(Math.max(share, 0), 1)) / ms;
  return to.homography.map((value, i) => gain * (value - from.homography[i]));
}

/** Whether two poses are of the same picture in frames of the same size. @param {Pose} a @param {Pose} b */
function isAlike(a, b) {
  return a.picture === b.picture && a.frame.width === b.frame.width && a.frame.height === b.frame.height;
}
