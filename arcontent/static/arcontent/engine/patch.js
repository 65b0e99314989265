// Aligns one small patch of the picture with the frame: the patch is drawn as the pose would show it, then moved
// by Lucas and Kanade's method (1981) until it fits. Differences of brightness and contrast do not matter.

/** @import { GreyImage } from "./image.js" */

const SIDE = 11;
const AREA = SIDE * SIDE;
const REACH = (SIDE - 1) / 2;
/** The drawn patch has one more pixel all around, for its gradients. */
const DRAWN_SIDE = SIDE + 2;
const DRAWN_REACH = REACH + 1;
/** Blurring takes [a, 1 - 2a, a] once, or three times where more is asked for; variances in square pixels. */
const MOST_BLUR_OF_ONE = 0.5;
const STEPS_OF_BLUR = 3;
export const MOST_BLUR = 2;
const LEAST_BLUR = 0.01;
const WIDE_SIDE = DRAWN_SIDE + 2 * STEPS_OF_BLUR;
const MOST_STEPS = 6;
/** A step shorter than this, in pixels, ends the search. */
const ENOUGH_PX = 0.02;
/** A patch with less contrast (standard deviation, of 255) tells nothing. */
const LEAST_CONTRAST = 1.5;
/** Least determinant of the gradients' moments, as a share of the squared half trace: an edge cannot be placed. */
const LEAST_ROUNDNESS = 0.02;

/** Aligns patches. One is enough for all: it only holds working memory and the last answer. */
export class PatchAligner {
  constructor() {
    this.drawn = new Float64Array(DRAWN_SIDE * DRAWN_SIDE);
    this.wide = new Float64Array(WIDE_SIDE * WIDE_SIDE);
    this.rows = new Float64Array(WIDE_SIDE * DRAWN_SIDE);
    this.kernel = new Float64Array(0);
    this.patch = new Float64Array(AREA);
    this.gradientX = new Float64Array(AREA);
    this.gradientY = new Float64Array(AREA);
    /** Sums over the patch: of its square, of its gradients' products, of gradient times value. */
    this.power = 0;
    this.momentXX = 0;
    this.momentXY = 0;
    this.momentYY = 0;
    this.determinant = 0;
    this.patchX = 0;
    this.patchY = 0;
    /** Where the centre of the patch was found, in pixel indices of the frame. */
    this.x = 0;
    this.y = 0;
    /** Normalised cross-correlation there. */
    this.likeness = 0;
  }

  /**
   * Draw the patch as the frame should show it.
   * @param {GreyImage} template
   * @param {number} x centre, in pixel indices of the template
   * @param {number} y
   * @param {ArrayLike<number>} warp 2x2, row by row: pixels of the template for one pixel of the frame
   * @returns {boolean} false when the patch is not all within the template, or has no structure
   */
  draw(template, x, y, warp) {
    const { width, height } = template;
    const [xx, xy, yx, yy] = [warp[0], warp[1], warp[2], warp[3]];
    const spanX = DRAWN_REACH * (Math.abs(xx) + Math.abs(xy));
    const spanY = DRAWN_REACH * (Math.abs(yx) + Math.abs(yy));
    if (!(x >= spanX && y >= spanY && x + spanX < width - 1 && y + spanY < height - 1)) return false;
    if (this.kernel.length === 0) {
      read(template, x, y, warp, DRAWN_REACH, this.drawn);
    } else {
      const { wide, rows, drawn, kernel } = this;
      const more = (kernel.length - 1) / 2;
      readInside(template, x, y, warp, DRAWN_REACH + more, wide);
      // Along the rows, then along the columns.
      const side = DRAWN_SIDE + 2 * more;
      for (let j = 0, at = 0; j < side; j += 1) {
        for (let i = 0; i < DRAWN_SIDE; i += 1, at += 1) rows[at] = folded(wide, j * side + i, 1, kernel);
      }
      for (let at = 0; at < drawn.length; at += 1) drawn[at] = folded(rows, at, DRAWN_SIDE, kernel);
    }
    return this.prepare();
  }

  /**
   * Blur all patches from now on as the frame is blurred.
   * @param {number} variance of the blur, in square pixels of the frame; at most `MOST_BLUR` is done
   */
  blurBy(variance) {
    const steps = variance <= MOST_BLUR_OF_ONE ? 1 : STEPS_OF_BLUR;
    const a = Math.min(variance, MOST_BLUR) / (2 * steps);
    if (variance < LEAST_BLUR) this.kernel = new Float64Array(0);
    else if (steps === 1) this.kernel = Float64Array.of(a, 1 - 2 * a, a);
    else this.kernel = threefold(a);
  }

