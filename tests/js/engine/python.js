// The Python side of the project as a source of truth: its compiler, and its renderer of camera clips.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const PYTHON = process.env.PYTHON ?? `${ROOT}.venv/bin/python`;

/** Why tests that ask Python are skipped, for the skip option of node:test; false where nothing is missing. */
export const isMissing = existsSync(PYTHON) ? false : `${PYTHON} is missing: run make install-dev`;

/** Run a module of this folder with a JSON argument; its answer is JSON too. */
export function askPython(module, question) {
  const answer = execFileSync(PYTHON, ["-m", `tests.js.engine.${module}`], {
    cwd: ROOT,
    input: JSON.stringify(question),
    encoding: "utf-8",
    maxBuffer: 1 << 28,
  });
  return JSON.parse(answer);
}
