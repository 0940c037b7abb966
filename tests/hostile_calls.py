"""Calls of the kernel that no caller of ours makes: `python -m tests.hostile_calls SEED COUNT`.

Each begins as a call that is right, and then some of its arguments are exchanged: other types and
shapes, counts that are huge or below 0, memory that is read-only, not contiguous, not aligned,
empty or shared by several arguments, tuples of other lengths. The answer must be an exception that
says what is wrong, or success. Every array lies between bytes that nobody may write; after each
call these are compared, and so are the arrays' reference counts, which a buffer that was not
released would raise. A crash ends the process.
"""

import faulthandler
import sys
import traceback
from functools import cache
from itertools import pairwise

import numpy as np

from mlp_cli.learning.compiled import variants
from tests.compiled import KERNEL

MARGIN, GUARD = 128, 0xA5
ANSWERS = (TypeError, ValueError, IndexError, OverflowError, BufferError, MemoryError)
NUMBERS = (
    *(0, 1, 2, 3, 7, 255, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, 10**30, -1, -2, -(2**31)),
    *(-(2**63), True, 0.5, float("nan"), float("inf"), -float("inf"), 1e308, 1e39, 1e-320),
)
THINGS = (
    *(None, "", "x", "avx512", "\0", "\ud800", b"", b"abc", (), [], {}, (None,) * 5, (1, 2)),
    *(bytearray(64), memoryview(bytes(64)), object(), int, KERNEL, range(3), 1j),
)


class Arena:
    """The arrays of one call, each between guards."""

    def __init__(self):
        self.rooms = []

    def array(self, values, *, at=0):
        """These values in guarded memory, a line of the cache plus `at` bytes from its start."""
        values = np.ascontiguousarray(values)
        room = np.full(values.nbytes + 2 * MARGIN + 64, GUARD, np.uint8)
        start = MARGIN + -(room.ctypes.data + MARGIN) % 64 + at
        inner = room[start : start + values.nbytes].view(values.dtype).reshape(values.shape)
        inner[...] = values
        self.rooms.append((room, start, start + values.nbytes))
        return inner

    def is_intact(self):
        return all(
            (room[:start] == GUARD).all() and (room[end:] == GUARD).all()
            for room, start, end in self.rooms
        )


def choice(rng, values):
    return values[int(rng.integers(len(values)))]


