// The overlay video: plays while it is shown, unless the visitor paused it; muted until the visitor wants sound.

/** @typedef {import("./manifest.js").PlayableVideo} PlayableVideo */

export class Playback {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
    /** Called when it plays, and is seen playing. */
    this.onPlayed = () => {};
    /** Called when it should be seen and can't be loaded. */
    this.onFailed = () => {};
    /** Called when it should be seen and the browser does not let it play before a tap. */
    this.onRefused = () => {};
    /** Called when it was paused or went on, was muted or unmuted. */
    this.onChange = () => {};
    /** @private */
    this.isShown = false;
    /** @private */
    this.isPausedByVisitor = false;
    video.addEventListener("playing", () => {
      if (this.isShown) this.onPlayed();
    });
    video.addEventListener("error", () => this.fail());
    for (const change of ["play", "pause", "volumechange"]) video.addEventListener(change, () => this.onChange());
  }

  get isMuted() {
    return this.video.muted;
  }

  /** Whether it stands still where it is to be seen, or would. */
  get isPaused() {
    return this.isPausedByVisitor || (this.isShown && this.video.paused);
  }

  get hasVideo() {
    return this.video.getAttribute("src") !== null;
  }

  get hasCaptions() {
    return this.video.textTracks.length > 0;
  }

  get showsCaptions() {
    return [...this.video.textTracks].some((track) => track.mode === "showing");
  }

  /**
   * A signed address is signed anew each time it is told; the video behind it stays the same.
   * @param {PlayableVideo} source
   * @param {{isDrawn?: boolean}} [options] whether its pixels are read: its host must allow that, as no other need
   */
  load({ url, poster_url: poster, captions = [] }, { isDrawn = false } = {}) {
    const [address] = url.split("?");
    if (this.video.error === null && this.video.getAttribute("src")?.split("?")[0] === address) return;
    if (isDrawn) this.video.crossOrigin = "anonymous";
    if (poster) this.video.poster = poster;
    this.video.src = url;
    this.video.replaceChildren(
      ...captions.map(({ url: src, language: srclang, label }) =>
        Object.assign(document.createElement("track"), { kind: "captions", src, srclang, label }),
      ),
    );
    if (this.isShown && !this.isPausedByVisitor) this.play();
  }

  /**
   * Use the visitor's tap: a video that was started in one may be started again outside of it, which phones that
   * save power allow no other.
   */
  prime() {
    this.fetch();
    this.play(() => {
      if (!this.isShown) this.video.pause();
    });
  }

  /** It is seen now. */
  show() {
    this.isShown = true;
    if (!this.isPausedByVisitor) this.play();
  }

  /** It has failed, and is to be tried again. */
  reload() {
    this.video.load();
    if (this.isShown) this.show();
  }

  /** It is no longer seen. */
  hide() {
    this.isShown = false;
    this.video.pause();
  }

  /**
   * It is all there is to see, as a plain video with the browser's own controls.
   * @param {{withSound: boolean}} options sound is only allowed in answer to a tap
   */
  showPlain({ withSound }) {
    this.isPausedByVisitor = false;
    this.video.muted = !withSound;
    this.video.controls = true;
    this.fetch();
    this.show();
  }

  /** It goes back on the picture. */
  endPlain() {
    this.hide();
    this.video.controls = false;
    this.video.muted = true;
  }

  toggleSound() {
    this.video.muted = !this.video.muted;
    if (this.isShown && !this.isPausedByVisitor) this.play();
  }

  togglePause() {
    this.isPausedByVisitor = !this.isPaused;
    if (this.isPausedByVisitor) this.video.pause();
    else if (this.isShown) this.play();
    this.onChange();
  }

  toggleCaptions() {
    const mode = this.showsCaptions ? "hidden" : "showing";
    for (const track of this.video.textTracks) track.mode = "hidden";
    trackFor(navigator.language, this.video.textTracks).mode = mode;
    this.onChange();
  }

  /** It is wanted soon, and whole; if it has failed, it is tried again. @private */
  fetch() {
    this.video.preload = "auto";
    if (this.video.error !== null) this.video.load();
  }

  /**
   * Play, muted if the browser allows it no other.
   * @private
   * @param {() => void} [onStarted]
   */
  play(onStarted = () => {}) {
    this.video.play().then(onStarted, (/** @type {DOMException} */ error) => {
      if (error.name === "NotSupportedError") this.fail(); // it could not be loaded, perhaps long before
      if (error.name !== "NotAllowedError") return; // paused meanwhile
      if (this.video.muted) return this.wait();
      this.video.muted = true;
      this.play(onStarted);
    });
  }

  /** @private */
  fail() {
    if (this.isShown) this.onFailed();
  }

  /** @private */
  wait() {
    this.onChange();
    if (this.isShown) this.onRefused();
  }
}

/**
 * The captions to show a visitor: in their language as spoken where they are, or anywhere; else the first.
 * @param {string} language
 * @param {TextTrackList} tracks at least one
 */
function trackFor(language, tracks) {
  const all = [...tracks];
  const spoken = (/** @type {string} */ code) => code.split("-")[0];
  return (
    all.find((track) => track.language === language) ??
    all.find((track) => spoken(track.language) === spoken(language)) ??
    all[0]
  );
}
