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

/** A camera that was allowed shows its first frame within this time, or never. */
const FIRST_FRAME_MS = 8000;
/** A camera that was given back, by this page or another, may be busy for so long. */
const FREE_AFTER_MS = 300;

/** Where the visitor's choice among several cameras is kept, in the browser alone. */
const MEMORY = "vertexar.camera";

/**
 * What is asked of getUserMedia.
 * @param {string | null} deviceId of the camera that was chosen
 * @returns {MediaStreamConstraints}
 */
export function wished(deviceId) {
  const which = deviceId === null ? { facingMode: "environment" } : { deviceId: { exact: deviceId } };
  return { audio: false, video: { ...which, width: { ideal: 640 }, height: { ideal: 480 } } };
}

/**
 * The camera after one, and after the last the first again.
 * @param {readonly string[]} choices @param {string} open
 * @returns {string | null} null when there is none
 */
export function nextOf(choices, open) {
  return choices[(choices.indexOf(open) + 1) % choices.length] ?? null;
}

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
    /** Called when the system gives no more pictures of it for a while, as during a call ... */
    this.onMuted = () => {};
    /** ... and when it does again. */
    this.onUnmuted = () => {};
    /** @private @type {MediaStream | null} */
    this.stream = null;
    /** @private @type {string | null} id of the camera that the visitor wants */
    this.chosen = recalled();
    /** @private counts openings and closings: what comes late is of an earlier one */
    this.turn = 0;
    video.addEventListener("pause", () => this.playOn());
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
    let stream;
    try {
      stream = await this.ask(turn);
    } catch (error) {
      if (turn !== this.turn) return false; // an answer to a question that nobody asks any more
      throw new CameraProblem(codeOf(error), error);
    }
    if (turn !== this.turn) {
      stopTracks(stream);
      return false;
    }
    this.stream = stream;
    if (this.chosen !== null) remember(this.chosen);
    for (const track of stream.getVideoTracks()) this.listen(track, turn);
    this.video.srcObject = stream;
    try {
      await soon(this.video.play());
    } catch (error) {
      if (turn !== this.turn) return false;
      this.close();
      throw error instanceof CameraProblem ? error : new CameraProblem("camera_failed", error);
    }
    return turn === this.turn;
  }

  /**
   * The cameras there are; browsers tell them once one was opened.
   * @returns {Promise<string[]>} their ids
   */
  async choices() {
    const devices = (await navigator.mediaDevices.enumerateDevices?.()) ?? [];
    return devices.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId !== "").map((one) => one.deviceId);
  }

  /** Choose the camera after the one that is open, for the next opening; once that succeeds, for the next visit. */
  async chooseNext() {
    const open = this.stream?.getVideoTracks()[0]?.getSettings().deviceId ?? "";
    const next = nextOf(await this.choices(), open);
    if (next !== null) this.chosen = next;
  }

  /** Give the camera back. */
  close() {
    this.turn += 1;
    if (this.stream === null) return;
    stopTracks(this.stream);
    this.stream = null;
    this.video.srcObject = null;
  }

  /** @private @param {MediaStreamTrack} track @param {number} turn that it belongs to */
  listen(track, turn) {
    let isMuted = false; // since it was open: some are at first, until there is a picture
    /** @param {string} type @param {() => void} act */
    const on = (type, act) => track.addEventListener(type, () => turn === this.turn && act());
    on("ended", () => this.onStopped());
    on("mute", () => {
      isMuted = true;
      this.onMuted();
    });
    on("unmute", () => {
      this.playOn();
      if (isMuted) this.onUnmuted();
      isMuted = false;
    });
  }

  /** Show the open camera, whatever paused it. Where that fails it stands still, which others notice. @private */
  playOn() {
    if (this.stream !== null) this.video.play().catch(() => {});
  }

  /** Ask for the camera that was chosen; where it is gone, or busy, for the one there is. @private @param {number} turn */
  async ask(turn) {
    try {
      return await this.askTwice(turn);
    } catch (error) {
      if (this.chosen === null || turn !== this.turn || codeOf(error) === "camera_refused") throw error;
      this.chosen = null;
      return this.askTwice(turn);
    }
  }

  /** Ask for a camera; where it is busy, once more. @private @param {number} turn */
  async askTwice(turn) {
    const wishes = wished(this.chosen);
    try {
      return await navigator.mediaDevices.getUserMedia(wishes);
    } catch (error) {
      if (codeOf(error) !== "camera_busy") throw error;
      await new Promise((resolve) => setTimeout(resolve, FREE_AFTER_MS));
      if (turn !== this.turn) throw error;
      return navigator.mediaDevices.getUserMedia(wishes);
    }
  }
}

/**
 * Wait for a video's first frame.
 * @param {Promise<void>} playing
 * @throws {CameraProblem} where there is none
 */
async function soon(playing) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new CameraProblem("camera_busy")), FIRST_FRAME_MS);
  });
  await Promise.race([playing, late]).finally(() => clearTimeout(timer));
}

/** @param {MediaStream} stream */
function stopTracks(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/** @param {string} deviceId */
function remember(deviceId) {
  try {
    localStorage.setItem(MEMORY, deviceId);
  } catch {
    // the browser keeps nothing: the choice holds for this visit
  }
}

/** @returns {string | null} */
function recalled() {
  try {
    return localStorage.getItem(MEMORY);
  } catch {
    return null;
  }
}