  /** Take the mean away and note what every step needs. */
  prepare() {
    const { drawn, patch, gradientX, gradientY } = this;
    let sum = 0;
    let sumX = 0;
    let sumY = 0;
    for (let j = 0, to = 0; j < SIDE; j += 1) {
      let at = (j + 1) * DRAWN_SIDE + 1;
      for (let i = 0; i < SIDE; i += 1, at += 1, to += 1) {
        sum += patch[to] = drawn[at];
        sumX += gradientX[to] = (drawn[at + 1] - drawn[at - 1]) * 0.5;
        sumY += gradientY[to] = (drawn[at + DRAWN_SIDE] - drawn[at - DRAWN_SIDE]) * 0.5;
      }
    }
    const mean = sum / AREA;
    const meanX = sumX / AREA;
    const meanY = sumY / AREA;
    let power = 0;
    let xx = 0;
    let xy = 0;
    let yy = 0;
    let patchX = 0;
    let patchY = 0;
    for (let i = 0; i < AREA; i += 1) {
      const value = (patch[i] -= mean);
      const gx = (gradientX[i] -= meanX);
      const gy = (gradientY[i] -= meanY);
      power += value * value;
      xx += gx * gx;
      xy += gx * gy;
      yy += gy * gy;
      patchX += gx * value;
      patchY += gy * value;
    }
    this.power = power;
    this.patchX = patchX;
    this.patchY = patchY;
    this.determinant = xx * yy - xy * xy;
    this.momentXX = xx;
    this.momentXY = xy;
    this.momentYY = yy;
    return (
      power >= AREA * LEAST_CONTRAST * LEAST_CONTRAST &&
      this.determinant >= LEAST_ROUNDNESS * 0.25 * (xx + yy) * (xx + yy)
    );
  }

  /**
   * Move the drawn patch over the frame until it fits; the answer is in `x`, `y` and `likeness`.
   * @param {GreyImage} frame
   * @param {number} x where the patch is expected, in pixel indices of the frame
   * @param {number} y
   * @param {number} reachPx how far from there it may be found
   * @returns {boolean} false when it left the frame or its reach
   */
  align(frame, x, y, reachPx) {
    this.x = x;
    this.y = y;
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const moved = this.step(frame);
      if (moved < 0) return false;
      if (Math.abs(this.x - x) > reachPx || Math.abs(this.y - y) > reachPx) return false;
      if (moved < ENOUGH_PX) break;
    }
    return true;
  }

  /**
   * One step. The likeness is that of the place before the step.
   * @param {GreyImage} frame
   * @returns {number} its length in pixels, or -1 when the patch left the frame or met a blank part of it
   */
  step({ width, height, data }) {
    const left = this.x - REACH;
    const top = this.y - REACH;
    if (!(left >= 0 && top >= 0 && left + SIDE < width && top + SIDE < height)) return -1;
    const { patch, gradientX, gradientY } = this;
    const x0 = left | 0;
    const y0 = top | 0;
    const fx = left - x0;
    const fy = top - y0;
    const w00 = (1 - fx) * (1 - fy);
    const w10 = fx * (1 - fy);
    const w01 = (1 - fx) * fy;
    const w11 = fx * fy;
    let sum = 0;
    let squares = 0;
    let withPatch = 0;
    let withX = 0;
    let withY = 0;
    for (let j = 0, i = 0; j < SIDE; j += 1) {
      let upper = (y0 + j) * width + x0;
      for (const end = upper + SIDE; upper < end; upper += 1, i += 1) {
        const lower = upper + width;
        const value = data[upper] * w00 + data[upper + 1] * w10 + data[lower] * w01 + data[lower + 1] * w11;
        sum += value;
        squares += value * value;
        withPatch += value * patch[i];
        withX += value * gradientX[i];
        withY += value * gradientY[i];
      }
    }
    const power = squares - (sum * sum) / AREA;
    if (!(power > AREA * 0.25)) return -1;
    this.likeness = withPatch / Math.sqrt(power * this.power);
    const gain = Math.sqrt(this.power / power);
    const bx = this.patchX - gain * withX;
    const by = this.patchY - gain * withY;
    const dx = (this.momentYY * bx - this.momentXY * by) / this.determinant;
    const dy = (this.momentXX * by - this.momentXY * bx) / this.determinant;
    this.x += dx;
    this.y += dy;
    return Math.hypot(dx, dy);
  }

  /**
   * Note, of a patch that was aligned, what tells how much more the frame is blurred than it: blurring adds a share
   * of the Laplacian, as heat spreads (half the variance for a small one).
   * @param {GreyImage} frame
   * @param {BlurSums} sums is added to
   */
  weighBlur({ width, height, data }, sums) {
    const left = this.x - REACH;
    const top = this.y - REACH;
    if (!(left >= 0 && top >= 0 && left + SIDE < width && top + SIDE < height)) return;
    const { patch, drawn } = this;
    const x0 = left | 0;
    const y0 = top | 0;
    const fx = left - x0;
    const fy = top - y0;
    let sumL = 0;
    let sumLL = 0;
    let sumLP = 0;
    let sumF = 0;
    let sumFP = 0;
    let sumFL = 0;
    for (let j = 0, i = 0; j < SIDE; j += 1) {
      let upper = (y0 + j) * width + x0;
      let at = (j + 1) * DRAWN_SIDE + 1;
      for (const end = upper + SIDE; upper < end; upper += 1, i += 1, at += 1) {
        const lower = upper + width;
        const above = data[upper] + (data[upper + 1] - data[upper]) * fx;
        const value = above + (data[lower] + (data[lower + 1] - data[lower]) * fx - above) * fy;
        const laplacian =
          drawn[at - 1] + drawn[at + 1] + drawn[at - DRAWN_SIDE] + drawn[at + DRAWN_SIDE] - 4 * drawn[at];
        sumL += laplacian;
        sumLL += laplacian * laplacian;
        sumLP += laplacian * patch[i];
        sumF += value;
        sumFP += value * patch[i];
        sumFL += value * laplacian;
      }
    }
    // What the Laplacian says beside the patch itself, and how much of both is in the frame.
    const share = sumLP / this.power;
    const own = sumLL - (sumL * sumL) / AREA - share * sumLP;
    const seen = sumFL - (sumF * sumL) / AREA - share * sumFP;
    const gain = sumFP / this.power - (share * seen) / own;
    if (!(gain > 0 && own > 0)) return;
    sums.above += gain * seen;
    sums.below += gain * gain * own;
  }
}

