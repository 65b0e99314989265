// The camera's video with the overlay on it: puts the overlay where a pose says, and again when the stage changes
// its size.

import { elementSize, elementToBox, toCss } from "./overlay.js";

/** @typedef {import("./overlay.js").Size} Size */
/** @typedef {{homography: readonly number[], picture: Size, frame: Size}} Pose */

/** CSS pixels; only how finely the browser divides the element, never what is seen. */
const LONGER_SIDE = 640;
/** How far the forms of two frames may differ before they are those of a turned phone. */
const SAME_FORM = 0.02;

export class Stage {
  /** @param {{box: HTMLElement, camera: HTMLVideoElement, overlay: HTMLElement}} elements */
  constructor({ box, camera, overlay }) {
    /** @private */
    this.box = box;
    /** @private */
    this.camera = camera;
    /** What lies on the picture: the video, or a canvas it is drawn on. */
    this.overlay = overlay;
    /** @private @type {Pose | null} */
    this.pose = null;
    new ResizeObserver(() => this.draw()).observe(box);
  }

  /**
   * Put the overlay on the picture. A pose that is no longer of the frame that is shown, as after the phone was
   * turned, is dropped.
   * @param {Pose} pose
   * @returns {boolean} whether it was not
   */
  place(pose) {
    if (!this.isOfShownFrame(pose.frame)) return false;
    this.pose = pose;
    this.draw();
    return true;
  }

  /** Take the overlay off the picture; it is a plain video again. */
  clear() {
    this.pose = null;
    this.overlay.style.transform = "";
    this.overlay.style.width = "";
    this.overlay.style.height = "";
  }

  /** @private @param {Size} frame */
  isOfShownFrame(frame) {
    const { videoWidth, videoHeight } = this.camera;
    const difference = (frame.width * videoHeight) / (frame.height * videoWidth) - 1;
    return Math.abs(difference) < SAME_FORM;
  }

  /** @private */
  draw() {
    if (this.pose === null) return;
    const box = { width: this.box.clientWidth, height: this.box.clientHeight };
    const element = elementSize(this.pose.picture, LONGER_SIDE);
    const matrix = elementToBox({ ...this.pose, element, box });
    if (matrix === null) return;
    this.overlay.style.width = `${element.width}px`;
    this.overlay.style.height = `${element.height}px`;
    this.overlay.style.transform = toCss(matrix);
  }
}
