// Runs a session over a few frames drawn from its own target, so that the JavaScript engine has compiled all
// stages before the camera's first frame: a cold first detection takes several times as long as a warm one. A frame
// at a time, so that whoever needs the worker waits for one at most.

import { blankImage } from "./image.js";

/** @import { GreyImage } from "./image.js" */
/** @import { Session } from "./session.js" */
/** @import { Target } from "./target.js" */

const FRAMES = 4;
/** Share of the frame's side that the picture fills. */
const FILL = 0.7;
/** Time between the frames, which end as long before 0: each searches if nothing was found. */
const FRAME_MS = 100;

/**
 * Each step is one frame; it may be broken off after any.
 * @param {Session} session as good as new afterwards, for frames from 0 ms on
 * @param {Target} target
 */
export function* warmUp(session, target) {
  try {
    for (let i = 0; i < FRAMES; i += 1) {
      yield session.process(drawnFrame(session, target, 4 * i), -FRAME_MS * (FRAMES - i));
    }
  } finally {
    session.lose();
  }
}

/**
 * @param {{width: number, height: number}} size of the frame
 * @param {Target} target
 * @param {number} shiftPx
 * @returns {GreyImage} the picture upright before a grey chequered ground
 */
function drawnFrame({ width, height }, target, shiftPx) {
  const frame = blankImage(width, height);
  const picture = target.levels[0].image;
  const zoom = FILL * Math.min(width / picture.width, height / picture.height);
  const left = (width - zoom * picture.width) / 2 + shiftPx;
  const top = (height - zoom * picture.height) / 2;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const px = Math.floor((x - left) / zoom);
      const py = Math.floor((y - top) / zoom);
      const isInside = px >= 0 && py >= 0 && px < picture.width && py < picture.height;
      frame.data[y * width + x] = isInside
        ? picture.data[py * picture.width + px]
        : 96 + 64 * (((x >> 4) ^ (y >> 4)) & 1);
    }
  }
  return frame;
}
