// The phone's camera: opens it, says in one word why it could not be opened, and gives it back.

/**
 * Why there is no camera: the name of a message of the page.
 * @typedef {"camera_refused" | "camera_absent" | "camera_busy" | "camera_insecure" | "camera_unsupported"
 *   | "camera_failed" | "camera_stopped"} CameraCode
 */

/** The camera can't be used; `code` says why. */
export class CameraProblem extends Error {
  /** @param {CameraCode} code @param {unknown} [cause] */
  constructor(code, cause) {
    super(code, { cause });
    this.code = code;
  }
}

/** @type {Readonly<Record<string, CameraCode>>} by the names that getUserMedia's errors have, old ones included */
const CODES = {
  NotAllowedError: "camera_refused",
  PermissionDeniedError: "camera_refused",
  SecurityError: "camera_refused",
  NotFoundError: "camera_absent",
  DevicesNotFoundError: "camera_absent",
  OverconstrainedError: "camera_absent",
  NotReadableError: "camera_busy",
  TrackStartError: "camera_busy",
  AbortError: "camera_busy",
};

/** @type {MediaStreamConstraints} */
export const WANTED = {
  audio: false,
  video: { facingMode: "environment", width: { ideal: 640 }, height: { ideal: 480 } },
};

/**
 * Name the reason behind an error of getUserMedia.
 * @param {unknown} error
 * @returns {CameraCode}
 */
export function codeOf(error) {
  const name = error instanceof Error ? error.name : "";
  return CODES[name] ?? "camera_failed";
}

/**
 * Name what keeps this page from having a camera at all, before it is asked for.
 * @param {{isSecureContext: boolean, navigator: {mediaDevices?: {getUserMedia?: unknown}}}} page the window
 * @returns {CameraCode | null}
 */
export function obstacleOf({ isSecureContext, navigator }) {
  if (!isSecureContext) return "camera_insecure";
  return typeof navigator.mediaDevices?.getUserMedia === "function" ? null : "camera_unsupported";
}

export class Camera {
  /** @param {HTMLVideoElement} video that shows the camera */
  constructor(video) {
    this.video = video;
    /** Called when the camera stops by itself: unplugged, or taken by the system. */
    this.onStopped = () => {};
    /** @private @type {MediaStream | null} */
    this.stream = null;
    /** @private counts openings and closings: what comes late is of an earlier one */
    this.turn = 0;
  }

  /**
   * Ask for the camera and show it.
   * @returns {Promise<boolean>} false when it was closed meanwhile
   * @throws {CameraProblem}
   */
  async open() {
    this.close();
    const turn = this.turn;
    const obstacle = obstacleOf(window);
    if (obstacle !== null) throw new CameraProblem(obstacle);
    const stream = await this.ask();
    if (turn !== this.turn) {
      stopTracks(stream);
      return false;
    }
    this.stream = stream;
    for (const track of stream.getVideoTracks()) {
      track.addEventListener("ended", () => {
        if (turn === this.turn) this.onStopped();
      });
    }
    this.video.srcObject = stream;
    try {
      await this.video.play();
    } catch (error) {
      if (turn !== this.turn) return false;
      this.close();
      throw new CameraProblem("camera_failed", error);
    }
    return turn === this.turn;
  }

  /** Give the camera back. */
  close() {
    this.turn += 1;
    if (this.stream === null) return;
    stopTracks(this.stream);
    this.stream = null;
    this.video.srcObject = null;
  }

  /** @private */
  async ask() {
    try {
      return await navigator.mediaDevices.getUserMedia(WANTED);
    } catch (error) {
      throw new CameraProblem(codeOf(error), error);
    }
  }
}

/** @param {MediaStream} stream */
function stopTracks(stream) {
  for (const track of stream.getTracks()) track.stop();
}
