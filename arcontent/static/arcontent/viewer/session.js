// Looking through the camera: the camera is open, the engine looks for the picture, the overlay follows it. The
// session sleeps while the page is hidden, and gives the camera back meanwhile.

import { CameraProblem } from "./camera.js";
import { Motion } from "./motion.js";
import { Presence } from "./presence.js";

/** @typedef {import("../engine/recognizer.js").Recognizer} Recognizer */
/** @typedef {import("../engine/recognizer.js").Sight} Sight */
/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./camera.js").CameraCode} CameraCode */
/** @typedef {import("./light.js").LightWatch} LightWatch */
/** @typedef {import("./light.js").Trouble} Trouble */
/** @typedef {import("./lock.js").FrameLock} FrameLock */
/** @typedef {import("./overlay.js").Size} Size */
/** @typedef {import("./stage.js").Stage} Stage */

/** A camera that the system has given back must show something by then, or it is opened anew. */
const REVIVED_AFTER_MS = 2000;

/**
 * What the session tells.
 * @typedef {object} Listener
 * @property {() => void} onSearching the camera is open, at first and after a sleep
 * @property {() => void} onTurned the phone was turned: nothing is where it was on the screen
 * @property {() => void} onFound
 * @property {() => void} onLost
 * @property {(trouble: Trouble | null) => void} onTrouble what is wrong with the camera's picture; null when that is over
 * @property {(code: CameraCode | "engine_failed") => void} onProblem it has ended, for this reason
 */

export class Session {
  /**
   * @param {object} parts
   * @param {Camera} parts.camera
   * @param {Recognizer} parts.recognizer with its target loaded
   * @param {readonly Size[]} parts.pictures sizes of the pictures in the target
   * @param {Stage} parts.stage
   * @param {FrameLock} parts.lock
   * @param {LightWatch} parts.light
   * @param {Listener} parts.listener
   */
  constructor({ camera, recognizer, pictures, stage, lock, light, listener }) {
    /** @private */
    this.camera = camera;
    /** @private */
    this.recognizer = recognizer;
    /** @private */
    this.pictures = pictures;
    /** @private */
    this.stage = stage;
    /** @private */
    this.lock = lock;
    /** @private */
    this.light = light;
    /** @private */
    this.listener = listener;
    /** @private */
    this.presence = new Presence({ onFound: () => listener.onFound(), onLost: () => listener.onLost() });
    /** @private */
    this.motion = new Motion();
    /** @private */
    this.isOpen = false;
    /** @private whether the camera is open, or asked for */
    this.isAwake = false;
    /** @private whether the engine is given frames */
    this.isLooking = false;
    /** @private whether another camera is being chosen */
    this.isSwitching = false;
    /** @private */
    this.isTroubled = false;
    /** @private @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    camera.video.addEventListener("resize", () => this.turn());
    camera.onStopped = () => this.end("camera_stopped");
    camera.onMuted = () => this.lose();
    camera.onUnmuted = () => this.revive();
    light.onChange = (trouble) => this.doubt(trouble);
    lock.onLiveFrame = (timestamp) => this.carryOn(timestamp);
    recognizer.addEventListener("found", (event) => this.see(event));
    recognizer.addEventListener("update", (event) => this.see(event));
    recognizer.addEventListener("lost", () => this.miss());
    recognizer.addEventListener("error", () => this.end("engine_failed"));
  }

  /** Open the camera and look. What comes of it the listener is told. */
  async open() {
    this.isOpen = true;
    this.isAwake = true;
    try {
      if (!(await this.camera.open())) return; // closed or put to sleep meanwhile
      this.isLooking = true;
      this.recognizer.start(this.camera.video);
      this.light.start();
      this.listener.onSearching();
    } catch (error) {
      if (!(error instanceof CameraProblem)) console.error(error); // a mistake of ours
      this.end(error instanceof CameraProblem ? error.code : "engine_failed");
    }
  }

  /** Whether there is another camera to look through. */
  async hasOtherCameras() {
    return (await this.camera.choices()).length > 1;
  }

  /** Look through the next camera, unless one is being opened. */
  async switchCamera() {
    if (!this.isLooking || this.isSwitching) return;
    this.isSwitching = true;
    await this.camera.chooseNext().finally(() => (this.isSwitching = false));
    if (!this.isOpen || document.hidden) return; // it will be opened when the page is seen again
    await this.reopen();
  }

  /** Stop looking, by the visitor's wish. */
  close() {
    this.isOpen = false;
    this.sleep();
  }

  /** Give the camera back for a while. */
  sleep() {
    this.isAwake = false;
    this.isLooking = false;
    clearTimeout(this.timer);
    this.recognizer.stop();
    this.light.stop();
    this.camera.close();
    this.lose();
  }

  /** Go on after a sleep, if it was open. */
  async wake() {
    if (this.isOpen && !this.isAwake) await this.open();
  }

  /** @private @param {Event} event */
  see(event) {
    if (!this.isOpen || this.isTroubled) return;
    /** @type {Sight} */
    const { target, homography, frameWidth, frameHeight, timestamp } = /** @type {CustomEvent} */ (event).detail;
    if (homography === null) return;
    this.light.vouch();
    const frame = { width: frameWidth, height: frameHeight };
    const pose = { homography, picture: this.pictures[target], frame };
    if (!this.stage.place(pose)) return;
    this.motion.add(pose, timestamp);
    const shown = this.lock.show(timestamp);
    if (shown !== timestamp) this.carryOn(shown);
    this.presence.seen();
  }

  /** Put the overlay where the picture should be in a frame of the live video. @private @param {number} timestamp */
  carryOn(timestamp) {
    const pose = this.motion.at(timestamp);
    if (pose !== null) this.stage.place(pose);
  }

  /** What is seen next has nothing to do with what was seen. @private */
  forget() {
    this.motion.forget();
    this.lock.release();
  }

  /** The picture is gone, without grace. @private */
  lose() {
    this.forget();
    this.presence.forget();
  }

  /** @private */
  async reopen() {
    this.sleep();
    await this.open();
  }

  /** The system has given the camera back, or says so. @private */
  revive() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.light.isDoubtful) void this.reopen();
    }, REVIVED_AFTER_MS);
  }

  /** Where the camera shows nothing, or nothing new, the picture is not seen. @private @param {Trouble | null} trouble */
  doubt(trouble) {
    this.isTroubled = trouble !== null;
    if (this.isTroubled) this.lose();
    this.listener.onTrouble(trouble);
  }

  /** The phone was turned, say: where the picture was in the frames of before it is no longer. @private */
  turn() {
    if (!this.isLooking) return;
    this.lose();
    this.listener.onTurned();
  }

  /** @private */
  miss() {
    this.forget();
    this.presence.missed();
  }

  /** @private @param {CameraCode | "engine_failed"} code */
  end(code) {
    if (!this.isOpen) return;
    this.close();
    this.listener.onProblem(code);
  }
}
