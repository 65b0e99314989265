// Runs our engine over raw clips. Reads one question a line, answers each with a line:
//   {mind, is_fresh, clips: [{path, frames}], width, height, fps} -> {load_ms, clips: [[{shown, raw, target, ms}]]}
// Searches go on from clip to clip, each with its own part of the frame, unless `is_fresh` is said. `shown` and `raw` are homographies from picture to frame, or null; `ms` is the CPU time of the frame,
// as other work on the machine would else be counted, too.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import { Session } from "../../../arcontent/static/arcontent/engine/session.js";
import { readTargets } from "../../../arcontent/static/arcontent/engine/target.js";

const PAUSE_MS = 1000;

/** Look at clips one after the other with a session that forgets between them. */
function watch({ mind, is_fresh: isFresh, clips, width, height, fps }) {
  const file = readFileSync(mind);
  const before = performance.now();
  const targets = readTargets(file.buffer.slice(file.byteOffset, file.byteOffset + file.length));
  const session = new Session(targets, width, height);
  const loadMs = performance.now() - before;
  let clockMs = 0;
  const told = clips.map(({ path, frames }) => {
    const bytes = readFileSync(path);
    clockMs += PAUSE_MS;
    session.lose();
    if (isFresh) session.attempts = 0;
    return Array.from({ length: frames }, (_, number) => {
      const data = Float32Array.from(bytes.subarray(number * width * height, (number + 1) * width * height));
      clockMs += 1000 / fps;
      const start = process.cpuUsage();
      const event = session.process({ width, height, data }, clockMs);
      const { user, system } = process.cpuUsage(start);
      const ms = (user + system) / 1000;
      const raw = event?.homography ? session.track.last : null;
      return { shown: listed(event?.homography), raw: listed(raw), target: event?.target ?? null, ms };
    });
  });
  return { load_ms: loadMs, clips: told };
}

function listed(homography) {
  return homography ? Array.from(homography) : null;
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(watch(JSON.parse(line)))}\n`);
}
