"""New images from old ones: shifted, scaled, slanted, rotated, and bent like rubber.

Every pixel of a distorted image is read at a position in the original, between four of its pixels.
Both coordinates of that position are linear in a few random parameters p_k per image:

    p_1 + p_2 (r - centre) + p_3 (c - centre) + sum over k > 3 of p_k wave_k(r, c)

The first three shift, scale, slant and rotate; the waves together are noise smoothed by a Gaussian.
So one matrix product gives the positions for a whole block of images.

Source: P. Simard, D. Steinkraus and J. Platt, "Best practices for convolutional neural networks
applied to visual document analysis", ICDAR 2003, section 2.
"""

import numpy as np
import numpy.typing as npt

from mlp_cli.learning.names import DistortionName
from mlp_cli.nn.types import Images

Float64s = npt.NDArray[np.float64]
Float32s = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

# Amplitudes at strength 1. Lengths are in pixels of an image whose shorter side is REFERENCE_SIDE,
# and grow with that side.
REFERENCE_SIDE = 28
SHIFT = 1.5
ROTATION = 0.2  # radians
SCALE = 0.15  # of the logarithm: from 0.86 to 1.16
SLANT = 0.15  # columns per row
SMOOTHING = 5.0  # of the Gaussian
DISPLACEMENT = 0.65  # standard deviation of a coordinate; alpha 20 in the source's terms

# The fraction of the smoothed noise's variance that may be left out, with its finest waves.
NEGLIGIBLE = 0.001

# From here on a pixel of the border counts as part of a digit that is cut off there.
BRIGHT = 128

# Parameters and waves are multiples of this, which makes their products and sums exact in float32
# up to 256 pixels: the images do not depend on the order in which a BLAS adds, so neither on its
# threads nor on where a block ends.
QUANTUM = 1 / 256

# Pixels at a time. Seconds per 60,000 elastic images of 28 x 28 on one core, by images at a time:
# 32 1.08, 64 0.85, 128 0.71, 256 0.63, 512 0.63.
PIXELS_PER_BLOCK = 200_000


