"""The epoch as one function in C, compiled at run time for the machine it runs on.

A yardstick: what is left when nothing stands between the mini-batches. `plain.c` is what one
writes, `blocked.c` what one writes after measuring.
"""

import ctypes
import errno
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

FLAGS = ["-O3", "-march=native", "-ffast-math", "-std=c11", "-shared", "-fPIC"]
LINE = 64
"""bytes a vector is aligned to, at most"""


class _C:
    """The library, and the arguments that both sources take alike."""

    def __init__(self, network, images, labels, *, eta, batch_size, rng):
        self.library = compile_library(self.source, [*self.flags, f"-DBATCH={batch_size}"])
        self.images = np.ascontiguousarray(images).reshape(len(images), -1)
        self.labels = np.ascontiguousarray(labels)
        self.eta, self.batch_size = eta, batch_size
        self.sizes = network.sizes
        self.order = np.arange(len(images), dtype=np.int64)
        self.state = rng.integers(1, 2**63, size=1, dtype=np.uint64)
        self.arrays, structures = [], []
        for W, b in zip(network.weights, network.biases, strict=True):
            self.arrays.append(self.lay_out(W, b))
            structures.append(self.structure(W, *self.arrays[-1]))
        self.layers = (type(structures[0]) * len(structures))(*structures)

    def train_epoch(self):
        self.library.train_epoch(
            len(self.layers),
            self.layers,
            address(self.images),
            address(self.labels),
            ctypes.c_int64(len(self.images)),
            ctypes.c_float(self.eta),
            address(self.x),
            address(self.order),
            address(self.state),
        )


class Plain(_C):
    """Loops left to the compiler, which unrolls them: a fifth faster here."""

    source, flags = "plain.c", ("-funroll-loops",)

    class Layer(ctypes.Structure):
        _fields_ = (
            *((name, ctypes.c_int) for name in ("n_in", "n_out")),
            *((name, ctypes.c_void_p) for name in ("W", "b", "a", "dz")),
        )

    def __init__(self, network, *arguments, **options):
        super().__init__(network, *arguments, **options)
        self.x = zeros(self.batch_size, self.sizes[0])

    def lay_out(self, W, b):
        a, dz = (zeros(self.batch_size, len(b)) for _ in range(2))
        return np.array(W, np.float32), np.array(b, np.float32), a, dz

    def structure(self, W, *arrays):
        return self.Layer(W.shape[1], W.shape[0], *map(address, arrays))

    def parameters(self):
        return [W for W, *_ in self.arrays], [b for _, b, *_ in self.arrays]


class Blocked(_C):
    """Sums kept in registers: W^T, with columns and examples rounded up to whole blocks."""

    source, flags = "blocked.c", ()

    class Layer(ctypes.Structure):
        _fields_ = (
            *((name, ctypes.c_int) for name in ("n_in", "n_out", "width")),
            *((name, ctypes.c_void_p) for name in ("W", "b", "a", "dz", "T")),
        )

    def __init__(self, network, *arguments, **options):
        super().__init__(network, *arguments, **options)
        self.x = zeros(self.library.rows(), self.sizes[0])

    def lay_out(self, W, b):
        n_out, n_in = W.shape
        rows, width, below = self.library.rows(), self._rounded(n_out), self._rounded(n_in)
        W_T, b_wide = zeros(n_in, width), zeros(width)
        W_T[:, :n_out], b_wide[:n_out] = W.T, b
        return W_T, b_wide, zeros(rows, width), zeros(rows, width), zeros(n_out, below)

    def structure(self, W, W_T, *arrays):
        return self.Layer(W.shape[1], W.shape[0], W_T.shape[1], *map(address, (W_T, *arrays)))

    def parameters(self):
        outputs = self.sizes[1:]
        weights = [W_T[:, :n].T for (W_T, *_), n in zip(self.arrays, outputs, strict=True)]
        return weights, [b[:n] for (_, b, *_), n in zip(self.arrays, outputs, strict=True)]

    def _rounded(self, units):
        block = self.library.block()
        return -(-units // block) * block


def compile_library(source, flags):
    """The library of a source beside this file; FileNotFoundError where no compiler works."""
    compiler = os.environ.get("CC", "cc")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "library.so"
        path = Path(__file__).with_name(source)
        subprocess.run([compiler, *FLAGS, *flags, path, "-o", target, "-lm"], check=False)
        if not target.exists():
            raise FileNotFoundError(errno.ENOENT, "a compiler that works", compiler)
        return ctypes.CDLL(str(target))


def address(array):
    return ctypes.c_void_p(array.ctypes.data)


def zeros(*shape):
    """An array of float32 zeros that begins on a cache line."""
    count = int(np.prod(shape))
    raw = np.zeros(4 * count + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + 4 * count].view(np.float32).reshape(shape)
