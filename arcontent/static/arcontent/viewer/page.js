// The viewer page: from the start screen to the camera, from the camera to the video on the picture, and to the
// plain video wherever that is not possible.

import { Recognizer } from "../engine/recognizer.js";
import { Beacons } from "./beacons.js";
import { Camera, obstacleOf } from "./camera.js";
import { copyAddress } from "./address.js";
import { watchAttention } from "./attention.js";
import { LightWatch } from "./light.js";
import { Look } from "./look.js";
import { FrameLock } from "./lock.js";
import { NotFetched, fetchManifest, fetchTarget, settledManifest } from "./manifest.js";
import { Playback } from "./playback.js";
import { remediesOf } from "./remedies.js";
import { Screens } from "./screens.js";
import { Session } from "./session.js";
import { Stage } from "./stage.js";
import { PageState } from "./states.js";
import { Texts } from "./texts.js";

/** @typedef {import("./light.js").Trouble} Trouble */
/** @typedef {import("./manifest.js").Manifest} Manifest */

/** After so long without the picture some advice is given. */
const ADVICE_AFTER_MS = 9000;

class Viewer {
  /** @param {Document} page */
  constructor(page) {
    const { manifestUrl = "", eventsUrl = "", workerUrl = "", code = "" } = page.body.dataset;
    this.manifestUrl = manifestUrl;
    this.workerUrl = workerUrl;
    this.root = page.documentElement;
    this.screens = new Screens({ page, texts: new Texts(page) });
    this.state = new PageState(this.root);
    this.beacons = new Beacons({ url: eventsUrl, code });
    /** @type {HTMLVideoElement} */
    const overlay = this.screens.element("overlay");
    this.playback = new Playback(overlay);
    this.playback.onPlayed = () => {
      this.screens.withdraw("video_waits");
      this.beacons.count("played");
    };
    this.playback.onFailed = () => this.complain("video_failed");
    this.playback.onRefused = () => {
      const hasItsControls = this.state.is("fallback") && !this.look.isSeeThrough; // the browser's own, which say so
      if (!hasItsControls) this.complain("video_waits");
    };
    this.playback.onChange = () => this.screens.controls(this.playback);
    /** @type {HTMLVideoElement} */
    this.cameraVideo = this.screens.element("camera");
    /** @type {HTMLCanvasElement} */
    this.lockedFrame = this.screens.element("locked-frame");
    this.stage = new Stage({ box: this.screens.element("stage"), camera: this.cameraVideo, overlay });
    /** @type {HTMLCanvasElement} */
    const canvas = this.screens.element("see-through");
    this.look = new Look({ root: this.root, stage: this.stage, video: overlay, canvas });
    /** @type {Session | null} null until the content is there to be looked for */
    this.session = null;
    /** @type {string | null} why it can't be looked for: the name of a message */
    this.failure = null;
    /** Whether that is still to come out. */
    this.isPending = true;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.adviceTimer = undefined;
  }

