// Tells the server what was used, for the studio's statistics: the content's code and a word, nothing of the person.

/** @typedef {"opened" | "found" | "played" | "clicked"} EventName */

/**
 * @typedef {object} Sender what of `navigator` and `window` is used
 * @property {((url: string, body: Blob) => boolean) | undefined} sendBeacon
 * @property {(url: string, options: RequestInit) => Promise<unknown>} fetch
 */

/** @type {ReadonlySet<EventName>} counted at each time, not once per visit */
const REPEATABLE = new Set(["clicked"]);

export class Beacons {
  /** @param {{url: string, code: string, sender?: Sender}} options */
  constructor({ url, code, sender = browserSender() }) {
    /** @private */
    this.url = url;
    /** @private */
    this.code = code;
    /** @private */
    this.sender = sender;
    /** @private @type {Set<EventName>} */
    this.sent = new Set();
  }

  /**
   * Count an event; all but clicks once per visit. A count that gets lost on the way is lost.
   * @param {EventName} event
   */
  count(event) {
    if (this.sent.has(event) && !REPEATABLE.has(event)) return;
    this.sent.add(event);
    const text = JSON.stringify({ code: this.code, event });
    const body = new Blob([text], { type: "application/json" });
    if (this.sender.sendBeacon?.(this.url, body)) return;
    this.sender.fetch(this.url, { method: "POST", body, keepalive: true }).catch(() => {});
  }
}

/** @returns {Sender} */
function browserSender() {
  return {
    sendBeacon: "sendBeacon" in navigator ? (url, body) => navigator.sendBeacon(url, body) : undefined,
    fetch: (url, options) => fetch(url, options),
  };
}
