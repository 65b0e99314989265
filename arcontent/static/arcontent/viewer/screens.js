// What is seen besides the camera: words, buttons, the picture to look for. It shows what it is told and knows
// nothing of why.

/** @typedef {import("./manifest.js").Manifest} Manifest */
/** @typedef {import("./playback.js").Playback} Playback */
/** @typedef {import("./texts.js").Texts} Texts */

/** So long a button says what it has done. */
const CONFIRM_MS = 4000;
/** What a link of the content may lead to. */
const LINK_SCHEMES = ["https:", "http:", "mailto:", "tel:"];

export class Screens {
  /** @param {{page: Document, texts: Texts}} options */
  constructor({ page, texts }) {
    /** @private */
    this.page = page;
    /** @private */
    this.texts = texts;
  }

  /**
   * @template {HTMLElement} [Kind=HTMLElement]
   * @param {string} id
   * @returns {Kind}
   */
  element(id) {
    const element = this.page.getElementById(id);
    if (element === null) throw new Error(`the page has no #${id}`);
    return /** @type {Kind} */ (element);
  }

  /** Each part with this `data-action`. @param {string} action @param {(event: Event) => void} listener */
  onAction(action, listener) {
    for (const element of this.page.querySelectorAll(`[data-action="${action}"]`)) {
      element.addEventListener("click", listener);
    }
  }

  /** Show what the manifest says. @param {Manifest} manifest */
  show({ target, videos, call_to_action: action }) {
    if (target !== null) {
      this.element("finder").style.setProperty("--form", String(target.width_px / target.height_px));
    }
    for (const link of this.page.querySelectorAll('[data-action="watch"]')) {
      if (!(link instanceof HTMLAnchorElement)) continue;
      link.hidden = videos.length === 0;
      if (videos.length > 0) link.href = videos[0].url;
    }
    const link = /** @type {HTMLAnchorElement} */ (this.element("call-to-action"));
    const url = action === null ? null : linkOf(action.url, this.page.baseURI);
    link.hidden = url === null;
    if (action === null || url === null) return;
    link.href = url.href;
    this.element("call-to-action-label").textContent = action.label || url.hostname;
  }

  /** Say something short: seen over the camera or below the button, and read out. @param {string | null} name */
  say(name) {
    const text = name === null ? "" : this.texts.words(name).text;
    for (const id of ["status", "hint", "start-hint"]) this.element(id).textContent = text;
  }

  /**
   * Put a notice where the visitor is; it is read out.
   * @param {"start" | "watch"} place
   * @param {string | null} name null takes it away
   * @param {readonly string[]} [actions] of the buttons that help
   */
  notice(place, name, actions = []) {
    const box = this.element(`${place}-notice`);
    const { title, text } = name === null ? { title: "", text: "" } : this.texts.words(name);
    this.element(`${place}-notice-title`).textContent = title;
    this.element(`${place}-notice-text`).textContent = text;
    box.hidden = name === null;
    box.dataset.notice = name ?? "";
    for (const button of box.querySelectorAll("button")) {
      button.hidden = !actions.includes(button.dataset.action ?? "");
    }
  }

  /** Take a notice away from the scene, if it is one of these. @param {...string} names */
  withdraw(...names) {
    if (names.includes(this.element("watch-notice").dataset.notice ?? "")) this.notice("watch", null);
  }

  /** Say on a button, for a moment, what it has done; it is read out, too. @param {HTMLElement} button @param {string} name */
  confirm(button, name) {
    this.say(name);
    button.dataset.label ??= button.textContent ?? "";
    button.textContent = this.texts.words(name).text;
    setTimeout(() => (button.textContent = button.dataset.label ?? ""), CONFIRM_MS);
  }

  /** Let keys and screen readers go on in the scene, now that what they were at is gone. */
  focusOnScene() {
    const { activeElement } = this.page;
    if (!activeElement?.closest(".scene")) this.element("back").focus({ preventScroll: true });
  }

  /** @param {{isEnabled: boolean, isBusy: boolean}} start how the big button is */
  startButton({ isEnabled, isBusy }) {
    const button = /** @type {HTMLButtonElement} */ (this.element("start"));
    button.disabled = !isEnabled;
    button.setAttribute("aria-busy", String(isBusy));
  }

  /** @param {number | null} share how much has come, 0..1; null hides the bar */
  progress(share) {
    const bar = /** @type {HTMLProgressElement} */ (this.element("progress"));
    bar.hidden = share === null;
    if (share !== null) bar.value = share;
  }

  /** @param {Playback} playback */
  controls(playback) {
    this.element("sound").setAttribute("aria-pressed", String(!playback.isMuted));
    this.element("pause").setAttribute("aria-pressed", String(playback.isPaused));
    this.element("captions").hidden = !playback.hasCaptions;
    this.element("captions").setAttribute("aria-pressed", String(playback.showsCaptions));
  }
}

/**
 * Where a link of the content leads.
 * @param {string} address
 * @param {string} base
 * @returns {URL | null} null where it may not lead, or the browser could not
 */
function linkOf(address, base) {
  try {
    const url = new URL(address, base);
    return LINK_SCHEMES.includes(url.protocol) ? url : null;
  } catch {
    return null;
  }
}
