"""The views of images as ONNX operators: the numbers of `learning/views.py`, in the model itself.

Everything is float64, in which the sums are exact; positions and levels are rounded as there.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlp_cli.learning.names import width_of
from mlp_cli.learning.views import STEPS

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

ROWS, COLUMNS = 1, 2
"""axes of (n, rows, columns)"""


class ViewNodes:
    """The operators of a view, from a tensor of grey levels to one of levels as they are seen."""

    def __init__(self, name: str, shape: tuple[int, ...]) -> None:
        self._rows, self._columns = shape
        self._width = width_of(name)
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def take(self, images: str) -> str:
        """Add the operators; return the name of the result, float64, (n, rows, columns).

        images: the name of a tensor of float64, (n, rows, columns).
        """
        return self._stretched(images, self._width) if self._width else self._deslanted(images)

    def _deslanted(self, p: str) -> str:
        """Every row is read at c + move / STEPS, linearly between two of its pixels."""
        moves = self._moves(p)
        whole = self._op("Floor", self._op("Div", moves, self._is(STEPS)))
        part = self._op("Sub", moves, self._op("Mul", whole, self._is(STEPS)))
        # With a column of 0 on both sides: every position outside is moved into these.
        padded = self._op("Pad", p, self._constant([0, 0, 1, 0, 0, 1], np.int64))
        levels = []
        for offset, weight in ((1, self._op("Sub", self._is(STEPS), part)), (2, part)):
            at = self._op("Add", self._counted(self._columns, (1, 1, -1), offset), whole)
            at = self._between(at, 0, self._columns + 1)
            near = self._op("GatherElements", padded, self._integers(at), axis=COLUMNS)
            levels.append(self._op("Mul", near, weight))
        return self._rounded(self._op("Add", *levels))

    def _moves(self, p: str) -> str:
        """How far every row moves to the left, in STEPS: (n, rows, 1)."""
        r = self._counted(self._rows, (-1, 1))
        mass = self._sum(p, COLUMNS)
        first = self._op("MatMul", p, self._counted(self._columns, (-1, 1)))
        total, sum_r = self._sum(mass, ROWS), self._sum(self._op("Mul", mass, r), ROWS)
        mixed = self._op("Mul", total, self._sum(self._op("Mul", first, r), ROWS))
        mixed = self._op("Sub", mixed, self._op("Mul", sum_r, self._sum(first, ROWS)))
        spread = self._sum(self._op("Mul", mass, self._op("Mul", r, r)), ROWS)
        spread = self._op("Sub", self._op("Mul", total, spread), self._op("Mul", sum_r, sum_r))
        slant = self._op("Div", mixed, self._op("Max", spread, self._is(1)))
        below = self._op("Sub", self._op("Mul", r, total), sum_r)
        below = self._op("Div", below, self._op("Max", total, self._is(1)))
        moves = self._op("Mul", self._op("Mul", slant, below), self._op("Sign", mass))

        left, right = self._margins(p)
        free = self._op("Where", self._op("Greater", moves, self._is(0)), left, right)
        distance = self._op("Abs", moves)
        limited = self._op("Greater", distance, free)
        share = self._op("Where", limited, self._op("Div", free, distance), self._is(1))
        moves = self._op("Mul", moves, self._op("ReduceMin", share, axes=[ROWS]))
        return self._op("Floor", self._op("Add", self._scaled(moves), self._is(0.5)))

    def _stretched(self, p: str, width: int) -> str:
        """The box times one matrix that stretches it, and one that puts it into its place."""
        left, right = self._margins(self._op("ReduceMax", p, axes=[ROWS]))
        box = self._op("Sub", self._op("Sub", self._is(self._columns), left), right)
        box = self._op("Max", box, self._is(1))  # of a blank image
        reach = self._op("Max", self._op("Div", box, self._is(width)), self._is(1))
        at = self._op("Mul", self._counted(width, (1, 1, -1), 0.5), box)
        at = self._op("Sub", self._op("Div", at, self._is(width)), self._is(0.5))
        column = self._op("Sub", self._counted(self._columns, (1, -1, 1)), left)
        distance = self._op("Abs", self._op("Sub", at, column))
        near = self._op("Relu", self._op("Sub", self._is(1), self._op("Div", distance, reach)))
        weights = self._scaled(self._op("Div", near, reach))
        weights = self._op("Floor", self._op("Add", weights, self._is(0.5)))
        levels = self._rounded(self._op("MatMul", p, weights))
        levels = self._op("Min", levels, self._is(255))

        mass = self._sum(levels, ROWS)
        total = self._op("Max", self._sum(mass, COLUMNS), self._is(1))
        first = self._sum(self._op("Mul", mass, self._counted(width, (1, 1, -1))), COLUMNS)
        twice = self._op("Mul", total, self._is(self._columns + 1))
        twice = self._op("Sub", twice, self._op("Mul", first, self._is(2)))
        start = self._op("Floor", self._op("Div", twice, self._op("Mul", total, self._is(2))))
        start = self._between(start, 0, self._columns - width)
        to = self._op("Add", self._counted(width, (1, -1, 1)), start)
        away = self._op("Abs", self._op("Sub", to, self._counted(self._columns, (1, 1, -1))))
        return self._op("MatMul", levels, self._op("Relu", self._op("Sub", self._is(1), away)))

    def _margins(self, p: str) -> tuple[str, str]:
        """How many columns are free at the left and at the right; without ink, too many."""
        black = self._op("Sub", self._is(1), self._op("Sign", p))
        far = self._op("Mul", black, self._is(self._columns))
        counted = self._counted(self._columns, (1, 1, -1))
        from_right = self._op("Sub", self._is(self._columns - 1), counted)
        left, right = (
            self._op("ReduceMin", self._op("Add", far, each), axes=[COLUMNS])
            for each in (counted, from_right)
        )
        return left, right

    def _rounded(self, levels: str) -> str:
        """Levels times STEPS, as the nearest whole levels."""
        levels = self._op("Add", levels, self._is(STEPS // 2))
        return self._op("Floor", self._op("Div", levels, self._is(STEPS)))

    def _scaled(self, x: str) -> str:
        return self._op("Mul", x, self._is(STEPS))

    def _between(self, x: str, least: float, most: float) -> str:
        return self._op("Min", self._op("Max", x, self._is(least)), self._is(most))

    def _sum(self, x: str, axis: int) -> str:
        return self._op("ReduceSum", x, self._constant([axis], np.int64))

    def _integers(self, x: str) -> str:
        from onnx import TensorProto

        return self._op("Cast", x, to=TensorProto.INT64)

    def _op(self, kind: str, *inputs: str, **attributes: Any) -> str:  # noqa: ANN401
        """Add an operator; return the name of its result."""
        from onnx import helper

        name = f"view{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def _is(self, value: float) -> str:
        return self._constant(value, np.float64)

    def _counted(self, count: int, shape: tuple[int, ...], start: float = 0) -> str:
        """The numbers start, start + 1, ..., so many of them, along one axis of this shape."""
        return self._constant((np.arange(count) + start).reshape(shape), np.float64)

    def _constant(self, value: npt.ArrayLike, kind: npt.DTypeLike) -> str:
        """Add a constant; return its name."""
        from onnx import numpy_helper

        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, kind), name))
        return name
