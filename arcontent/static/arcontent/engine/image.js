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
 * Fill an image with what another shows through a linear map: read by bilinear interpolation, the border goes on.
 * @param {GreyImage} source
 * @param {GreyImage} target overwritten
 * @param {ArrayLike<number>} map six numbers, row by row: from places in the target to places in the source, both in
 *   pixels from the top left corner
 */
export function magnifyInto(source, target, map) {
  const [xx, xy, x0, yx, yy, y0] = Array.from(map);
  const { width, height, data } = source;
  for (let j = 0, at = 0; j < target.height; j += 1) {
    for (let i = 0; i < target.width; i += 1, at += 1) {
      const x = Math.min(Math.max(xx * (i + 0.5) + xy * (j + 0.5) + x0 - 0.5, 0), width - 1);
      const y = Math.min(Math.max(yx * (i + 0.5) + yy * (j + 0.5) + y0 - 0.5, 0), height - 1);
      const left = Math.min(x | 0, width - 2);
      const top = Math.min(y | 0, height - 2);
      const fx = x - left;
      const upper = top * width + left;
      const lower = upper + width;
      const above = data[upper] + (data[upper + 1] - data[upper]) * fx;
      target.data[at] = above + (data[lower] + (data[lower + 1] - data[lower]) * fx - above) * (y - top);
    }
  }
}
