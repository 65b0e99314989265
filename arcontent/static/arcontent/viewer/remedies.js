// What the visitor can do about what is wrong: actions of buttons, by the name of the message that says it.

/** @typedef {"retry" | "copy" | "reload" | "pause"} Action try again, copy the link, load the video again, play it */

/** @type {Readonly<Record<string, readonly Action[]>>} */
const REMEDIES = {
  not_fetched: ["retry"],
  engine_failed: ["copy"],
  camera_refused: ["retry", "copy"], // some browsers inside other apps refuse it whatever the visitor allows
  camera_absent: ["retry"],
  camera_busy: ["retry"],
  camera_failed: ["retry"],
  camera_stopped: ["retry"],
  camera_black: ["copy"],
  camera_frozen: ["copy"],
  camera_insecure: ["copy"],
  camera_unsupported: ["copy"],
  video_failed: ["reload"],
  video_waits: ["pause"],
};

/**
 * @param {string | null} name of a message
 * @returns {readonly Action[]} none where nothing helps
 */
export function remediesOf(name) {
  return (name !== null && REMEDIES[name]) || [];
}
