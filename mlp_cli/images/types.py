"""The array types of the steps from a picture to a digit."""

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.float32]
"""grey levels 0..255 as floats: (rows, columns)"""
Ink = npt.NDArray[np.float32]
"""how far each pixel is from the ground towards ink: 0 is paper, 1 the largest possible distance"""
Mask = npt.NDArray[np.bool_]
"""True for the pixels that belong to something: (rows, columns)"""
IndexArray = npt.NDArray[np.int64]
"""rows, columns, or numbers of pixels or parts"""
