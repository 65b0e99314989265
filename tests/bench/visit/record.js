// Runs in both pages before their own scripts, and keeps when what happened: ms since the navigation.

(() => {
  const CELLS = 17; // of the counter that tests/e2e/clips.py draws: two to begin, twelve bits, parity, two to end
  const canvas = Object.assign(document.createElement("canvas"), { width: CELLS, height: 1 });
  const strip = canvas.getContext("2d", { willReadFrequently: true });
  const visit = (window.visit = {
    readyMs: null,
    foundMs: null,
    /** Of each frame that the camera's video shows: when, its place among all it has shown, its number in the clip. */
    frames: [],
    /** Of each answer of the engine: when, to which frame (by its place), and how many ms were spent on it. */
    answers: [],
    answered(frame, ms) {
      visit.answers.push({ atMs: performance.now(), frame, ms });
    },
    /** The place of the newest frame. */
    newest: () => visit.frames.at(-1)?.place ?? 0,
  });

  new MutationObserver(() => {
    if (document.documentElement.dataset.arState === "ready") visit.readyMs ??= performance.now();
  }).observe(document, { attributes: true, attributeFilter: ["data-ar-state"], subtree: true });
  window.addEventListener("vertexar:found", () => (visit.foundMs ??= performance.now()), { capture: true });
  document.addEventListener("DOMContentLoaded", () => watch(document.querySelector("#camera")));

  function watch(video) {
    video?.requestVideoFrameCallback((_now, { presentationTime, presentedFrames }) => {
      // Once the picture is found numbers are no longer asked for: reading them takes a little of the page's time.
      const number = visit.foundMs === null ? numberOf(video) : null;
      visit.frames.push({ atMs: presentationTime, place: presentedFrames, number });
      watch(video);
    });
  }

  function numberOf(video) {
    const side = video.videoWidth / 64;
    strip.drawImage(video, side / 2, video.videoHeight - 1.5 * side, CELLS * side, side, 0, 0, CELLS, 1);
    const { data } = strip.getImageData(0, 0, CELLS, 1);
    return Array.from({ length: 12 }, (_, bit) => Number(data[4 * (2 + bit)] > 127)).reduce((sum, bit) => 2 * sum + bit, 0);
  }

  // Our engine answers from its worker. One frame is on its way at any time: the newest, when it was sent.
  const Plain = window.Worker;
  window.Worker = class extends Plain {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        if (data?.type === "result") visit.answered(this.asked, data.ms);
      });
    }

    postMessage(message, ...more) {
      if (message?.type === "frame") this.asked = visit.newest();
      super.postMessage(message, ...more);
    }
  };
})();
