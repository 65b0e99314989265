// Chooses the places of a template that are worth tracking: corners after Shi and Tomasi (1994), where the
// smaller eigenvalue of the summed gradients is large, spread over the picture.

/** @import { GreyImage } from "./image.js" */

/**
 * Places worth tracking, in parallel arrays, the best first.
 * @typedef {object} Corners
 * @property {Float64Array} x pixels of the picture, from its top left corner
 * @property {Float64Array} y
 */

/** Of one template. More shake less in dim light, but overlap: what is wrong in one is then wrong in many. */
export const MOST_CORNERS = 90;
/** Half the side of the square gradients are summed over. */
const REACH_PX = 3;
/** Corners keep this far from the border: the patch around them has to fit. */
const BORDER_PX = 6;
/** Corners weaker than this share of the strongest are noise. */
const LEAST_SHARE = 0.001;

/**
 * @param {GreyImage} image a template
 * @param {number} scale pixels of the image for one pixel of the picture
 * @returns {Corners} strongest first, at most `MOST_CORNERS`
 */
export function cornersToTrack(image, scale) {
  const strengths = smallerEigenvalues(image);
  const peaks = localPeaks(strengths, image.width, image.height);
  const chosen = spread(peaks, image.width, image.height);
  return {
    x: Float64Array.from(chosen, (at) => ((at % image.width) + 0.5) / scale),
    y: Float64Array.from(chosen, (at) => (Math.floor(at / image.width) + 0.5) / scale),
  };
}

/**
 * The smaller eigenvalue of the gradients' second moments around each pixel; 0 near the border.
 * @param {GreyImage} image
 */
function smallerEigenvalues({ width, height, data }) {
  const xx = new Float32Array(data.length);
  const xy = new Float32Array(data.length);
  const yy = new Float32Array(data.length);
  for (let y = 1; y < height - 1; y += 1) {
    for (let at = y * width + 1; at < (y + 1) * width - 1; at += 1) {
      const dx = (data[at + 1] - data[at - 1]) * 0.5;
      const dy = (data[at + width] - data[at - width]) * 0.5;
      xx[at] = dx * dx;
      xy[at] = dx * dy;
      yy[at] = dy * dy;
    }
  }
  const strengths = new Float32Array(data.length);
  const sums = [xx, xy, yy].map((moment) => boxSums(moment, width, height));
  for (let y = BORDER_PX; y < height - BORDER_PX; y += 1) {
    for (let at = y * width + BORDER_PX; at < (y + 1) * width - BORDER_PX; at += 1) {
      const half = 0.5 * (sums[0][at] + sums[2][at]);
      const difference = 0.5 * (sums[0][at] - sums[2][at]);
      strengths[at] = half - Math.sqrt(difference * difference + sums[1][at] * sums[1][at]);
    }
  }
  return strengths;
}

/**
 * Sums over squares of side 2 REACH_PX + 1, where they fit.
 * @param {Float32Array} values
 * @param {number} width
 * @param {number} height
 */
function boxSums(values, width, height) {
  const rows = new Float32Array(values.length);
  const sums = new Float32Array(values.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = REACH_PX; x < width - REACH_PX; x += 1) {
      const at = y * width + x;
      for (let i = -REACH_PX; i <= REACH_PX; i += 1) rows[at] += values[at + i];
    }
  }
  for (let at = REACH_PX * width; at < (height - REACH_PX) * width; at += 1) {
    for (let i = -REACH_PX; i <= REACH_PX; i += 1) sums[at] += rows[at + i * width];
  }
  return sums;
}

/** @param {Float32Array} strengths @param {number} width @param {number} height */
function localPeaks(strengths, width, height) {
  /** @type {number[]} */
  const peaks = [];
  let largest = 0;
  for (const value of strengths) largest = Math.max(largest, value);
  for (let y = BORDER_PX; y < height - BORDER_PX; y += 1) {
    for (let at = y * width + BORDER_PX; at < (y + 1) * width - BORDER_PX; at += 1) {
      const value = strengths[at];
      if (value <= LEAST_SHARE * largest) continue;
      const isPeak =
        value > strengths[at - 1] && value >= strengths[at + 1] &&
        value > strengths[at - width] && value >= strengths[at + width] &&
        value > strengths[at - width - 1] && value >= strengths[at + width + 1] &&
        value > strengths[at - width + 1] && value >= strengths[at + width - 1];
      if (isPeak) peaks.push(at);
    }
  }
  return peaks.sort((a, b) => strengths[b] - strengths[a] || a - b);
}

/**
 * Keep strong peaks that no stronger one crowds.
 * @param {number[]} peaks strongest first
 * @param {number} width
 * @param {number} height
 */
function spread(peaks, width, height) {
  const distance = 0.6 * Math.sqrt((width * height) / MOST_CORNERS);
  /** @type {number[]} */
  const kept = [];
  for (const at of peaks) {
    if (kept.length === MOST_CORNERS) break;
    const x = at % width;
    const y = Math.floor(at / width);
    const isCrowded = kept.some(
      (other) => Math.hypot((other % width) - x, Math.floor(other / width) - y) < distance,
    );
    if (!isCrowded) kept.push(at);
  }
  return kept;
}
