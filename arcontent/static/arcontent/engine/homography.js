// Plane homographies: 3x3 matrices, row by row, that map points of a picture to points of a frame.
// Both sides count from the top left corner in pixels; the centre of the first pixel is at (0.5, 0.5).

/** @typedef {Float64Array} Homography nine numbers, row by row; scale is free */

/**
 * Corresponding points, in parallel arrays of which the first `count` entries are meant.
 * @typedef {object} Pairs
 * @property {number} count
 * @property {Float64Array} x on the picture
 * @property {Float64Array} y
 * @property {Float64Array} u in the frame
 * @property {Float64Array} v
 * @property {Float64Array} weight 0 or more
 * @property {Float64Array} uu how well a pair is known in each direction of the frame: a symmetric matrix whose larger
 *   eigenvalue is 1. A corner is known in both, an edge only across itself.
 * @property {Float64Array} uv
 * @property {Float64Array} vv
 */

/**
 * @param {number} capacity
 * @returns {Pairs} empty, with room for `capacity` pairs that are known alike in all directions
 */
export function roomForPairs(capacity) {
  const column = (value = 0) => new Float64Array(capacity).fill(value);
  return {
    count: 0, x: column(), y: column(), u: column(), v: column(), weight: column(), uu: column(1), uv: column(),
    vv: column(1),
  };
}

/**
 * How far a place is from where a pair says, as far as the pair knows.
 * @param {Pairs} pairs
 * @param {number} i
 * @param {number} du
 * @param {number} dv
 * @returns {number} squared
 */
export function squareOff({ uu, uv, vv }, i, du, dv) {
  return uu[i] * du * du + 2 * uv[i] * du * dv + vv[i] * dv * dv;
}

/**
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 * @returns {Homography} a times b: b is applied first
 */
export function multiply(a, b) {
  const product = new Float64Array(9);
  for (let row = 0; row < 9; row += 3) {
    for (let column = 0; column < 3; column += 1) {
      product[row + column] =
        a[row] * b[column] + a[row + 1] * b[column + 3] + a[row + 2] * b[column + 6];
    }
  }
  return product;
}

/**
 * @param {ArrayLike<number>} h
 * @returns {Homography} the adjugate: the inverse but for its scale
 */
export function adjugate(h) {
  return Float64Array.of(
    h[4] * h[8] - h[5] * h[7], h[2] * h[7] - h[1] * h[8], h[1] * h[5] - h[2] * h[4],
    h[5] * h[6] - h[3] * h[8], h[0] * h[8] - h[2] * h[6], h[2] * h[3] - h[0] * h[5],
    h[3] * h[7] - h[4] * h[6], h[1] * h[6] - h[0] * h[7], h[0] * h[4] - h[1] * h[3],
  );
}

/**
 * @param {ArrayLike<number>} h
 * @param {number} x
 * @param {number} y
 * @returns {[number, number]}
 */
export function project(h, x, y) {
  const w = h[6] * x + h[7] * y + h[8];
  return [(h[0] * x + h[1] * y + h[2]) / w, (h[3] * x + h[4] * y + h[5]) / w];
}

/**
 * Scale a homography so that its depth at one point is 1; then two that differ little can be mixed.
 * @param {Homography} h
 * @param {number} x
 * @param {number} y
 * @returns {Homography}
 */
export function normalizedAt(h, x, y) {
  const depth = h[6] * x + h[7] * y + h[8];
  return h.map((value) => value / depth);
}

/**
 * Mix two near homographies, normalised at the same point.
 * @param {Homography} from
 * @param {Homography} to
 * @param {number} share 0 gives `from`, 1 gives `to`, above 1 goes on in that direction
 * @returns {Homography}
 */
export function mix(from, to, share) {
  return from.map((value, i) => value + share * (to[i] - value));
}

/**
 * The homography through four pairs.
 * @param {Pairs} pairs
 * @param {ArrayLike<number>} four rows of `pairs`
 * @returns {Homography | null} null when three points lie (almost) on a line, or when the frame shows the
 *   four in another sense of turning: a printed picture is never seen mirrored
 */
export function throughFourPairs(pairs, four) {
  const picture = projectiveBasis(pairs.x, pairs.y, four);
  const frame = projectiveBasis(pairs.u, pairs.v, four);
  if (picture === null || frame === null) return null;
  for (let i = 0; i < 4; i += 1) {
    if (picture.areas[i] * frame.areas[i] <= 0) return null;
  }
  return multiply(frame.matrix, adjugate(picture.matrix));
}

/** Least doubled area of a triangle of sample points, in square pixels. */
const LEAST_AREA = 20;