def right_call(rng, arena):
    """The arguments of `learn`, as a list, with the layers as lists."""
    kind = choice(rng, (np.float32, np.float64))
    lanes = 64 // np.dtype(kind).itemsize
    sizes = [int(n) for n in rng.integers(1, 40, int(rng.integers(2, 5)))]
    m = int(rng.integers(1, 15))
    count = m * int(rng.integers(0, 4))
    is_moving = rng.random() < 0.5
    layers, below = [], None

    def numbers(*shape):
        return arena.array(rng.standard_normal(shape).astype(kind))

    for n_in, n_out in pairwise(sizes):
        width = -(-n_out // lanes) * lanes
        layer = [n_out, numbers(n_in + 1, width), None, None, None]
        if below:
            layer[2] = numbers(n_out, below)
        if is_moving:
            layer[3] = numbers(n_in + 1, width)
            layer[4] = numbers(n_out, below) if below else None
        layers.append(layer)
        below = width
    images = rng.integers(256, size=(int(rng.integers(1, 9)), sizes[0]), dtype=np.uint8)
    images[rng.random(images.shape) < 0.5] = 0
    labels = rng.integers(sizes[-1], size=len(images)).astype(np.uint8)
    hidden = sum(sizes[1:-1])
    return [
        choice(rng, variants()),
        layers,
        int(rng.integers(3)),
        bool(rng.random() < 0.5),
        bool(rng.random() < 0.5),
        arena.array(images),
        arena.array(labels),
        arena.array(rng.integers(len(images), size=count)),
        m,
        0.1,
        0.5 if is_moving else 0.0,
        choice(rng, (0.0, 0.01)),
        numbers(count * hidden) if rng.random() < 0.3 else None,
        numbers(count, sizes[-1]),
    ]


def other_array(rng, arena, array):
    """An array that is like this one but for one thing."""
    kind = int(rng.integers(16))
    size = max(array.size, 1)
    if kind == 0:
        array.flags.writeable = False
        return array
    if kind == 1:
        return np.repeat(array, 2, axis=-1)[..., ::2]
    if kind == 2:
        return array[::-1]
    if kind == 3:
        return np.asfortranarray(array) if array.ndim == 2 else array[:, None]
    if kind == 4:
        return array.T
    if kind == 5:
        dtype = choice(rng, ("f2", "f4", "f8", "i1", "u1", "i4", "i8", "u8", "c8", "?", "O", "S1"))
        return np.zeros(array.shape, dtype)
    if kind == 6:
        return array.astype(array.dtype.newbyteorder())
    if kind == 7:
        return array[: len(array) // 2] if array.ndim else array
    if kind == 8:
        return array[..., :-1].copy()
    if kind == 9:
        return np.concatenate([array, array])
    if kind == 10:
        return arena.array(array, at=int(rng.integers(1, 9)))
    if kind == 11:
        return array.reshape(choice(rng, ((-1,), (1, *array.shape), (*array.shape, 1))))
    if kind == 12:
        return choice(rng, (np.zeros((0, *array.shape[1:]), array.dtype), np.float32(1)))
    if kind == 13:
        return choice(rng, (memoryview(array), bytearray(array.tobytes()), array.tobytes()))
    if kind == 14:
        if array.dtype.kind == "f":
            values = np.array([np.nan, np.inf, -np.inf, 1e-40, 1e38, -1e38], array.dtype)
        else:
            values = np.array([0, 255, -1, -(2**63), 2**63 - 1, size]).astype(array.dtype)
        if array.size and array.flags.writeable:
            array.reshape(-1)[rng.integers(array.size)] = choice(rng, values)
        return array
    # Rows without end: of the right type, and of memory that is never touched.
    return _endless(array.dtype.char, int(choice(rng, (2**20, 2**31 - 16, 2**31, 2**33))))


@cache
def _endless(kind, columns):
    if columns * np.dtype(kind).itemsize > 2**36:
        columns = 2**20
    return np.lib.stride_tricks.as_strided(np.zeros(1, kind), (0, columns), (0, 0))


def share(rng, arena, one, other):
    """The first array as it would lie in the memory of the other, if there is room for it."""
    if one.nbytes > other.nbytes:
        return other
    start = int(choice(rng, (0, 0, 8, other.nbytes - one.nbytes)))
    start = min(start, other.nbytes - one.nbytes)
    inner = other.reshape(-1).view(np.uint8)[start : start + one.nbytes]
    inner[...] = np.ascontiguousarray(one).reshape(-1).view(np.uint8)
    return inner.view(one.dtype).reshape(one.shape)


def exchange(rng, arena, arguments):
    """Exchange one argument, or one part of a layer."""
    where = arguments
    if rng.random() < 0.5 and isinstance(arguments[1], list) and arguments[1]:
        where = choice(rng, arguments[1])
        if not isinstance(where, list) or not where:
            return
    at = int(rng.integers(len(where)))
    kind, old = rng.random(), where[at]
    if isinstance(old, list) and kind < 0.5:
        if old and rng.random() < 0.5:
            del old[int(rng.integers(len(old)))]
        else:
            old.append(choice(rng, (*old, *THINGS)))
    elif kind < 0.1:
        where[at] = choice(rng, THINGS)
    elif isinstance(old, np.ndarray) and kind < 0.6:
        where[at] = other_array(rng, arena, old)
    elif isinstance(old, np.ndarray):
        arrays = [a for a in arguments if isinstance(a, np.ndarray)]
        for layer in arguments[1] if isinstance(arguments[1], list) else []:
            if isinstance(layer, list):
                arrays += [a for a in layer if isinstance(a, np.ndarray)]
        other = choice(rng, arrays or [old])
        are_whole = old.flags.c_contiguous and other.flags.c_contiguous
        if are_whole and other.flags.writeable and "O" not in (old.dtype.char, other.dtype.char):
            where[at] = share(rng, arena, old, other)
    else:
        where[at] = choice(rng, NUMBERS)


def call(rng):
    """One call of `learn`, or of `activate`.  Returns whether it was answered by success."""
    arena = Arena()
    if rng.random() < 0.2:
        kind = choice(rng, (np.float32, np.float64))
        z = arena.array(rng.standard_normal(int(rng.integers(0, 200))).astype(kind))
        arguments = [choice(rng, variants()), int(rng.integers(3)), z, arena.array(z)]
        function = KERNEL.activate
    else:
        arguments, function = right_call(rng, arena), KERNEL.learn
    changes, is_cut = choice(rng, (0, 1, 1, 1, 1, 2, 3)), rng.random() < 0.02
    for _ in range(changes):
        if function is KERNEL.learn:
            exchange(rng, arena, arguments)
        else:
            at = int(rng.integers(4))
            is_array = isinstance(arguments[at], np.ndarray) and rng.random() < 0.7
            arguments[at] = (
                other_array(rng, arena, arguments[at])
                if is_array
                else choice(rng, (*NUMBERS, *THINGS))
            )
    if is_cut:
        arguments = arguments[: int(rng.integers(len(arguments)))]
    given = [tuple(map(_tuple, a)) if isinstance(a, list) and a else a for a in arguments]
    held = [a for a in _flat(given) if isinstance(a, np.ndarray)]
    before = [sys.getrefcount(a) for a in held]
    try:
        function(*given)
        is_accepted = True
    except ANSWERS:
        if not (changes or is_cut):
            raise
        is_accepted = False
    assert [sys.getrefcount(a) for a in held] == before, "a buffer was not released"
    assert arena.is_intact(), "written beside an array"
    assert np.float32(1e-38) / np.float32(8) > 0, "numbers next to 0 are flushed still"
    return is_accepted


def _tuple(value):
    return tuple(value) if isinstance(value, list) else value


def _flat(values):
    for value in values:
        if isinstance(value, tuple):
            yield from _flat(value)
        else:
            yield value


def main(seed, count):
    """Make so many calls, and return how many were not answered as they should be."""
    failures = accepted = 0
    for number in range(count):
        try:
            accepted += call(np.random.default_rng([seed, number]))
        except Exception:  # whatever it is, it is what is looked for
            failures += 1
            print(f"calls {seed} {number}", file=sys.stderr)  # noqa: T201
            traceback.print_exc()
    print(f"calls: {count} cases, {accepted} accepted, {failures} failed")  # noqa: T201
    return failures


if __name__ == "__main__":
    faulthandler.enable()
    np.seterr(all="ignore")
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])) > 0)
