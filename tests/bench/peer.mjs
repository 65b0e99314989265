// Compiles one picture with MindAR's own OfflineCompiler and says how much CPU time that took.
//
//   node peer.mjs WIDTH HEIGHT PIXELS.rgba TARGET.mind   ->   {"cpu_s": ..., "rss_mb": ...}
//
// MindAR is used as published; only the package `canvas`, through which it would read the picture, is
// replaced by one that hands over pixels which are already decoded.

import { readFile, writeFile } from "node:fs/promises";
import { register } from "node:module";
import process from "node:process";

const CANVAS = `
  export function createCanvas(width, height) {
    let shown;
    return {
      width, height,
      getContext: () => ({
        drawImage(image) { shown = image; },
        getImageData: () => ({ width, height, data: shown.data }),
      }),
    };
  }
  export const loadImage = undefined;
  export default { createCanvas };
`;
const HOOK = `
  const replaced = ${JSON.stringify("data:text/javascript," + encodeURIComponent(CANVAS))};
  export function resolve(name, context, next) {
    return name === "canvas" ? { url: replaced, shortCircuit: true } : next(name, context);
  }
`;
register("data:text/javascript," + encodeURIComponent(HOOK));

const [width, height, pixelsPath, targetPath] = process.argv.slice(2);
const { OfflineCompiler } = await import("mind-ar/src/image-target/offline-compiler.js");
const image = { width: Number(width), height: Number(height), data: new Uint8ClampedArray(await readFile(pixelsPath)) };
const before = process.cpuUsage();
const compiler = new OfflineCompiler();
await compiler.compileImageTargets([image], () => {});
const file = compiler.exportData();
const used = process.cpuUsage(before);
await writeFile(targetPath, file);
const rss = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ cpu_s: (used.user + used.system) / 1e6, rss_mb: rss }));
process.exit(0);