/**
 * Sums over patches; twice their quotient is the variance that is missing.
 * @typedef {object} BlurSums
 * @property {number} above
 * @property {number} below
 */

/**
 * Read a square of the template as the frame shows it, by bilinear interpolation.
 * @param {GreyImage} template
 * @param {number} x centre
 * @param {number} y
 * @param {ArrayLike<number>} warp
 * @param {number} reach pixels of the frame from the centre to each side; all must lie within the template
 * @param {Float64Array} square overwritten
 */
function read({ width, data }, x, y, warp, reach, square) {
  const [xx, xy, yx, yy] = [warp[0], warp[1], warp[2], warp[3]];
  for (let j = -reach, at = 0; j <= reach; j += 1) {
    let px = x + j * xy - reach * xx;
    let py = y + j * yy - reach * yx;
    for (let i = -reach; i <= reach; i += 1, at += 1) {
      const x0 = px | 0;
      const y0 = py | 0;
      const fx = px - x0;
      const fy = py - y0;
      const upper = y0 * width + x0;
      const lower = upper + width;
      const top = data[upper] + (data[upper + 1] - data[upper]) * fx;
      square[at] = top + (data[lower] + (data[lower + 1] - data[lower]) * fx - top) * fy;
      px += xx;
      py += yx;
    }
  }
}

/**
 * The same where a rim may lie beyond the template: its border goes on.
 * @param {GreyImage} template
 * @param {number} x
 * @param {number} y
 * @param {ArrayLike<number>} warp
 * @param {number} reach
 * @param {Float64Array} square overwritten
 */
function readInside({ width, height, data }, x, y, warp, reach, square) {
  const [xx, xy, yx, yy] = [warp[0], warp[1], warp[2], warp[3]];
  for (let j = -reach, at = 0; j <= reach; j += 1) {
    for (let i = -reach; i <= reach; i += 1, at += 1) {
      const px = Math.min(Math.max(x + i * xx + j * xy, 0), width - 1.001);
      const py = Math.min(Math.max(y + i * yx + j * yy, 0), height - 1.001);
      const x0 = px | 0;
      const y0 = py | 0;
      const fx = px - x0;
      const fy = py - y0;
      const upper = y0 * width + x0;
      const lower = upper + width;
      const top = data[upper] + (data[upper + 1] - data[upper]) * fx;
      square[at] = top + (data[lower] + (data[lower + 1] - data[lower]) * fx - top) * fy;
    }
  }
}

/** @param {Float64Array} values @param {number} at @param {number} step @param {Float64Array} kernel */
function folded(values, at, step, kernel) {
  let sum = 0;
  for (let k = 0; k < kernel.length; k += 1) sum += kernel[k] * values[at + k * step];
  return sum;
}

/** [a, 1 - 2a, a] three times over. @param {number} a */
function threefold(a) {
  const b = 1 - 2 * a;
  const [far, near] = [3 * a * a * b, 3 * a * (a * a + b * b)];
  return Float64Array.of(a ** 3, far, near, b ** 3 + 6 * a * a * b, near, far, a ** 3);
}
