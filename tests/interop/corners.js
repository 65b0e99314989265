// Where a stock MindAR Controller sees its target, in pixels of the frame. Shared by all pages that run it.

/**
 * From pixels of the target, origin top left, to pixels of the frame: nine numbers, row by row.
 * @param controller
 * @param target its width and height
 * @param frame its width and height
 * @param world the pose that the Controller tells, sixteen numbers, column by column
 */
export function homographyOf(controller, [targetWidth, targetHeight], [frameWidth, frameHeight], world) {
  const projection = controller.getProjectionMatrix();
  // The world's unit is a pixel of the target, its origin the lower left corner, its y axis up.
  const [right, up, origin] = [[1, 0, 0, 0], [0, 1, 0, 0], [0, targetHeight, 0, 1]].map((vector) =>
    times(projection, times(world, vector)),
  );
  const columns = [right, up.map((value) => -value), origin];
  return [
    ...columns.map(([x, , , w]) => ((x + w) / 2) * frameWidth),
    ...columns.map(([, y, , w]) => ((w - y) / 2) * frameHeight),
    ...columns.map(([, , , w]) => w),
  ];
}

/** The target's corners in the frame: top left, top right, bottom right, bottom left. Takes what `homographyOf` takes. */
export function cornersOf(controller, target, frame, world) {
  const [a, b, c, d, e, f, g, h, i] = homographyOf(controller, target, frame, world);
  const [width, height] = target;
  return [[0, 0], [width, 0], [width, height], [0, height]].map(([x, y]) => {
    const depth = g * x + h * y + i;
    return [(a * x + b * y + c) / depth, (d * x + e * y + f) / depth];
  });
}

/** Multiply a 4x4 matrix, stored by columns, with a vector. */
function times(matrix, vector) {
  return [0, 1, 2, 3].map((row) =>
    vector.reduce((sum, value, column) => sum + matrix[4 * column + row] * value, 0),
  );
}
