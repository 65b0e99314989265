// Whether the picture counts as being there: at once when it is seen, no longer when it has been gone for a grace
// period, so that a hand passing before it does not make the video flicker.

export const GRACE_MS = 300;

export class Presence {
  /** @param {{onFound: () => void, onLost: () => void, graceMs?: number}} options */
  constructor({ onFound, onLost, graceMs = GRACE_MS }) {
    /** @private */
    this.onFound = onFound;
    /** @private */
    this.onLost = onLost;
    /** @private */
    this.graceMs = graceMs;
    /** @private @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.isThere = false;
  }

  /** The picture is in this frame. */
  seen() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.isThere) return;
    this.isThere = true;
    this.onFound();
  }

  /** The picture has left; said once or often. */
  missed() {
    if (!this.isThere || this.timer !== undefined) return;
    this.timer = setTimeout(() => this.forget(), this.graceMs);
  }

  /** The picture is gone, without grace: nobody is looking any more. */
  forget() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.isThere) return;
    this.isThere = false;
    this.onLost();
  }
}
