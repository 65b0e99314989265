// Takes frames from a playing video, in the cheapest form this browser can give them, and says when there is a
// new one. Three forms: a VideoFrame, an ImageBitmap, the pixels of a canvas.

/**
 * A frame, ready to be transferred to the worker.
 * @typedef {object} Shot
 * @property {VideoFrame | ImageBitmap | ImageData} source
 * @property {Transferable[]} transfer
 * @property {number} factor what a VideoFrame is to be shrunk by
 * @property {number} frameWidth of the video
 * @property {number} frameHeight
 */

/** @typedef {"video-frame" | "bitmap" | "canvas"} Form */

/** Frames are processed at about this length of the longer side. */
const PROCESSED_SIDE_PX = 640;

/** Or, on slow phones, at about this one. */
const SMALL_SIDE_PX = 480;

/** Takes frames of videos. Falls back from form to form, for good, when one does not work. */
export class FrameGrabber {
  constructor() {
    /** @type {Form[]} those that may still work, cheapest first */
    this.forms = ["canvas"];
    if ("createImageBitmap" in globalThis && "OffscreenCanvas" in globalThis) this.forms.unshift("bitmap");
    if (tellsRotation()) this.forms.unshift("video-frame");
    /** @type {HTMLCanvasElement | null} */
    this.canvas = null;
    this.sidePx = PROCESSED_SIDE_PX;
  }

  /**
   * Take smaller frames from now on, or those of the usual size again. VideoFrames stay as they are: to have the
   * browser shrink them costs more than smaller ones save.
   * @param {boolean} isSmall
   */
  set small(isSmall) {
    this.sidePx = isSmall ? SMALL_SIDE_PX : PROCESSED_SIDE_PX;
  }

  /** The form frames are taken in. */
  get form() {
    return this.forms[0];
  }

  /**
   * The present form does not work here: use the next one from now on.
   * @returns {boolean} false when there is none left; the last form stays
   */
  fallBack() {
    if (this.forms.length === 1) return false;
    this.forms.shift();
    return true;
  }

  /**
   * @param {HTMLVideoElement} video
   * @returns {Promise<Shot | null>} null when the video has no picture yet
   * @throws {Error} when the last form does not work either
   */
  async grab(video) {
    const { videoWidth, videoHeight } = video;
    if (videoWidth === 0 || videoHeight === 0) return null;
    for (;;) {
      try {
        const shot = await this.take(video, videoWidth, videoHeight);
        if (shot !== null) return shot;
        this.fallBack();
      } catch (error) {
        if (!this.fallBack()) throw error;
      }
    }
  }

  /**
   * @param {HTMLVideoElement} video
   * @param {number} frameWidth
   * @param {number} frameHeight
   * @returns {Promise<Shot | null>} null when the form, which is not the last one, cannot be used
   * @throws {Error} when it failed
   */
  async take(video, frameWidth, frameHeight) {
    const factor = shrinkFactor(frameWidth, frameHeight);
    if (this.form === "video-frame") {
      const source = new VideoFrame(video);
      if (isUpright(source, frameWidth, frameHeight)) {
        return { source, transfer: [source], factor, frameWidth, frameHeight };
      }
      source.close();
      return null;
    }
    // Pixels of a VideoFrame are shrunk by whole numbers, the others by the browser, to any size.
    const share = this.sidePx / (PROCESSED_SIDE_PX * factor);
    const width = Math.floor(frameWidth * share);
    const height = Math.floor(frameHeight * share);
    if (this.form === "bitmap") {
      const source = await createImageBitmap(video, { resizeWidth: width, resizeHeight: height });
      return { source, transfer: [source], factor: 1, frameWidth, frameHeight };
    }
    this.canvas ??= document.createElement("canvas");
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    if (context === null) throw new Error("no canvas: phones that are short of memory give none");
    context.drawImage(video, 0, 0, width, height);
    const source = context.getImageData(0, 0, width, height);
    return { source, transfer: [source.data.buffer], factor: 1, frameWidth, frameHeight };
  }
}

/**
 * Whether VideoFrames may be trusted to tell that their pixels are turned. Safari's don't, and one that is upside down
 * is as large as one that is upright. Of Chromium, which alone has a MediaStreamTrackProcessor in pages and tells since
 * version 138, no such frames are known.
 */
function tellsRotation() {
  if (!("VideoFrame" in globalThis)) return false;
  return "rotation" in VideoFrame.prototype || "MediaStreamTrackProcessor" in globalThis;
}

/**
 * Whether a frame's pixels can be read as they are. On some phones the camera's picture is turned only when it
 * is shown, and on some its pixels stay on the graphics chip.
 * @param {VideoFrame} frame
 * @param {number} width of the video as shown
 * @param {number} height
 */
function isUpright(frame, width, height) {
  const { rotation = 0, flip = false } = /** @type {{rotation?: number, flip?: boolean}} */ (frame);
  const rect = frame.visibleRect;
  return (
    frame.format !== null && rotation === 0 && !flip &&
    rect !== null && rect.width === width && rect.height === height &&
    frame.displayWidth === width && frame.displayHeight === height
  );
}

/**
 * @param {number} width
 * @param {number} height
 * @returns {number} whole number that brings the longer side nearest to what is processed
 */
function shrinkFactor(width, height) {
  return Math.max(1, Math.round(Math.max(width, height) / PROCESSED_SIDE_PX));
}

/**
 * Call back for each new frame of a playing video, until stopped.
 * @param {HTMLVideoElement} video
 * @param {(timestampMs: number) => void} onFrame gets the frame's time on the video's own clock
 * @returns {() => void} stops it
 */
export function watchFrames(video, onFrame) {
  let isOn = true;
  let handle = 0;
  if ("requestVideoFrameCallback" in video) {
    /** @param {number} _now @param {VideoFrameCallbackMetadata} metadata */
    const next = (_now, metadata) => {
      if (!isOn) return;
      handle = video.requestVideoFrameCallback(next);
      onFrame(metadata.mediaTime * 1000);
    };
    handle = video.requestVideoFrameCallback(next);
    return () => {
      isOn = false;
      video.cancelVideoFrameCallback(handle);
    };
  }
  return watchClock(video, onFrame);
}

/**
 * The same where the browser does not announce frames: a frame is new when the video's clock has moved.
 * @param {HTMLVideoElement} video
 * @param {(timestampMs: number) => void} onFrame
 * @returns {() => void}
 */
function watchClock(video, onFrame) {
  let last = -1;
  const look = () => {
    handle = requestAnimationFrame(look);
    if (video.currentTime === last) return;
    last = video.currentTime;
    onFrame(last * 1000);
  };
  let handle = requestAnimationFrame(look);
  return () => cancelAnimationFrame(handle);
}
