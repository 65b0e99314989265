// Parts of frames in which a slow phone searches, one a frame, in place of the whole frame: nine places in turn, which
// overlap, the middle first. Keypoints come in pixels of the whole frame.

import { blankImage } from "./image.js";

/** @import { Detector, Keypoints } from "./detect.js" */
/** @import { GreyImage } from "./image.js" */

/** Where crops lie, in halves of the room there is: across, down. */
const PLACES = [[1, 1], [0, 0], [2, 2], [2, 0], [0, 2], [1, 0], [1, 2], [0, 1], [2, 1]];

export class Crops {
  /** @param {Detector} detector of the crops' size, in which they fit into the frames */
  constructor(detector) {
    this.detector = detector;
    this.space = detector.space;
    this.crop = blankImage(this.space.width, this.space.height);
    this.turn = 0;
    this.left = 0;
    this.top = 0;
  }

  /**
   * Find the keypoints of the next crop.
   * @param {GreyImage} frame
   * @returns {Keypoints} in pixels of the crop; overwritten by the next call
   */
  detect(frame) {
    const { crop } = this;
    const [across, down] = PLACES[this.turn];
    this.turn = (this.turn + 1) % PLACES.length;
    this.left = (across * (frame.width - crop.width)) >> 1;
    this.top = (down * (frame.height - crop.height)) >> 1;
    for (let y = 0; y < crop.height; y += 1) {
      const start = (this.top + y) * frame.width + this.left;
      crop.data.set(frame.data.subarray(start, start + crop.width), y * crop.width);
    }
    this.space.fill(crop);
    return this.detector.detect();
  }

  /** Move keypoints of the last crop to where they are in the frame. @param {Keypoints} keypoints */
  place({ count, x, y }) {
    for (let i = 0; i < count; i += 1) {
      x[i] += this.left;
      y[i] += this.top;
    }
  }
}
