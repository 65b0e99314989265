// Describes keypoints: the direction of the gradients around each, and 666 comparisons of 37 samples in a
// retina-like pattern turned by that direction (FREAK, Alahi et al. 2012, in the variant of `.mind` files).
// The numbers must be those of the file format, or a frame's descriptors would not match a target's.

/** @import { Keypoints } from "./detect.js" */
/** @import { GreyImage } from "./image.js" */
/** @import { ScaleSpace } from "./pyramid.js" */

/** 32-bit words of one descriptor: 666 bits, most significant first, and 6 zero bits. */
export const WORDS = 21;

const RING_RADII = [1, 0.930969, 0.847306, 0.741094, 0.595502, 0.362783];
const RING_START_DEG = [180, 90, 0, -90, 180, 90];
const RING_POINTS = 6;
/** Radius of the outermost ring in pixels of the keypoint's octave. */
const PATTERN_RADIUS_PX = 7;
const SAMPLES = RING_RADII.length * RING_POINTS + 1;
/** A sample counts as darker when it is less than the other plus this. */
const BIAS = 0.01;

/** The pattern unturned: six rings from the outermost inwards, then the centre. */
const PATTERN_X = new Float64Array(SAMPLES);
const PATTERN_Y = new Float64Array(SAMPLES);
for (const [ring, radius] of RING_RADII.entries()) {
  for (let i = 0; i < RING_POINTS; i += 1) {
    const angle = ((RING_START_DEG[ring] + 60 * i) * Math.PI) / 180;
    PATTERN_X[ring * RING_POINTS + i] = PATTERN_RADIUS_PX * radius * Math.cos(angle);
    PATTERN_Y[ring * RING_POINTS + i] = PATTERN_RADIUS_PX * radius * Math.sin(angle);
  }
}

const BINS = 36;
/** Radius, in octave pixels, within which gradients vote for the direction. */
const GRADIENT_RADIUS_PX = 4.5;
const SMOOTHING_PASSES = 5;
const SMOOTHING_SIDE = 0.274069;
const SMOOTHING_CENTRE = 0.451863;

/** x, y, weight of each gradient around a pixel. The weight is exp(-d^2 / 18) to its sixth power, as in the format. */
const WINDOW = new Float64Array(
  (function* () {
    for (let y = -4; y <= 4; y += 1) {
      for (let x = -4; x <= 4; x += 1) {
        const square = x * x + y * y;
        if (square > GRADIENT_RADIUS_PX * GRADIENT_RADIUS_PX) continue;
        let weight = 1;
        for (let power = 6; power > 0; power -= 1) weight = 1 - (weight * square) / (18 * power);
        yield* [x, y, weight];
      }
    }
  })(),
);

/**
 * Directions and descriptors of keypoints, in parallel arrays.
 * @typedef {object} Descriptions
 * @property {Float32Array} angle radians in (-pi, pi]
 * @property {Uint32Array} words `WORDS` for each keypoint
 */

/** Describes the keypoints of scale spaces. Holds working memory only. */
export class Describer {
  /** @param {number} capacity most keypoints to come */
  constructor(capacity) {
    /** @type {Descriptions} */
    this.descriptions = {
      angle: new Float32Array(capacity),
      words: new Uint32Array(capacity * WORDS),
    };
    this.samples = new Float64Array(SAMPLES);
    this.histogram = new Float64Array(BINS);
  }

  /**
   * Describe each keypoint.
   * @param {ScaleSpace} space the one the keypoints were found in
   * @param {Keypoints} keypoints
   * @returns {Descriptions} overwritten by the next call
   */
  describe(space, keypoints) {
    const { angle, words } = this.descriptions;
    for (let i = 0; i < keypoints.count; i += 1) {
      const octave = keypoints.octave[i];
      const image = space.octaves[octave].second;
      const size = 1 << octave;
      const shift = 0.5 * size - 0.5;
      const x = (keypoints.x[i] - shift) / size;
      const y = (keypoints.y[i] - shift) / size;
      angle[i] = this.direction(image, x, y);
      this.sampleAround(image, x, y, angle[i]);
      this.packComparisons(words, i * WORDS);
    }
    return this.descriptions;
  }

