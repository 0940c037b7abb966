"""How a chart looks, and where it goes: to a file of its own, or into a page."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlp_cli.errors import MissingPackageError, OptionError
from mlp_cli.system.outputs import check_output, writing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1b1f24"
"""of text and lines; in a page it becomes the page's own"""
# No date and no version: the same run gives the same file.
NO_METADATA: dict[str, dict[str, str | None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""the formats that a chart can be written in, by the ending of its name"""

STYLE: dict[Any, Any] = {  # matplotlib's own type names every key there is
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9.0,
    "grid.alpha": 0.15,
    "grid.color": INK,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "svg.fonttype": "none",  # text stays text: small, sharp, and found by a search
    "svg.hashsalt": "mlp",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def require_matplotlib() -> None:
    """Raise MissingPackageError, saying how to install it, where matplotlib is not there."""
    if find_spec("matplotlib") is None:
        raise MissingPackageError(
            "matplotlib is not installed, and charts are drawn by it. "
            'Install it with: pip install "mlp-cli[plot]"'
        )


def check_destination(path: Path) -> None:
    """See that a chart can be drawn and written here, before the work for it is done.

    Raises OptionError for an ending that names no format, MissingPackageError without
    matplotlib, OutputError where the file cannot be written.
    """
    _format(path)
    require_matplotlib()
    check_output(path)


@contextmanager
def styled() -> Iterator[None]:
    """Give what is drawn and written in the block our style, whatever the user's own is."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def panels(width: float, height: float, rows: int = 1) -> "tuple[Figure, list[Axes]]":
    """Return a new figure, in inches, with this many charts one above the other."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, sharex=True, squeeze=False)
    return figure, list(axes[:, 0])


def save_figure(figure: "Figure", path: Path) -> None:
    """Write a chart on white, in the format that the ending of its name tells.

    Raises OptionError for another ending, OutputError where the file cannot be written.
    """
    kind = _format(path)
    with styled(), writing(path) as file:
        figure.savefig(file, format=kind, dpi=150, metadata=NO_METADATA[kind])


def to_inline_svg(figure: "Figure") -> str:
    """Return a chart as an SVG element for a page: transparent, its ink the page's text colour."""
    text = StringIO()
    with styled():
        figure.savefig(text, format="svg", transparent=True, metadata=NO_METADATA["svg"])
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # Groups are numbered anew in every chart, and a page must not hold an id twice.
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    return re.sub(r"\s*\n\s*", " ", svg.replace(INK, "currentColor")).strip()


def _format(path: Path) -> str:
    kind = path.suffix.lower().removeprefix(".")
    if kind not in NO_METADATA:
        raise OptionError(
            f"{path}: a chart's name ends in .png, .svg or .pdf, which tells its format."
        )
    return kind
