// Notices a camera that shows only black, or always the same: some browsers inside other apps hand out such streams,
// and a finger on the lens looks like the first.

/** No channel of a black picture is above this, of 255; the noise of a dim room is. */
const BLACK = 6;
const LOOK_EVERY_MS = 500;
/** So many looks in a row must be alike: 3 s; to be doubtful after something has happened, 2 s. */
const LOOKS = 6;
const DOUBTFUL_LOOKS = 4;
const SAMPLE = { width: 16, height: 12 };

/** @typedef {"camera_black" | "camera_frozen"} Trouble the name of a message of the page */

/**
 * Whether a picture is black all over.
 * @param {ArrayLike<number>} pixels red, green, blue, alpha, and so on; 0..255
 */
export function isBlack(pixels) {
  for (let index = 0; index < pixels.length; index += 1) {
    if (index % 4 !== 3 && pixels[index] > BLACK) return false;
  }
  return true;
}

/** Judges a camera by samples of its pictures, taken now and then. */
export class LightJudge {
  constructor() {
    /** @private @type {ArrayLike<number>} */
    this.last = [];
    /** @private @type {Trouble | null} what the last samples looked like */
    this.suspicion = null;
    /** @private how many of them did */
    this.looks = 0;
  }

  /**
   * @param {ArrayLike<number>} pixels a sample, as `isBlack` takes it
   * @param {boolean} [isNew] whether it is known to be of a new frame, even where it is the same
   * @returns {Trouble | null} what is wrong by now; hardly a sensor gives the same picture twice
   */
  look(pixels, isNew = false) {
    const { last } = this;
    const isSame = pixels.length === last.length && Array.from(pixels).every((value, i) => value === last[i]);
    const suspicion = isBlack(pixels) ? "camera_black" : isSame && !isNew ? "camera_frozen" : null;
    this.looks = suspicion === this.suspicion ? this.looks + 1 : 1;
    this.suspicion = suspicion;
    this.last = pixels;
    return this.looks < LOOKS ? null : suspicion;
  }

  /** Whether the last two seconds showed nothing, or nothing new. */
  get isDoubtful() {
    return this.suspicion !== null && this.looks >= DOUBTFUL_LOOKS;
  }
}

export class LightWatch {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    const canvas = document.createElement("canvas");
    canvas.width = SAMPLE.width;
    canvas.height = SAMPLE.height;
    /** @private */
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    /** @private */
    this.video = video;
    /** Called when there is trouble, or no more. @type {(trouble: Trouble | null) => void} */
    this.onChange = () => {};
    /** @private */
    this.judge = new LightJudge();
    /** @private @type {Trouble | null} */
    this.trouble = null;
    /** @private @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
    /** @private */
    this.isVouchedFor = false;
  }

  /** The engine has just seen the picture in a new frame: the camera does not stand, however still it is held. */
  vouch() {
    this.isVouchedFor = true;
  }

  /** As of its judge. */
  get isDoubtful() {
    return this.judge.isDoubtful;
  }

  start() {
    this.stop();
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  /** Watch no longer; there is no trouble with what nobody looks at. */
  stop() {
    clearInterval(this.timer);
    this.judge = new LightJudge();
    this.tell(null);
  }

  /** @private */
  look() {
    if (this.context === null || this.video.videoWidth === 0) return;
    this.context.drawImage(this.video, 0, 0, SAMPLE.width, SAMPLE.height);
    const { data } = this.context.getImageData(0, 0, SAMPLE.width, SAMPLE.height);
    this.tell(this.judge.look(data, this.isVouchedFor));
    this.isVouchedFor = false;
  }

  /** @private @param {Trouble | null} trouble */
  tell(trouble) {
    if (trouble === this.trouble) return;
    this.trouble = trouble;
    this.onChange(trouble);
  }
}