  /** Listen to the visitor, and get ready. */
  async run() {
    this.screens.onAction("start", () => this.start());
    this.screens.onAction("retry", () => (this.failure === null ? this.start() : this.prepare()));
    this.screens.onAction("back", () => this.back());
    this.screens.onAction("switch-camera", () => this.session?.switchCamera());
    this.screens.onAction("sound", () => this.playback.toggleSound());
    this.screens.onAction("pause", () => this.playback.togglePause());
    this.screens.onAction("captions", () => this.playback.toggleCaptions());
    this.screens.onAction("reload", () => this.reload());
    this.screens.onAction("copy", (event) => copyAddress(this.screens, event));
    this.screens.onAction("call-to-action", () => this.beacons.count("clicked"));
    this.screens.onAction("watch", (event) => {
      if (!this.playback.hasVideo) return; // the link opens the video itself, as it does without this script
      event.preventDefault();
      this.watch(null, { withSound: true });
    });
    watchAttention(document, window, (isSeen) => this.sleepOrWake(isSeen));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.back());
    this.beacons.count("opened");
    await this.prepare();
  }

  /** Get what there is to be looked for and shown. */
  async prepare() {
    this.failure = null;
    this.isPending = true;
    this.screens.notice("start", null);
    this.state.to("loading");
    this.showStart();
    try {
      const manifest = await settledManifest(this.manifestUrl, (unprepared) => this.showUnprepared(unprepared));
      this.showContent(manifest);
      this.failure = await this.prepareSession(manifest);
    } catch (error) {
      const isOurs = !(error instanceof NotFetched);
      if (isOurs) console.error(error);
      this.failure = isOurs ? "engine_failed" : "not_fetched";
    }
    this.isPending = false;
    this.screens.progress(null);
    if (this.state.is("loading")) this.showStart();
  }

  /**
   * @param {Manifest} manifest
   * @returns {Promise<string | null>} the name of a message when it can't be looked for
   */
  async prepareSession({ status, target, videos }) {
    if (status === "failed" || target === null || target.url === null) return "content_failed";
    if (videos.length === 0) return "no_video";
    if (obstacleOf(window) !== null) return null; // the visitor is told on the tap
    const recognizer = new Recognizer({ workerUrl: this.workerUrl }); // starts while the target is on its way
    recognizer.addEventListener("manner", () => this.state.note(recognizer.stats));
    let pictures;
    try {
      pictures = await recognizer.load(await fetchTarget(target.url, (share) => this.screens.progress(share)));
    } catch (error) {
      recognizer.close();
      if (error instanceof NotFetched) throw error;
      const isOfTarget = error instanceof Error && "code" in error && error.code === "bad_target";
      return isOfTarget ? "content_failed" : "engine_failed";
    }
    this.session = new Session({
      camera: new Camera(this.cameraVideo),
      recognizer,
      pictures,
      stage: this.stage,
      lock: new FrameLock({ camera: this.cameraVideo, canvas: this.lockedFrame }),
      light: new LightWatch(this.cameraVideo),
      listener: {
        onSearching: () => this.search(),
        onTurned: () => this.turn(),
        onFound: () => this.found(),
        onLost: () => this.lost(),
        onTrouble: (trouble) => this.doubt(trouble),
        onProblem: (code) => this.watch(code, { withSound: false }),
      },
    });
    return null;
  }

  /** @param {Manifest} manifest */
  showContent(manifest) {
    this.screens.show(manifest);
    this.look.choose(manifest.overlay);
    if (manifest.videos.length > 0) {
      this.playback.load(manifest.videos[0], { isDrawn: manifest.overlay?.stacked_alpha });
    }
    this.screens.controls(this.playback);
  }

  /** @param {Manifest} manifest */
  showUnprepared(manifest) {
    this.showContent(manifest);
    if (this.state.is("loading")) this.screens.notice("start", "processing");
  }

  /** Show the start screen as things stand. */
  showStart() {
    const { failure, isPending } = this;
    if (failure !== null) this.state.to("error");
    else if (!isPending) this.state.to("ready");
    this.screens.startButton({ isEnabled: failure === null && !isPending, isBusy: isPending });
    if (failure !== null) {
      this.screens.say(null);
      this.screens.notice("start", failure, remediesOf(failure));
    } else {
      this.screens.say(isPending ? "loading" : "ready");
      if (!isPending) this.screens.notice("start", null);
    }
  }

  /** The visitor wants the camera. */
  async start() {
    if (this.isPending || this.failure !== null) return this.back(); // from the plain video, before all is there
    this.playback.endPlain();
    this.screens.notice("watch", null);
    this.state.to("loading");
    this.screens.startButton({ isEnabled: false, isBusy: true });
    this.screens.say("camera_opening");
    const obstacle = obstacleOf(window);
    if (obstacle !== null) return this.watch(obstacle, { withSound: false });
    this.playback.prime();
    await this.session?.open();
  }

  /** The camera is open. */
  search() {
    this.stage.clear();
    if (this.look.end()) this.playback.hide();
    this.state.to("searching");
    this.screens.focusOnScene();
    this.askForPicture();
    void this.offerCameras();
  }

  /** The phone was turned, while the camera is open. */
  turn() {
    this.stage.clear();
    if (this.look.turn()) this.playback.hide();
  }

  /** Offer another camera where there is one: some phones open the wide or the far one first. */
  async offerCameras() {
    this.screens.element("switch-camera").hidden = !(await this.session?.hasOtherCameras());
  }

  found() {
    clearTimeout(this.adviceTimer);
    this.look.end();
    this.state.to("tracking");
    this.root.dataset.everFound = "";
    this.screens.say("tracking");
    this.playback.show();
    this.beacons.count("found");
    window.dispatchEvent(new CustomEvent("vertexar:found"));
  }

  lost() {
    if (!this.look.leave()) this.playback.hide();
    this.state.to("searching");
    this.askForPicture();
    window.dispatchEvent(new CustomEvent("vertexar:lost"));
  }

  /** Say what is wrong with what should be seen, the video or the camera's picture. @param {string} name of a message */
  complain(name) {
    this.screens.say(null);
    this.screens.notice("watch", name, remediesOf(name));
  }

  /** The visitor wants to try the video again. Its address was signed for a day, which may be over. */
  async reload() {
    this.screens.notice("watch", null);
    this.screens.focusOnScene(); // the button that had the focus is gone
    const manifest = await fetchManifest(this.manifestUrl).catch(() => null);
    if (manifest !== null) this.showContent(manifest);
    this.playback.reload();
  }

  /** Say what to look for, and after a while how it is found more easily. */
  askForPicture() {
    this.screens.say("searching");
    clearTimeout(this.adviceTimer);
    this.adviceTimer = setTimeout(() => this.screens.say("advice"), ADVICE_AFTER_MS);
  }

  /** @param {Trouble | null} trouble of the camera, against which no advice helps; null when it shows something again */
  doubt(trouble) {
    clearTimeout(this.adviceTimer);
    if (trouble !== null) return this.complain(trouble);
    this.screens.withdraw("camera_black", "camera_frozen");
    this.askForPicture();
  }

  /**
   * Show the plain video.
   * @param {string | null} reason the name of a message; null when the visitor wanted it so
   * @param {{withSound: boolean}} options
   */
  watch(reason, { withSound }) {
    this.session?.close();
    clearTimeout(this.adviceTimer);
    this.stage.clear();
    this.look.end();
    this.state.to("fallback");
    this.screens.notice("watch", reason, remediesOf(reason));
    this.screens.say(reason === null ? "watching" : null);
    this.playback.showPlain({ withSound });
    this.screens.element("back").focus({ preventScroll: true });
  }

  /** Back to the start screen. */
  back() {
    if (!this.state.is("searching", "tracking", "fallback")) return;
    this.session?.close();
    clearTimeout(this.adviceTimer);
    this.stage.clear();
    this.look.end();
    this.playback.endPlain();
    this.screens.notice("watch", null);
    if (this.isPending) this.state.to("loading");
    this.showStart();
    this.screens.element("start").focus({ preventScroll: true });
  }

  /** @param {boolean} isSeen */
  sleepOrWake(isSeen) {
    if (isSeen) {
      void this.session?.wake();
      return;
    }
    this.session?.sleep();
    clearTimeout(this.adviceTimer);
    if (this.look.end()) this.playback.hide();
  }
}

void new Viewer(document).run();
