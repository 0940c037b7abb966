"""The array types of a dataset."""

import numpy as np
import numpy.typing as npt

ImageArray = npt.NDArray[np.uint8]
"""grey levels 0..255: (n, rows, columns)"""
LabelArray = npt.NDArray[np.uint8]
"""classes, counted from 0: (n,)"""
ExampleIndices = npt.NDArray[np.intp]
"""which examples, counted from 0: (n,)"""
