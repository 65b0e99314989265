"""Names for the arrays that the compiler's steps hand to each other.

NumPy cannot type a shape, so the name carries the dtype and the comment the shape, range and unit.
Axes of images are (row, column); coordinates are always (x, y), y down, and a pixel's centre is an
integer.
"""

import numpy as np
from numpy.typing import NDArray

ColourImage = NDArray[np.uint8]
"""(H, W, 3), 0..255, channels blue, green, red (OpenCV's order)."""

GrayImage = NDArray[np.uint8]
"""(H, W), 0..255."""

FloatImage = NDArray[np.float32]
"""(H, W), grey values 0..255 or differences of such."""

Points = NDArray[np.float32]
"""(N, 2), x then y, in pixels of the image that is named beside it."""

PixelPoints = NDArray[np.int32]
"""(N, 2), x then y, whole pixels of the image that is named beside it."""

Scores = NDArray[np.float32]
"""(N,), larger is stronger."""

Angles = NDArray[np.float32]
"""(N,), radians in (-pi, pi], from x towards y (clockwise on the screen)."""

Octaves = NDArray[np.int32]
"""(N,), number of the pyramid octave; a pixel of octave ``k`` is ``2**k`` image pixels wide."""

Mask = NDArray[np.bool_]
"""(N,)"""

Rows = NDArray[np.int64]
"""(K,), numbers of rows of another array."""

Descriptors = NDArray[np.uint8]
"""(N, 84), 666 bits, most significant first, and 6 zero bits."""

Distances = NDArray[np.uint16]
"""(N, M), Hamming distances in bits."""
