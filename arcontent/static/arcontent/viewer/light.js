// Notices a camera that shows only black: some browsers inside other apps hand out such a stream, and a finger on
// the lens looks the same.

/** No channel of a black picture is above this, of 255; the noise of a dim room is. */
const BLACK = 6;
const LOOK_EVERY_MS = 500;
/** So many looks in a row must be black: 3 s. */
const LOOKS = 6;
const SAMPLE = { width: 16, height: 12 };

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

export class LightWatch {
  /** @param {{video: HTMLVideoElement, onBlack: () => void, onLight: () => void}} options */
  constructor({ video, onBlack, onLight }) {
    const canvas = document.createElement("canvas");
    canvas.width = SAMPLE.width;
    canvas.height = SAMPLE.height;
    /** @private */
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    /** @private */
    this.video = video;
    /** @private */
    this.onBlack = onBlack;
    /** @private */
    this.onLight = onLight;
    /** @private */
    this.blackLooks = 0;
    /** @private @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
  }

  start() {
    this.stop();
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  stop() {
    clearInterval(this.timer);
    this.blackLooks = 0;
  }

  /** @private */
  look() {
    if (this.context === null || this.video.videoWidth === 0) return;
    this.context.drawImage(this.video, 0, 0, SAMPLE.width, SAMPLE.height);
    if (isBlack(this.context.getImageData(0, 0, SAMPLE.width, SAMPLE.height).data)) {
      this.blackLooks += 1;
      if (this.blackLooks === LOOKS) this.onBlack();
    } else {
      if (this.blackLooks >= LOOKS) this.onLight();
      this.blackLooks = 0;
    }
  }
}
