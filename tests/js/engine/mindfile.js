// Writes `.mind` files for tests: a MessagePack encoder for what they hold, and a target made of an image by the
// engine's own detector and describer.

import { Describer, WORDS } from "../../../arcontent/static/arcontent/engine/freak.js";
import { Detector } from "../../../arcontent/static/arcontent/engine/detect.js";
import { ScaleSpace } from "../../../arcontent/static/arcontent/engine/pyramid.js";
import { blankImage, halveInto } from "../../../arcontent/static/arcontent/engine/image.js";

/** Encode numbers, texts, booleans, null, byte arrays, lists and plain objects. @returns {ArrayBuffer} */
export function encodeMsgpack(value) {
  const bytes = [];
  const uint = (size, number) => {
    for (let shift = 8 * (size - 1); shift >= 0; shift -= 8) bytes.push(Math.floor(number / 2 ** shift) & 255);
  };
  const write = (item) => {
    if (item === null) bytes.push(0xc0);
    else if (typeof item === "boolean") bytes.push(item ? 0xc3 : 0xc2);
    else if (typeof item === "number") {
      bytes.push(0xcb);
      const view = new DataView(new ArrayBuffer(8));
      view.setFloat64(0, item);
      bytes.push(...new Uint8Array(view.buffer));
    } else if (typeof item === "string") {
      const text = new TextEncoder().encode(item);
      bytes.push(0xd9, text.length, ...text);
    } else if (item instanceof Uint8Array) {
      bytes.push(0xc6);
      uint(4, item.length);
      for (const byte of item) bytes.push(byte);
    } else if (Array.isArray(item)) {
      bytes.push(0xdd);
      uint(4, item.length);
      item.forEach(write);
    } else {
      const entries = Object.entries(item);
      bytes.push(0xde);
      uint(2, entries.length);
      for (const [key, entry] of entries) {
        write(key);
        write(entry);
      }
    }
  };
  write(value);
  return Uint8Array.from(bytes).buffer;
}

/** One entry of a file's dataList, for an image. */
export function targetEntry(picture) {
  const keyframes = [picture, halved(picture)].map((image, level) => keyframe(image, 1 / 2 ** level));
  const tracking = { width: picture.width, height: picture.height, scale: 1, points: [], data: bytesOf(picture) };
  return {
    targetImage: { width: picture.width, height: picture.height },
    trackingData: [tracking],
    matchingData: keyframes,
  };
}

/** A whole file of targets. */
export function mindFile(...pictures) {
  return { v: 2, dataList: pictures.map(targetEntry) };
}

function keyframe(image, scale) {
  const space = new ScaleSpace(image.width, image.height);
  space.fill(image);
  const keypoints = new Detector(space, { perBucket: 10, total: 500 }).detect();
  const { angle, words } = new Describer(500).describe(space, keypoints);
  const points = Array.from({ length: keypoints.count }, (_, i) => ({
    maxima: keypoints.kind[i] === 1,
    x: keypoints.x[i],
    y: keypoints.y[i],
    scale: 1 << keypoints.octave[i],
    angle: angle[i],
    descriptors: Array.from(words.subarray(i * WORDS, (i + 1) * WORDS)),
  }));
  return {
    scale,
    width: image.width,
    height: image.height,
    maximaPoints: points.filter(({ maxima }) => maxima),
    minimaPoints: points.filter(({ maxima }) => !maxima),
  };
}

export function halved(image) {
  const half = blankImage(image.width >> 1, image.height >> 1);
  halveInto(image, half);
  return half;
}

function bytesOf({ data }) {
  return Uint8Array.from(data, Math.round);
}
