"""What is left of an error when no homography can say where a picture is."""

import cv2
import numpy as np

from tests.bench.viewer.figures import Places, mean_length


def floor_px(points: Places, places: Places) -> float:
    """Error of the best homography there is, in pixels.

    Best is the one with the least squares of distances in the frame (Hartley and Zisserman,
    "Multiple View Geometry", 2nd ed., 4.2.2: error in one image), found by OpenCV. Its error is
    the mean distance, as everywhere in this bench, so that another homography may have a mean
    that is smaller by a little.

    Args:
        points: (K, 2) of the picture, K >= 4.
        places: (K, 2) where they truly are in a frame.

    Raises:
        ValueError: the points lie on one line.
    """
    # The method 0 takes all points and refines what it finds (Levenberg and Marquardt's way).
    matrix, _ = cv2.findHomography(points, places, method=0)
    if matrix is None:
        raise ValueError("points on one line settle no homography")
    seen = np.column_stack([points, np.ones(len(points))]) @ np.asarray(matrix, np.float64).T
    return mean_length(seen[:, :2] / seen[:, 2:] - places)
