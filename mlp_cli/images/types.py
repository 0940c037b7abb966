"""What the steps from a picture to a digit hand to each other."""

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.float32]
"""grey levels 0..255 as floats: (rows, columns)"""
Ink = npt.NDArray[np.float32]
"""how much each pixel differs from the ground towards ink: 0 is paper, 1 the most there can be"""
Mask = npt.NDArray[np.bool_]
"""which pixels belong to something: (rows, columns)"""
