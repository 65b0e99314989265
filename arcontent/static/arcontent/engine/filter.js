// Holds a pose still while the camera is still. A move smaller than the noise is followed slowly, a larger one
// at once; in between the share that is followed grows evenly, so that nothing snaps.

import { mix, normalizedAt, project } from "./homography.js";

/** @import { Homography } from "./homography.js" */

/** Moves up to this many frame pixels, at the corner that moves most, are taken for noise. */
const STILL_PX = 0.15;
/** From here on the pose is followed wholly. */
const MOVING_PX = 0.4;
/** How fast the held pose settles while still: its low-pass has this cut-off. */
const SETTLE_HZ = 1;

/** Filters the poses of one target. */
export class PoseFilter {
  /**
   * @param {number} width of the picture
   * @param {number} height
   */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    /** @type {Homography | null} */
    this.held = null;
    this.heldAtMs = 0;
  }

  /** Forget: the next pose is taken as it is. */
  reset() {
    this.held = null;
  }

  /**
   * @param {Homography} homography as measured
   * @param {number} timestampMs of its frame
   * @returns {Homography} to be shown
   */
  apply(homography, timestampMs) {
    const measured = normalizedAt(homography, this.width / 2, this.height / 2);
    const { held } = this;
    if (held === null) {
      this.held = measured;
    } else {
      const passed = Math.min(Math.max(timestampMs - this.heldAtMs, 0), 1000) / 1000;
      const settling = 1 - Math.exp(-2 * Math.PI * SETTLE_HZ * passed);
      const following = (this.largestMove(held, measured) - STILL_PX) / (MOVING_PX - STILL_PX);
      this.held = mix(held, measured, Math.min(Math.max(following, settling), 1));
    }
    this.heldAtMs = timestampMs;
    return this.held;
  }

  /**
   * @param {Homography} from
   * @param {Homography} to
   * @returns {number} how far the corner of the picture that moves most moves, in frame pixels
   */
  largestMove(from, to) {
    const { width, height } = this;
    const corners = [[0, 0], [width, 0], [width, height], [0, height]];
    return Math.max(
      ...corners.map(([x, y]) => {
        const [u1, v1] = project(from, x, y);
        const [u2, v2] = project(to, x, y);
        return Math.hypot(u2 - u1, v2 - v1);
      }),
    );
  }
}