  /**
   * The strongest direction of the gradients around a place.
   * @param {GreyImage} image
   * @param {number} x in pixels of `image`
   * @param {number} y
   * @returns {number} radians in (-pi, pi]
   */
  direction(image, x, y) {
    const { histogram } = this;
    histogram.fill(0);
    collectGradients(image, Math.trunc(x), Math.trunc(y), histogram);
    smoothCyclic(histogram);
    let peak = 0;
    for (let i = 1; i < BINS; i += 1) if (histogram[i] > histogram[peak]) peak = i;
    const before = histogram[(peak + BINS - 1) % BINS];
    const after = histogram[(peak + 1) % BINS];
    const curvature = before - 2 * histogram[peak] + after;
    const offset = curvature < 0 ? (0.5 * (before - after)) / curvature : 0;
    const angle = ((peak + offset + 0.5) * 2 * Math.PI) / BINS - Math.PI;
    return angle > Math.PI ? angle - 2 * Math.PI : angle;
  }

  /**
   * Read the turned pattern by bilinear interpolation; beyond the border the edge repeats.
   * @param {GreyImage} image
   * @param {number} x
   * @param {number} y
   * @param {number} angle
   */
  sampleAround(image, x, y, angle) {
    const { width, height, data } = image;
    const { samples } = this;
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    for (let i = 0; i < SAMPLES; i += 1) {
      const px = x + PATTERN_X[i] * cos - PATTERN_Y[i] * sin;
      const py = y + PATTERN_X[i] * sin + PATTERN_Y[i] * cos;
      const cx = px < 0 ? 0 : px > width - 1 ? width - 1 : px;
      const cy = py < 0 ? 0 : py > height - 1 ? height - 1 : py;
      const x0 = cx < width - 1 ? Math.trunc(cx) : width - 2;
      const y0 = cy < height - 1 ? Math.trunc(cy) : height - 2;
      const fx = cx - x0;
      const fy = cy - y0;
      const at = y0 * width + x0;
      const below = at + width;
      samples[i] =
        (data[at] * (1 - fx) + data[at + 1] * fx) * (1 - fy) +
        (data[below] * (1 - fx) + data[below + 1] * fx) * fy;
    }
  }

  /**
   * Compare all pairs of samples and pack the answers.
   * @param {Uint32Array} words
   * @param {number} start first word to write
   */
  packComparisons(words, start) {
    const { samples } = this;
    let word = 0;
    let free = 32;
    let at = start;
    for (let i = 0; i < SAMPLES - 1; i += 1) {
      const limit = samples[i] - BIAS;
      for (let j = i + 1; j < SAMPLES; j += 1) {
        word = (word << 1) | (limit < samples[j] ? 1 : 0);
        free -= 1;
        if (free === 0) {
          words[at] = word;
          at += 1;
          word = 0;
          free = 32;
        }
      }
    }
    words[at] = word << free;
  }
}

/**
 * Let the gradients around a place vote for their directions, near ones more than far ones.
 * @param {GreyImage} image
 * @param {number} x pixel the window is centred on
 * @param {number} y
 * @param {Float64Array} histogram added to
 */
function collectGradients(image, x, y, histogram) {
  const { width, height, data } = image;
  for (let i = 0; i < WINDOW.length; i += 3) {
    const px = x + WINDOW[i];
    const py = y + WINDOW[i + 1];
    if (px < 1 || py < 1 || px > width - 2 || py > height - 2) continue;
    const at = py * width + px;
    const dx = data[at + 1] - data[at - 1];
    const dy = data[at + width] - data[at - width];
    const vote = Math.sqrt(dx * dx + dy * dy) * WINDOW[i + 2];
    const place = (Math.atan2(dy, dx) + Math.PI) * (BINS / (2 * Math.PI)) - 0.5;
    const bin = Math.floor(place);
    const share = place - bin;
    histogram[bin < 0 ? BINS - 1 : bin] += (1 - share) * vote;
    histogram[bin + 1 < BINS ? bin + 1 : 0] += share * vote;
  }
}

/** @param {Float64Array} histogram smoothed in place, as a ring */
function smoothCyclic(histogram) {
  for (let pass = 0; pass < SMOOTHING_PASSES; pass += 1) {
    const first = histogram[0];
    let before = histogram[BINS - 1];
    for (let i = 0; i < BINS; i += 1) {
      const here = histogram[i];
      const after = i + 1 < BINS ? histogram[i + 1] : first;
      histogram[i] = SMOOTHING_SIDE * before + SMOOTHING_CENTRE * here + SMOOTHING_SIDE * after;
      before = here;
    }
  }
}
