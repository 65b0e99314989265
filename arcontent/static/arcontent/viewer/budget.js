// Whether the engine keeps pace with the camera, so that its frames can be shown in place of the live video: a view that
// is a little late, or has fewer frames, is hardly noticed, a video that swims beside its picture is. So they may not be
// very old, and not too many may be missing. Times go in, the answer comes out; there is no clock here.

/** The answer is thought over after so many frames of the camera. */
const WINDOW = 15;
/** Of ten results nine must be this young, and this share of the frames must have one ... */
const BEGIN = { ageMs: 150, share: 0.3 };
/** ... and when it fits already, it goes on fitting up to here: it should not flicker. */
const GO_ON = { ageMs: 200, share: 0.2 };

export class LockBudget {
  constructor() {
    /** The answer, by the frames so far; until enough were measured, the better view. */
    this.fits = true;
    /** @private */
    this.frames = 0;
    /** @private @type {number[]} */
    this.agesMs = [];
  }

  /** The camera has a new frame. */
  frame() {
    if (this.frames === WINDOW) this.think();
    this.frames += 1;
  }

  /** A frame has come back from the engine. @param {number} ageMs since it was taken */
  result(ageMs) {
    this.agesMs.push(ageMs);
  }

  /** Leave out what was counted since the answer was last thought over: there was a break. */
  pause() {
    this.frames = 0;
    this.agesMs = [];
  }

  /** @private */
  think() {
    const { ageMs, share } = this.fits ? GO_ON : BEGIN;
    const old = this.agesMs.sort((a, b) => a - b)[Math.ceil(0.9 * this.agesMs.length) - 1] ?? Infinity;
    this.fits = old <= ageMs && this.agesMs.length >= share * this.frames;
    this.pause();
  }
}
