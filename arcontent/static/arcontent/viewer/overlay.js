// Where the overlay goes: from pixels of the overlay element over pixels of the picture and of the camera's
// frame to CSS pixels of the screen. Pure functions on 3x3 matrices, kept as nine numbers, row by row.
//
// All places are measured from the top left corner, x to the right, y down; the corner itself is 0. CSS pixels do
// not depend on the device's pixel ratio, so it appears nowhere.

/** @typedef {readonly number[]} Matrix nine numbers, row by row */
/** @typedef {{width: number, height: number}} Size */
/** @typedef {{x: number, y: number}} Place */

/**
 * The product: `second` is done first.
 * @param {Matrix} first @param {Matrix} second
 * @returns {number[]}
 */
export function multiply(first, second) {
  const product = [];
  for (let row = 0; row < 9; row += 3) {
    for (let column = 0; column < 3; column += 1) {
      product.push(
        first[row] * second[column] + first[row + 1] * second[column + 3] + first[row + 2] * second[column + 6],
      );
    }
  }
  return product;
}

/**
 * Where a place goes. `depth` is what x and y were divided by: the place lies before the camera when it is positive.
 * @param {Matrix} matrix @param {Place} place
 * @returns {Place & {depth: number}}
 */
export function project(matrix, { x, y }) {
  const depth = matrix[6] * x + matrix[7] * y + matrix[8];
  return {
    x: (matrix[0] * x + matrix[1] * y + matrix[2]) / depth,
    y: (matrix[3] * x + matrix[4] * y + matrix[5]) / depth,
    depth,
  };
}

/**
 * From pixels of the camera's frame to CSS pixels of the box that shows it with `object-fit: cover`: scaled until
 * it fills the box, centred, the rest cut off.
 * @param {Size} frame @param {Size} box
 * @returns {number[]}
 */
export function coverBox(frame, box) {
  const scale = Math.max(box.width / frame.width, box.height / frame.height);
  const left = (box.width - frame.width * scale) / 2;
  const top = (box.height - frame.height * scale) / 2;
  return [scale, 0, left, 0, scale, top, 0, 0, 1];
}

/**
 * The size of the overlay element before it is transformed: the picture's form, its longer side as given. The
 * element's own `object-fit: cover` then fits a video of another form to it without distortion.
 * @param {Size} picture @param {number} longerSide
 * @returns {Size}
 */
export function elementSize(picture, longerSide) {
  const scale = longerSide / Math.max(picture.width, picture.height);
  return { width: picture.width * scale, height: picture.height * scale };
}

/**
 * From pixels of the overlay element to CSS pixels of the box.
 * @param {object} pose
 * @param {Matrix} pose.homography from pixels of the picture to pixels of the frame
 * @param {Size} pose.picture
 * @param {Size} pose.frame
 * @param {Size} pose.element
 * @param {Size} pose.box
 * @returns {number[] | null} null when it could not be drawn: a corner behind the camera, or the back of the picture
 */
export function elementToBox({ homography, picture, frame, element, box }) {
  const toPicture = [picture.width / element.width, 0, 0, 0, picture.height / element.height, 0, 0, 0, 1];
  const raw = multiply(coverBox(frame, box), multiply(homography, toPicture));
  const middle = project(raw, { x: element.width / 2, y: element.height / 2 });
  if (!Number.isFinite(middle.depth) || middle.depth === 0) return null;
  const matrix = raw.map((entry) => entry / middle.depth);
  return isDrawable(corners(matrix, element)) ? matrix : null;
}

/**
 * Where the corners of an element go: top left, top right, bottom right, bottom left.
 * @param {Matrix} matrix @param {Size} element
 */
export function corners(matrix, { width, height }) {
  const outline = [
    { x: 0, y: 0 },
    { x: width, y: 0 },
    { x: width, y: height },
    { x: 0, y: height },
  ];
  return outline.map((place) => project(matrix, place));
}

/** @param {(Place & {depth: number})[]} quad */
function isDrawable(quad) {
  return quad.every((corner, index) => {
    const next = quad[(index + 1) % 4];
    const afterNext = quad[(index + 2) % 4];
    const turn = (next.x - corner.x) * (afterNext.y - next.y) - (next.y - corner.y) * (afterNext.x - next.x);
    return corner.depth > 0 && turn > 0; // clockwise with y down: seen from its front
  });
}

/**
 * The matrix as a value of CSS `transform`, for an element whose `transform-origin` is its top left corner. The
 * third dimension is left alone.
 * @param {Matrix} matrix
 */
export function toCss([a, b, c, d, e, f, g, h, i]) {
  return `matrix3d(${[a, d, 0, g, b, e, 0, h, 0, 0, 1, 0, c, f, 0, i].join(",")})`;
}
