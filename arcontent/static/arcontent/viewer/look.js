// How the video is shown: fitted to the picture, seen through, and what becomes of it when the picture is lost. The
// style sheet does it, by attributes of the root: `data-fit`, `data-see-through`, and `data-left`, which is there
// while the picture is lost and the video stays.

import { SeeThrough } from "./alpha.js";

/** @typedef {import("./manifest.js").OverlayLook} OverlayLook */
/** @typedef {import("./stage.js").Stage} Stage */

/** @type {OverlayLook} */
const USUAL = { fit: "cover", when_lost: "hide", stacked_alpha: false };

export class Look {
  /**
   * @param {object} parts
   * @param {HTMLElement} parts.root
   * @param {Stage} parts.stage
   * @param {HTMLVideoElement} parts.video
   * @param {HTMLCanvasElement} parts.canvas
   */
  constructor({ root, stage, video, canvas }) {
    /** @private */
    this.root = root;
    /** @private */
    this.stage = stage;
    /** @private */
    this.video = video;
    /** @private */
    this.canvas = canvas;
    /** @private */
    this.whenLost = USUAL.when_lost;
    /** @private @type {SeeThrough | null} */
    this.seeThrough = null;
  }

  /** Whether a canvas is seen in place of the video. */
  get isSeeThrough() {
    return this.seeThrough !== null;
  }

  /** @param {OverlayLook} [look] */
  choose({ fit, when_lost: whenLost, stacked_alpha: isStacked } = USUAL) {
    this.root.dataset.fit = fit;
    this.whenLost = whenLost;
    if (!isStacked) return;
    this.root.dataset.seeThrough = "";
    this.canvas.hidden = false;
    this.stage.overlay = this.canvas;
    this.seeThrough ??= new SeeThrough({ video: this.video, canvas: this.canvas });
  }

  /**
   * The picture was lost.
   * @returns {boolean} whether the video stays to be seen
   */
  leave() {
    if (this.whenLost === "hide") return false;
    if (this.whenLost === "full_screen") this.stage.clear();
    this.root.dataset.left = this.whenLost;
    return true;
  }

  /**
   * The phone was turned: what stayed in its place has lost it, what fills the screen fills it still.
   * @returns {boolean} whether the video had stayed until now
   */
  turn() {
    return this.root.dataset.left === "keep" && this.end();
  }

  /**
   * The picture is there again, or nobody looks for it any more.
   * @returns {boolean} whether the video had stayed until now
   */
  end() {
    const hadStayed = this.root.dataset.left !== undefined;
    delete this.root.dataset.left;
    return hadStayed;
  }
}
