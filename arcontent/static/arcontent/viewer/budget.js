// Whether the engine keeps pace with the camera, so that its frames can be shown in place of the live video: they
// must not be old, and hardly any may be missing. Times go in, the answer comes out; there is no clock here.

/** The answer is thought over after so many frames of the camera. */
const WINDOW = 15;
/** Of ten results nine must be this young, and this share of the frames must have one ... */
const BEGIN = { ageMs: 50, share: 0.8 };
/** ... and when it fits already, it goes on fitting up to here: it should not flicker. */
const GO_ON = { ageMs: 65, share: 0.7 };

export class LockBudget {
  constructor() {
    /** The answer, by the frames so far; not before it was measured. */
    this.fits = false;
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
