// Seeded pictures and frames for the engine's tests, drawn here so that each stage has an exact truth.

import { adjugate, project } from "../../../arcontent/static/arcontent/engine/homography.js";
import { blankImage } from "../../../arcontent/static/arcontent/engine/image.js";

/** Numbers in [0, 1): xorshift32 after Marsaglia (2003). @param {number} seed */
export function randomNumbers(seed) {
  let state = (seed * 2654435761 + 1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 4294967296;
  };
}

/** A picture of overlapping soft-edged discs and boxes, full of corners. */
export function drawnPicture({ seed, width = 320, height = 240, shapes = 160 }) {
  const random = randomNumbers(seed);
  const image = blankImage(width, height);
  image.data.fill(128);
  for (let shape = 0; shape < shapes; shape += 1) {
    const [cx, cy] = [random() * width, random() * height];
    const [rx, ry] = [3 + random() * 22, 3 + random() * 22];
    const value = random() * 255;
    const isBox = random() < 0.5;
    const turn = random() * Math.PI;
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    const reach = Math.ceil(Math.max(rx, ry) * 1.5);
    for (let y = Math.max(0, Math.floor(cy - reach)); y < Math.min(height, cy + reach); y += 1) {
      for (let x = Math.max(0, Math.floor(cx - reach)); x < Math.min(width, cx + reach); x += 1) {
        const u = cos * (x + 0.5 - cx) + sin * (y + 0.5 - cy);
        const v = cos * (y + 0.5 - cy) - sin * (x + 0.5 - cx);
        const inside = isBox
          ? Math.min(rx - Math.abs(u), ry - Math.abs(v))
          : (1 - Math.hypot(u / rx, v / ry)) * Math.min(rx, ry);
        const share = Math.min(Math.max(inside + 0.5, 0), 1);
        image.data[y * width + x] += share * (value - image.data[y * width + x]);
      }
    }
  }
  return image;
}

/** The picture in a frame, each pixel the mean of nine samples; around it `ground`, a grey or an image. */
export function drawnFrame({ picture, homography, width = 640, height = 480, ground = 110 }) {
  const frame = blankImage(width, height);
  const back = homography && adjugate(homography);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = y * width + x;
      const behind = typeof ground === "number" ? ground : ground.data[at];
      frame.data[at] = behind;
      if (!back) continue;
      let sum = 0;
      for (let j = 0; j < 3; j += 1) {
        for (let i = 0; i < 3; i += 1) {
          const [px, py] = project(back, x + (i + 0.5) / 3, y + (j + 0.5) / 3);
          const isInside = px >= 0 && py >= 0 && px < picture.width && py < picture.height;
          sum += isInside ? sampled(picture, px - 0.5, py - 0.5) : behind;
        }
      }
      frame.data[at] = sum / 9;
    }
  }
  return frame;
}

/** Bilinear, at pixel indices; the border goes on. */
export function sampled({ width, height, data }, x, y) {
  const cx = Math.min(Math.max(x, 0), width - 1);
  const cy = Math.min(Math.max(y, 0), height - 1);
  const x0 = Math.min(Math.floor(cx), width - 2);
  const y0 = Math.min(Math.floor(cy), height - 2);
  const [fx, fy] = [cx - x0, cy - y0];
  const at = y0 * width + x0;
  return (
    (data[at] * (1 - fx) + data[at + 1] * fx) * (1 - fy) +
    (data[at + width] * (1 - fx) + data[at + width + 1] * fx) * fy
  );
}

/** A homography: turned, sized and tilted about the picture's middle, which goes to (cx, cy). */
export function pose({ picture, zoom = 1, turn = 0, tilt = 0, cx = 320, cy = 240 }) {
  const [cos, sin] = [zoom * Math.cos(turn), zoom * Math.sin(turn)];
  const [mx, my] = [picture.width / 2, picture.height / 2];
  const lean = tilt / picture.width;
  const move = (x, y) => [1, 0, x, 0, 1, y, 0, 0, 1];
  const times = (a, b) =>
    Float64Array.from({ length: 9 }, (_, i) =>
      [0, 1, 2].reduce((sum, k) => sum + a[3 * Math.floor(i / 3) + k] * b[3 * k + (i % 3)], 0),
    );
  return times(move(cx, cy), times([cos, -sin, 0, sin, cos, 0, lean, 0, 1], move(-mx, -my)));
}

/** Mean distance of a picture's corners under two homographies, in pixels. */
export function cornerError(homography, truth, { width, height }) {
  const corners = [[0, 0], [width, 0], [width, height], [0, height]];
  return (
    corners.reduce((sum, [x, y]) => {
      const [u1, v1] = project(homography, x, y);
      const [u2, v2] = project(truth, x, y);
      return sum + Math.hypot(u1 - u2, v1 - v2);
    }, 0) / 4
  );
}