/**
 * The matrix that takes the unit points and (1, 1, 1) to four points.
 * @param {Float64Array} x
 * @param {Float64Array} y
 * @param {ArrayLike<number>} four
 */
function projectiveBasis(x, y, four) {
  const [a, b, c, d] = [four[0], four[1], four[2], four[3]];
  /** @param {number} i @param {number} j @param {number} k doubled signed area */
  const area = (i, j, k) => (x[j] - x[i]) * (y[k] - y[i]) - (x[k] - x[i]) * (y[j] - y[i]);
  const areas = [area(d, b, c), area(a, d, c), area(a, b, d), area(a, b, c)];
  if (areas.some((value) => Math.abs(value) < LEAST_AREA)) return null;
  const [p, q, r] = areas;
  const matrix = Float64Array.of(
    p * x[a], q * x[b], r * x[c], p * y[a], q * y[b], r * y[c], p, q, r,
  );
  return { areas, matrix };
}

/**
 * How `refine` works.
 * @typedef {object} RefineOptions
 * @property {number} steps Gauss-Newton steps
 * @property {number} fromPx pairs farther off than this count nothing in the first step (Tukey's biweight)
 * @property {number} toPx the same in the last step
 * @property {number} width of the picture, for conditioning
 * @property {number} height
 * @property {number} [spreadPx] how far off a pair of weight 1 may well be. When given, the start counts as
 *   known to within a few degrees and percent, so that few or poor pairs cannot bend it beyond reason.
 */

const PARAMETERS = 8;
/** How well the start is known: turn and size as a share of the size, and change of depth across the picture. */
const SHAPE_SPREAD = 0.05;
const DEPTH_SPREAD = 0.05;
const NORMAL = new Float64Array(PARAMETERS * PARAMETERS);
const RIGHT = new Float64Array(PARAMETERS);
const ROW_U = new Float64Array(PARAMETERS);
const ROW_V = new Float64Array(PARAMETERS);

/**
 * Bring a homography nearer to weighted pairs; outliers lose their say.
 * @param {Homography} start
 * @param {Pairs} pairs
 * @param {RefineOptions} options
 * @returns {Homography | null} null when the pairs do not settle it
 */
export function refine(start, pairs, { steps, fromPx, toPx, width, height, spreadPx = 0 }) {
  const unit = 0.5 * Math.max(width, height);
  const [cx, cy] = [0.5 * width, 0.5 * height];
  const toPicture = Float64Array.of(unit, 0, cx, 0, unit, cy, 0, 0, 1);
  const [u0, v0] = project(start, cx, cy);
  const fromFrame = Float64Array.of(1 / unit, 0, -u0 / unit, 0, 1 / unit, -v0 / unit, 0, 0, 1);
  const begin = normalizedAt(multiply(fromFrame, multiply(start, toPicture)), 0, 0);
  const zoom = Math.sqrt(Math.abs(begin[0] * begin[4] - begin[1] * begin[3]));
  const shapeTie = (spreadPx / (unit * SHAPE_SPREAD * zoom)) ** 2;
  const depthTie = (spreadPx / (unit * DEPTH_SPREAD)) ** 2;
  const ties = [shapeTie, shapeTie, 0, shapeTie, shapeTie, 0, depthTie, depthTie];
  let h = begin;
  for (let step = 0; step < steps; step += 1) {
    const limit = fromPx * (toPx / fromPx) ** (steps > 1 ? step / (steps - 1) : 1);
    accumulate(h, pairs, limit / unit, { unit, cx, cy, u0, v0 });
    for (let i = 0; i < PARAMETERS; i += 1) {
      NORMAL[i * (PARAMETERS + 1)] += ties[i];
      RIGHT[i] += ties[i] * (begin[i] - h[i]);
    }
    if (!solveInPlace(NORMAL, RIGHT)) return null;
    h = h.map((value, i) => (i < PARAMETERS ? value + RIGHT[i] : value));
    if (!h.every(Number.isFinite)) return null;
  }
  const back = Float64Array.of(unit, 0, u0, 0, unit, v0, 0, 0, 1);
  const forth = Float64Array.of(1 / unit, 0, -cx / unit, 0, 1 / unit, -cy / unit, 0, 0, 1);
  return normalizedAt(multiply(back, multiply(h, forth)), cx, cy);
}

/**
 * Sum up the normal equations of one step into NORMAL and RIGHT.
 * @param {Homography} h in conditioned coordinates, last entry 1
 * @param {Pairs} pairs
 * @param {number} limit conditioned
 * @param {{unit: number, cx: number, cy: number, u0: number, v0: number}} frame of the conditioning
 */
