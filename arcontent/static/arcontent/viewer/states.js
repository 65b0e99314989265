// The page's state, which tests and integrators read at `document.documentElement.dataset.arState`, and which
// the style sheet shows: there is no other switch between the screens. Beside it stands how frames are taken and
// how much is done for each, `data-ar-form` and `data-ar-pace`, for whoever tries a phone.

/** @typedef {"loading" | "ready" | "searching" | "tracking" | "fallback" | "error"} StateName */

/** @type {Readonly<Record<StateName, readonly StateName[]>>} what may follow what */
const FOLLOWERS = {
  loading: ["ready", "searching", "fallback", "error"],
  ready: ["loading", "fallback"],
  searching: ["tracking", "ready", "fallback", "error"],
  tracking: ["searching", "ready", "fallback", "error"],
  fallback: ["loading", "ready", "error"],
  error: ["loading", "fallback"],
};

/** The one place where the state is changed. */
export class PageState {
  /** @param {HTMLElement} root the element that carries `data-ar-state` */
  constructor(root) {
    /** @private */
    this.root = root;
    /** @type {StateName} */
    this.name = "loading";
    root.dataset.arState = this.name;
  }

  /**
   * Go to a state; to stay is allowed.
   * @param {StateName} next
   * @throws {Error} when it may not follow the present one: a mistake of ours
   */
  to(next) {
    if (next === this.name) return;
    if (!FOLLOWERS[this.name].includes(next)) throw new Error(`${next} may not follow ${this.name}`);
    this.name = next;
    this.root.dataset.arState = next;
  }

  /** Note how the engine works here. @param {{form: string, pace: number}} manner as in the recognizer's stats */
  note({ form, pace }) {
    this.root.dataset.arForm = form;
    this.root.dataset.arPace = String(pace);
  }

  /** @param {...StateName} names */
  is(...names) {
    return names.includes(this.name);
  }
}