def distort(
    images: Images, rng: np.random.Generator, kind: DistortionName, strength: float = 1.0
) -> Images:
    """Return a distorted copy of every image, each by random parameters of its own.

    shift    moves an image by up to SHIFT along rows and columns
    affine   also scales its rows and columns, slants and rotates it, about its centre
    elastic  also displaces every pixel by smooth noise

    What is read outside an image is 0. A distortion that would cut a digit off, so that a pixel of
    the border becomes BRIGHT where none was, is halved until it does not.

    images: (n, rows, columns).  strength: multiplies every amplitude; 0 changes nothing.
    """
    n, rows, columns = images.shape
    unit = min(rows, columns) / REFERENCE_SIDE
    patterns = _planes(rows, columns)
    if kind == "elastic":
        patterns = np.concatenate([patterns, _waves(rows, columns, SMOOTHING * unit)])
    identity = np.zeros((2, 1, len(patterns)), np.float32)
    identity[:, 0, :3] = [((rows - 1) / 2, 1, 0), ((columns - 1) / 2, 0, 1)]

    shifts = strength * SHIFT * unit * rng.uniform(-1, 1, (2, n))
    matrices = np.broadcast_to(np.eye(2)[:, None], (2, n, 2))
    if kind != "shift":
        matrices = _matrices(strength * rng.uniform(-1, 1, (4, n)))
    distorted = np.empty(images.shape, np.uint8)
    step = max(1, PIXELS_PER_BLOCK // (rows * columns))
    sampler = _Sampler(step, rows, columns, patterns)
    for start in range(0, n, step):
        block = slice(start, start + step)
        parameters = np.repeat(identity, len(images[block]), axis=1)
        parameters[:, :, 0] -= shifts[:, block]
        parameters[:, :, 1:3] = matrices[:, block]
        if kind == "elastic":
            bends = rng.standard_normal((parameters.shape[1], 2, len(patterns) - 3), np.float32)
            parameters[:, :, 3:] = strength * DISPLACEMENT * unit * bends.transpose(1, 0, 2)
        distorted[block] = _keep_inside(images[block], parameters, identity, sampler)
    return distorted


def _keep_inside(
    images: Images, parameters: Float32s, identity: Float32s, sampler: "_Sampler"
) -> Images:
    """Return the images distorted by these parameters, or by a half, a quarter, ... of them.

    parameters: (2, n, k), changed in place.  identity: (2, 1, k), distorts nothing.
    """
    distorted = sampler.sample(images, parameters)
    cut = np.flatnonzero(_has_bright_border(distorted) & ~_has_bright_border(images))
    while len(cut):  # ends at the latest where rounding makes them the identity
        parameters[:, cut] = (parameters[:, cut] + identity) / 2
        distorted[cut] = sampler.sample(images[cut], parameters[:, cut])
        cut = cut[_has_bright_border(distorted[cut])]
    return distorted


def _has_bright_border(images: Images) -> Bools:
    """Return for each image whether a pixel of its first or last row or column is bright."""
    ends = [0, -1]
    rows, columns = images[:, ends], images[:, :, ends]
    border = np.concatenate([rows.reshape(len(rows), -1), columns.reshape(len(rows), -1)], axis=1)
    bright: Bools = border.max(axis=1, initial=0) >= BRIGHT
    return bright


def _matrices(u: Float64s) -> Float64s:
    """Return the matrices from a distorted image's offsets from the centre to the original's.

    The original is scaled, then slanted (its top to the right for a slant above 0), then rotated
    counter-clockwise; the matrix undoes these steps in turn.

    u: (4, n), -strength..strength: rotation, slant, scale of rows and of columns.
    Returns (2, n, 2): the row, then the column, from row and column offset.
    """
    rotation, slant = ROTATION * u[0], SLANT * u[1]
    shrink_rows, shrink_columns = np.exp(-SCALE * u[2:])
    cos, sin = np.cos(rotation), np.sin(rotation)
    row = [cos * shrink_rows, sin * shrink_rows]
    column = [(slant * cos - sin) * shrink_columns, (slant * sin + cos) * shrink_columns]
    return np.array([row, column]).transpose(0, 2, 1)


def _planes(rows: int, columns: int) -> Float32s:
    """Return the patterns of the first three parameters, 1, r - centre, c - centre: (3, pixels)."""
    r, c = np.indices((rows, columns)).reshape(2, -1)
    planes = [np.ones(rows * columns), r - (rows - 1) / 2, c - (columns - 1) / 2]
    return np.array(planes, np.float32)


def _waves(rows: int, columns: int, sigma: float) -> Float32s:
    """Return patterns whose sum, each times a standard normal number, is smooth noise: (k, pixels).

    White noise N smoothed along columns and rows is S N T^T. With S = U diag(s) A^T and
    T = V diag(t) B^T it is U (diag(s) M diag(t)) V^T, and M = A^T N B is white noise again, since
    A and B are orthogonal. So the patterns are s_i t_j u_i v_j^T; the largest few dozen are
    nearly all of it, and their mean variance is scaled to 1.
    """
    U, s = _smoothing(rows, sigma)
    V, t = _smoothing(columns, sigma)
    variance = np.outer(s, t).ravel() ** 2
    largest = np.argsort(-variance, kind="stable")
    explained = np.cumsum(variance[largest]) / variance.sum()
    largest = largest[: np.count_nonzero(explained < 1 - NEGLIGIBLE) + 1]
    i, j = np.divmod(largest, len(t))
    waves = np.einsum("k,rk,ck->krc", np.sqrt(variance[largest]), U[:, i], V[:, j])
    waves *= np.sqrt(rows * columns / variance[largest].sum())
    return _quantised(waves.reshape(len(largest), -1))


def _smoothing(side: int, sigma: float) -> tuple[Float64s, Float64s]:
    """Return U and s of the matrix S = U diag(s) A^T that smooths noise along one side.

    The noise continues beyond both ends, so that pixels there move as far as those in the middle.
    """
    margin = int(4 * sigma) + 1
    distance = np.arange(side)[:, None] - np.arange(-margin, side + margin)
    U, s, _ = np.linalg.svd(np.exp(-((distance / sigma) ** 2) / 2), full_matrices=False)
    return U, s


def _quantised(values: Float32s | Float64s) -> Float32s:
    """Return the nearest multiples of QUANTUM."""
    quantised: Float32s = (np.rint(values / QUANTUM) * QUANTUM).astype(np.float32)
    return quantised


class _Sampler:
    """Reads images between their pixels, in arrays made once.

    Arrays made again for every block take a fresh process twice the time of all the rest, because
    the system hands out their memory page by page, again and again.
    """

    def __init__(self, most: int, rows: int, columns: int, patterns: Float32s) -> None:
        self._patterns = patterns
        # One pixel of 0 before, two behind: every position outside is moved into them.
        self._padded = np.zeros((most, rows + 3, columns + 3), np.float32)
        self._floats = np.empty((6, most, rows * columns), np.float32)
        self._at = np.empty((most, rows * columns), np.intp)

    def sample(self, images: Images, parameters: Float32s) -> Images:
        """Return the grey levels at the positions that the parameters give, bilinear in between.

        images: (n, rows, columns), n at most `most`.  parameters: (2, n, k).
        """
        n, rows, columns = images.shape
        r, c, top, top_right, bottom, bottom_right = self._floats[:, :n]
        for position, p, size in zip((r, c), _quantised(parameters), (rows, columns), strict=True):
            np.matmul(p, self._patterns, out=position)
            np.clip(position, -1, size, out=position)

        # An index within an image is exact in float32 up to 2^24.
        width = columns + 3
        index, first_column = np.floor(r, out=top), np.floor(c, out=bottom)
        r -= index
        c -= first_column
        index *= width
        index += first_column
        at = self._at[:n]
        np.copyto(at, index, casting="unsafe")
        at += np.arange(n)[:, None] * self._padded[0].size + (width + 1)

        self._padded[:n, 1:-2, 1:-2] = images
        pixels = self._padded.reshape(-1)
        corners = {0: top, 1: top_right, width: bottom, width + 1: bottom_right}
        for corner, levels in corners.items():
            # mode="clip" only because "raise" is slower: no index is out of bounds.
            pixels[corner:].take(at, out=levels, mode="clip")
        levels = _between(_between(top, top_right, c), _between(bottom, bottom_right, c), r)
        levels += 0.5
        return levels.astype(np.uint8).reshape(images.shape)


def _between(a: Float32s, b: Float32s, t: Float32s) -> Float32s:
    """Return a + t (b - a), in the memory of b."""
    b -= a
    b *= t
    b += a
    return b
