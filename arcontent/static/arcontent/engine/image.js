// A grey image as the stages share it, and the box halving they all use.

/**
 * One grey plane, row by row from the top left. Values are 0 to 255 where nothing else is said.
 * Pixel centres lie at whole numbers.
 * @typedef {object} GreyImage
 * @property {number} width
 * @property {number} height
 * @property {Float32Array} data width * height values
 */

/**
 * @param {number} width
 * @param {number} height
 * @returns {GreyImage} all zero
 */
export function blankImage(width, height) {
  return { width, height, data: new Float32Array(width * height) };
}

/**
 * Halve an image: each pixel becomes the mean of a 2x2 block. An odd last row or column is dropped.
 *
 * Pixel (x, y) of the result covers the point (2x + 0.5, 2y + 0.5) of the source.
 *
 * @param {GreyImage} source
 * @param {GreyImage} target floor(width / 2) by floor(height / 2), overwritten
 */
export function halveInto(source, target) {
  const { width, height, data } = target;
  const from = source.data;
  const stride = source.width;
  for (let y = 0; y < height; y += 1) {
    let upper = 2 * y * stride;
    let lower = upper + stride;
    for (let x = 0, at = y * width; x < width; x += 1, at += 1) {
      data[at] = (from[upper] + from[upper + 1] + from[lower] + from[lower + 1]) * 0.25;
      upper += 2;
      lower += 2;
    }
  }
}
