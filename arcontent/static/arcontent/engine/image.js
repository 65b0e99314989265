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

/**
 * Fill an image with a part of another, stretched: read by bilinear interpolation, the border goes on.
 * @param {GreyImage} source
 * @param {GreyImage} target overwritten
 * @param {number} left of the part, in pixels of the source from its top left corner
 * @param {number} top
 * @param {number} stepX pixels of the source for one of the target
 * @param {number} stepY
 */
export function magnifyInto(source, target, left, top, stepX, stepY) {
  const { width, height, data } = source;
  for (let j = 0, at = 0; j < target.height; j += 1) {
    const y = Math.min(Math.max(top + (j + 0.5) * stepY - 0.5, 0), height - 1);
    const y0 = Math.min(Math.floor(y), height - 2);
    const fy = y - y0;
    for (let i = 0; i < target.width; i += 1, at += 1) {
      const x = Math.min(Math.max(left + (i + 0.5) * stepX - 0.5, 0), width - 1);
      const x0 = Math.min(x | 0, width - 2);
      const fx = x - x0;
      const upper = y0 * width + x0;
      const lower = upper + width;
      const above = data[upper] + (data[upper + 1] - data[upper]) * fx;
      target.data[at] = above + (data[lower] + (data[lower + 1] - data[lower]) * fx - above) * fy;
    }
  }
}