function accumulate(h, pairs, limit, { unit, cx, cy, u0, v0 }) {
  NORMAL.fill(0);
  RIGHT.fill(0);
  const scale = 1 / unit;
  for (let i = 0; i < pairs.count; i += 1) {
    const x = (pairs.x[i] - cx) * scale;
    const y = (pairs.y[i] - cy) * scale;
    const inverse = 1 / (h[6] * x + h[7] * y + 1);
    const u = (h[0] * x + h[1] * y + h[2]) * inverse;
    const v = (h[3] * x + h[4] * y + h[5]) * inverse;
    const du = (pairs.u[i] - u0) * scale - u;
    const dv = (pairs.v[i] - v0) * scale - v;
    const square = squareOff(pairs, i, du, dv) / (limit * limit);
    if (!(square < 1) || inverse <= 0) continue;
    const weight = pairs.weight[i] * (1 - square) * (1 - square);
    ROW_U[0] = ROW_V[3] = x * inverse;
    ROW_U[1] = ROW_V[4] = y * inverse;
    ROW_U[2] = ROW_V[5] = inverse;
    ROW_U[6] = -u * x * inverse;
    ROW_U[7] = -u * y * inverse;
    ROW_V[6] = -v * x * inverse;
    ROW_V[7] = -v * y * inverse;
    for (let row = 0; row < PARAMETERS; row += 1) {
      const a = weight * (pairs.uu[i] * ROW_U[row] + pairs.uv[i] * ROW_V[row]);
      const b = weight * (pairs.uv[i] * ROW_U[row] + pairs.vv[i] * ROW_V[row]);
      RIGHT[row] += a * du + b * dv;
      for (let column = 0; column <= row; column += 1) {
        NORMAL[row * PARAMETERS + column] += a * ROW_U[column] + b * ROW_V[column];
      }
    }
  }
}

/**
 * Solve `matrix * x = right` by Cholesky's decomposition; x replaces `right`.
 * @param {Float64Array} matrix symmetric, lower half given; overwritten
 * @param {Float64Array} right
 * @returns {boolean} false when the matrix is not safely positive definite
 */
export function solveInPlace(matrix, right) {
  const n = right.length;
  for (let row = 0; row < n; row += 1) {
    const diagonal = matrix[row * n + row];
    for (let column = 0; column <= row; column += 1) {
      let sum = matrix[row * n + column];
      for (let k = 0; k < column; k += 1) sum -= matrix[row * n + k] * matrix[column * n + k];
      if (column < row) {
        matrix[row * n + column] = sum / matrix[column * n + column];
      } else {
        if (!(sum > 1e-10 * diagonal)) return false;
        matrix[row * n + row] = Math.sqrt(sum);
      }
    }
  }
  for (let row = 0; row < n; row += 1) {
    for (let k = 0; k < row; k += 1) right[row] -= matrix[row * n + k] * right[k];
    right[row] /= matrix[row * n + row];
  }
  for (let row = n - 1; row >= 0; row -= 1) {
    for (let k = row + 1; k < n; k += 1) right[row] -= matrix[k * n + row] * right[k];
    right[row] /= matrix[row * n + row];
  }
  return true;
}

/** Shortest side, in frame pixels, a picture may have to be believed. */
const LEAST_SIDE_PX = 16;
/** Most that the depth may differ between two corners: beyond, no phone could have seen the picture. */
const MOST_DEPTH_RATIO = 8;

/**
 * Whether a homography can be a printed picture before a camera: all of it in front, convex, not
 * mirrored, not a sliver.
 * @param {Homography} h
 * @param {number} width of the picture
 * @param {number} height
 */
export function isPlausible(h, width, height) {
  const corners = [[0, 0], [width, 0], [width, height], [0, height]];
  const depths = corners.map(([x, y]) => h[6] * x + h[7] * y + h[8]);
  const nearest = Math.min(...depths);
  if (!(nearest > 0) || Math.max(...depths) > MOST_DEPTH_RATIO * nearest) return false;
  const seen = corners.map(([x, y]) => project(h, x, y));
  return seen.every(([x, y], i) => {
    const [x1, y1] = seen[(i + 1) % 4];
    const [x2, y2] = seen[(i + 2) % 4];
    const side = Math.hypot(x1 - x, y1 - y);
    const turn = (x1 - x) * (y2 - y1) - (y1 - y) * (x2 - x1);
    return side >= LEAST_SIDE_PX && turn > 0.1 * side * Math.hypot(x2 - x1, y2 - y1);
  });
}
