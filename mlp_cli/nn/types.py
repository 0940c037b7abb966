"""The array types that the network is written in."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
"""float32 or float64, as the parameters are"""

Images = npt.NDArray[np.uint8]
"""grey levels 0..255, one image per row of the first axis: (n, rows, columns) or (n, pixels)"""

ImagesOrX = npt.NDArray[np.uint8 | np.floating[Any]]
"""grey levels, or floats 0..1, which are x as they are; of the same shapes"""

Labels = npt.NDArray[np.uint8]
"""digits: (n,), the index of the correct class"""

Indices = npt.NDArray[np.intp]
"""whole numbers that count examples or entries from 0"""
